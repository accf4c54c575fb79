import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { processesOf, withoutHoldfast } from '../../scripts/holdfast.ts';
import { COMPILE_CACHE } from '../../scripts/setup.mjs';
import { freePort } from '../cluster/embedded/free-port.ts';
import { type Config, readConfig } from '../config.ts';
import type { JobError, JobState, TaskState } from '../jobs/job.ts';
import { isOutage } from '../metadata/outage.ts';
import { prepareMetadata } from '../supervisor/metadata.ts';
import { NODE_FLAGS } from '../supervisor/node-flags.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { viaPsql } from './psql.ts';
import { type SlowLink, startSlowLink } from './slow-link.ts';

const SERVER = path.resolve(import.meta.dirname, '..');
const READY_MS = 90_000;
const SAID_MS = 500;
const LOOK_MS = 100;
const PASSWORD = 'correct horse battery staple';

/** One process of a Holdfast. */
export interface Part {
  pid: number;
  /** Ends it as `kill -9` does, and waits until it is gone. */
  kill(): Promise<void>;
  alive(): boolean;
}

/** A job as the metadata store has it. */
export interface StoredJob {
  state: JobState;
  attempt: number;
  epoch: number;
  coordinator: string | null;
  error: JobError | null;
  rows: number;
  fraction: number;
}

/** A task of the job's latest attempt. */
export interface StoredTask {
  id: number;
  state: TaskState;
  tries: number;
  engine: string | null;
  files: string[];
  result: string | null;
}

export interface ProcessesOptions {
  /** Has the metadata store, in a database of its own. */
  store: TestServer;
  /** Of the cluster `default`. */
  clusterUrl: string;
  /** Of every process. */
  env?: Record<string, string>;
}

/**
 * A Holdfast of real processes for tests that kill them: consoles and engines as `npm start` and `npm run engine` run them, with
 * ports and a data directory of their own. `close` ends whatever is left.
 */
export class Processes {
  readonly dataDir: string;
  readonly externDir: string;
  readonly #config: Config;
  readonly #env: Record<string, string>;
  readonly #pool: pg.Pool;
  /** All that were started here. */
  readonly #parts = new Set<Part>();
  readonly #engines = new Set<Part>();

  private constructor(config: Config, env: Record<string, string>, storeUrl: string) {
    this.dataDir = config.dataDir;
    this.externDir = config.externDir;
    this.#config = config;
    this.#env = env;
    this.#pool = new pg.Pool({ connectionString: storeUrl, max: 4 });
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Prepares the metadata store as `npm start` does; starts nothing. */
  static async prepare({ store, clusterUrl, env = {} }: ProcessesOptions): Promise<Processes> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-processes-'));
    await chmod(dataDir, 0o711);
    const database = `holdfast_${path.basename(dataDir).slice(-6)}`;
    await store.exec('postgres', `CREATE DATABASE "${database}"`);
    const storeUrl = store.url.replace(/\/postgres$/, `/${database}`);
    const all = {
      HOLDFAST_DATA_DIR: dataDir,
      HOLDFAST_METADATA_URL: storeUrl,
      HOLDFAST_CLUSTER_URL: clusterUrl,
      HOLDFAST_PORT: String(await freePort()),
      HOLDFAST_SQL_PORT: String(await freePort()),
      HOLDFAST_EMBEDDED_PORT: String(await freePort()),
      HOLDFAST_ROOT_PASSWORD: PASSWORD,
      ...env,
    };
    const config = readConfig(all);
    await prepareMetadata(storeUrl, config, null);
    return new Processes(config, all, storeUrl);
  }

  /** Starts a console and waits until it serves. */
  startConsole(): Promise<Part> {
    return this.#start('console.ts', NODE_FLAGS.console);
  }

  /** Starts an engine and waits until it works. */
  async startEngine(env: Record<string, string> = {}): Promise<Part> {
    const engine = await this.#start('engine.ts', NODE_FLAGS.engine, env);
    this.#engines.add(engine);
    return engine;
  }

  /** Starts all of Holdfast as `npm start` does, and waits until it is ready. */
  startAll(): Promise<Part> {
    return this.#start('supervisor.ts', []);
  }

  /** The engines that were started one by one and run. */
  engines(): Part[] {
    return [...this.#engines].filter((engine) => engine.alive());
  }

  async #start(entry: string, flags: readonly string[], env: Record<string, string> = {}): Promise<Part> {
    const shown = process.env['HOLDFAST_TEST_LOG'] === undefined ? 'ignore' : 'inherit';
    const child = spawn(process.execPath, [...flags, path.join(SERVER, entry)], {
      cwd: path.dirname(SERVER),
      // With a channel: should the test itself be killed, they notice.
      stdio: ['ignore', shown, shown, 'ipc'],
      env: {
        ...COMPILE_CACHE,
        ...withoutHoldfast(process.env),
        ...this.#env,
        ...env,
        NODE_ENV: 'production',
      },
    });
    const part = partOf(child);
    this.#parts.add(part);
    const [first] = (await Promise.race([
      once(child, 'message'),
      // What it said before may come a little later.
      once(child, 'exit').then(([code, signal]) =>
        sleep(SAID_MS, [`it ended with ${String(code ?? signal)}`]),
      ),
      sleep(READY_MS, ['it was not ready in time'], { ref: false }),
    ])) as [unknown];
    if (part.alive() && (first as { type?: unknown }).type === 'ready') return part;
    await part.kill();
    throw new Error(`${entry} did not start: ${typeof first === 'string' ? first : JSON.stringify(first)}`);
  }

