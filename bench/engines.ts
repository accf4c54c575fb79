import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { withoutHoldfast } from '../scripts/holdfast.ts';
import { startTestServer } from '../server/cluster/postgres/test-server.ts';
import { NODE_FLAGS } from '../server/supervisor/node-flags.ts';
import { type Rig, startRig } from '../server/testing/rig.ts';
import { median, round } from './measure.ts';
import type { Result } from './run.ts';

const ROWS = Number(process.env['HOLDFAST_BENCH_ROWS'] ?? 6_000_000);
const TABLES = 4;
const RUNS = 3;
/** Nine of ten nodes take a second for every 64 KiB, whoever asks: an engine waits nearly all of its time. */
const SLOW_ROWS = 80_000;
const SLOW = `simulated://4?rows=${SLOW_ROWS}&range=64KiB&slow=90`;
const SLOW_RUNS = 1;
const LOOK_MS = 50;

type Way = 'one' | 'two' | 'secondAtHalf';
const WAYS: readonly Way[] = ['one', 'two', 'secondAtHalf'];

/**
 * The same backup by one engine, by two, and by one that a second one joins when half of it is done: real processes, a task at a
 * time each, in turn. Of a PostgreSQL on the same machine, whose cores they share; and of a simulated cluster of slow nodes, where
 * cores don't matter.
 */
export async function engines(): Promise<Result[]> {
  const source = await startTestServer();
  try {
    await source.exec('postgres', 'CREATE DATABASE bench');
    for (let table = 0; table < TABLES; table++)
      await source.exec(
        'bench',
        `CREATE TABLE orders${table} (id bigint PRIMARY KEY, customer uuid NOT NULL, total numeric(12,2), note text);
         INSERT INTO orders${table} SELECT n, gen_random_uuid(), (n % 100000) / 100.0, 'order number ' || n
           FROM generate_series(1, ${Math.round(ROWS / TABLES)}) AS n;
         ANALYZE orders${table}`,
      );
    return [
      await compare('engines', ROWS, RUNS, 'BACKUP DATABASE bench', source.url),
      await compare(
        'engines: simulated nodes that are slow',
        SLOW_ROWS,
        SLOW_RUNS,
        'BACKUP DATABASE bank, shop',
        SLOW,
      ),
    ];
  } finally {
    await source.stop();
  }
}

interface Course {
  seconds: number;
  tasks: number;
  /** Of the tasks, what the second engine did. */
  secondsShare: number;
}

async function compare(
  benchmark: string,
  rows: number,
  runs: number,
  statement: string,
  clusterUrl: string,
): Promise<Result> {
  const rig = await startRig({ clusterUrl });
  const courses: Record<Way, Course[]> = { one: [], two: [], secondAtHalf: [] };
  try {
    // Once for nothing: what is read once is in memory from then on.
    if (runs > 1) await backUp(rig, statement, 'warm', 'one');
    for (let run = 0; run < runs; run++)
      for (const way of WAYS) courses[way].push(await backUp(rig, statement, `${way}-${run}`, way));
  } finally {
    await rig.stop();
  }
  const of = (way: Way, what: (course: Course) => number) => round(median(courses[way].map(what)));
  const seconds = {
    one: of('one', (course) => course.seconds),
    two: of('two', (course) => course.seconds),
    secondAtHalf: of('secondAtHalf', (course) => course.seconds),
  };
  return {
    benchmark,
    rows,
    seconds,
    ratio: {
      twoToOne: round(seconds.two / seconds.one),
      secondAtHalfToOne: round(seconds.secondAtHalf / seconds.one),
      secondsShareOfTwo: of('two', (course) => course.secondsShare),
      secondsShareAtHalf: of('secondAtHalf', (course) => course.secondsShare),
    },
    counts: { tasks: of('one', (course) => course.tasks) },
  };
}

/** A backup with engines of its own. */
async function backUp(rig: Rig, statement: string, name: string, way: Way): Promise<Course> {
  const engines = [await startEngine(rig)];
  try {
    if (way === 'two') engines.push(await startEngine(rig));
    const begun = await rig.run(`${statement} TO 'nodelocal://self/${name}' WITH detached`);
    const id = String(begun.rows[0]?.[0]);
    if (way === 'secondAtHalf') {
      await until(rig, id, ({ fraction }) => fraction >= 0.5);
      engines.push(await startEngine(rig));
    }
    const { seconds } = await until(rig, id, ({ state }) => state === 'succeeded');
    const tasks = await rig.metadata.db
      .selectFrom('tasks')
      .select('engine')
      .where('job_id', '=', id)
      .execute();
    const second = engines[1];
    const ofSecond = tasks.filter(({ engine }) => second !== undefined && engine?.endsWith(`/${second.pid}`));
    return { seconds, tasks: tasks.length, secondsShare: ofSecond.length / tasks.length };
  } finally {
    for (const engine of engines) {
      engine.kill('SIGKILL');
      if (engine.exitCode === null && engine.signalCode === null) await once(engine, 'exit');
    }
  }
}

/** Starts an engine as `npm run engine` does, and waits until it works. */
async function startEngine(rig: Rig): Promise<ChildProcess> {
  const server = path.resolve(import.meta.dirname, '../server');
  const engine = spawn(process.execPath, [...NODE_FLAGS.engine, path.join(server, 'engine.ts')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...withoutHoldfast(process.env),
      HOLDFAST_DATA_DIR: path.dirname(rig.externDir),
      HOLDFAST_METADATA_URL: rig.server.url.replace(/\/postgres$/, '/holdfast'),
      HOLDFAST_EXTERN_DIR: rig.externDir,
      HOLDFAST_ENGINE_TASKS: '1',
      NODE_ENV: 'production',
    },
  });
  const [first] = (await once(engine, 'message')) as [{ type?: unknown }];
  if (first.type !== 'ready') throw new Error(`an engine did not start: ${JSON.stringify(first)}`);
  return engine;
}

/** Waits until this holds of the job, which has taken so long by then. */
async function until(rig: Rig, id: string, holds: (job: JobRow) => boolean): Promise<JobRow> {
  for (;;) {
    const { rows } = await sql<JobRow>`
      SELECT state, fraction, extract(epoch FROM coalesce(finished_at, now()) - started_at)::float8 AS seconds
        FROM jobs WHERE id = ${id}`.execute(rig.metadata.db);
    const [job] = rows;
    if (job !== undefined && holds(job)) return job;
    if (job === undefined || !['pending', 'running'].includes(job.state))
      throw new Error(`job ${id} doesn't get there: ${JSON.stringify(job)}`);
    await sleep(LOOK_MS);
  }
}

interface JobRow {
  state: string;
  fraction: number;
  seconds: number;
}