  /** Kills every process at once. */
  async killAll(): Promise<void> {
    this.#engines.clear();
    for (;;) {
      const pids = await processesOf(this.dataDir);
      if (pids.length === 0) break;
      for (const pid of pids) killed(pid);
      await sleep(20);
    }
    // They are gone; that this process has heard of it, too, takes a moment more.
    await Promise.all([...this.#parts].map((part) => part.kill()));
    this.#parts.clear();
  }

  /** Runs one statement as root on the cluster `default`, over the console's SQL port. */
  sql(statement: string): Promise<string[][]> {
    return viaPsql({ port: this.#config.sqlPort, password: PASSWORD }, statement);
  }

  /** Runs a BACKUP or RESTORE that ends with its options, detached; answers the job's id. */
  async begin(statement: string): Promise<string> {
    const [row] = await this.sql(`${statement}${/ WITH /.test(statement) ? ',' : ' WITH'} detached`);
    if (row?.[0] === undefined) throw new Error(`no job: ${statement}`);
    return row[0];
  }

  /** Asks the metadata store; once it can be asked, where it is away. */
  async ask<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    for (const deadline = Date.now() + READY_MS; ; await sleep(LOOK_MS)) {
      try {
        return (await this.#pool.query<Row>(sql, values)).rows;
      } catch (error) {
        if (!isOutage(error) || Date.now() > deadline) throw error;
      }
    }
  }

  async job(id: string): Promise<StoredJob> {
    const [row] = await this.ask<StoredJob>(
      'SELECT state, attempt, epoch, coordinator, error, rows::float8 AS rows, fraction FROM jobs WHERE id = $1',
      [id],
    );
    if (row === undefined) throw new Error(`no job ${id}`);
    return row;
  }

  tasks(id: string): Promise<StoredTask[]> {
    return this.ask<StoredTask>(
      `SELECT t.id, t.state, tries, engine, files, result::text FROM tasks t
         JOIN jobs j ON j.id = t.job_id AND j.attempt = t.attempt WHERE j.id = $1 ORDER BY t.id`,
      [id],
    );
  }

  /** What the job's log says. */
  async log(id: string): Promise<string[]> {
    const rows = await this.ask<{ message: string }>(
      `SELECT body->>'message' AS message FROM job_events WHERE job_id = $1 AND body->>'type' = 'log' ORDER BY seq`,
      [id],
    );
    return rows.map(({ message }) => message);
  }

  /** Waits until this holds of the job; answers what it was then. */
  async until(id: string, holds: (job: StoredJob) => boolean, withinMs = 120_000): Promise<StoredJob> {
    for (const deadline = Date.now() + withinMs; ; await sleep(LOOK_MS)) {
      const job = await this.job(id);
      if (holds(job)) return job;
      if (!ENDED.has(job.state) && Date.now() < deadline) continue;
      throw new Error(
        `job ${id} doesn't get there: ${JSON.stringify(job)}\n${(await this.log(id)).join('\n')}`,
      );
    }
  }

  /** Waits until so many tasks of the job are done, and it isn't over. */
  async untilDone(id: string, tasks: number): Promise<void> {
    await this.until(id, ({ state }) => state === 'running');
    while ((await this.tasks(id)).filter(({ state }) => state === 'done').length < tasks) {
      await this.until(id, ({ state }) => state === 'running', 1);
      await sleep(LOOK_MS);
    }
  }

  /** Waits until it has succeeded. */
  succeeded(id: string, withinMs?: number): Promise<StoredJob> {
    return this.until(id, ({ state }) => state === 'succeeded', withinMs);
  }

  /** Which of the engines started one by one coordinates the job; undefined for none that runs. */
  async coordinator(id: string): Promise<Part | undefined> {
    const { coordinator } = await this.job(id);
    return this.engines().find(({ pid }) => coordinator?.endsWith(`/${pid}`));
  }

  async close(): Promise<void> {
    await this.killAll();
    await this.#pool.end();
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

const ENDED: ReadonlySet<JobState> = new Set<JobState>(['succeeded', 'failed', 'canceled']);

function partOf(child: ChildProcess): Part {
  const exited = once(child, 'exit');
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    alive,
    async kill() {
      child.kill('SIGKILL');
      if (alive()) await exited;
    },
  };
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** Ends a server, leaves it away for so long, and starts it again. */
export async function restart(server: TestServer, mode: 'fast' | 'immediate', awayMs: number): Promise<void> {
  await server.halt(mode);
  await sleep(awayMs);
  await server.start();
}

/** What a test of processes has at hand. */
export interface Stage {
  processes: Processes;
  /** Between the engines and the cluster. */
  link: SlowLink;
}

export interface StageOptions extends Omit<ProcessesOptions, 'clusterUrl'> {
  cluster: TestServer;
  bytesPerSecond: number;
}

/** Does it with processes whose cluster can be read and written only so fast, and leaves none of them. */
export async function onStage(
  { cluster, bytesPerSecond, ...options }: StageOptions,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const link = await startSlowLink({ host: '127.0.0.1', port: cluster.port }, bytesPerSecond);
  try {
    const clusterUrl = cluster.url.replace(`:${cluster.port}/`, `:${link.port}/`);
    const processes = await Processes.prepare({ ...options, clusterUrl });
    try {
      await play({ processes, link });
    } finally {
      await processes.close();
    }
  } finally {
    await link.close();
  }
}
