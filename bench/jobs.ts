import { startTestServer } from '../server/cluster/postgres/test-server.ts';
import { JobLog } from '../server/jobs/log.ts';
import { migrate, openMetadata } from '../server/metadata/open.ts';
import { FIRST_OF_MANY, manyJobs, manyTasks } from '../server/testing/many-jobs.ts';
import { median, round } from './measure.ts';
import type { Result } from './run.ts';

const JOBS = [1_000, 100_000] as const;
const TASKS = 20_000;
const RUNS = 9;
/** A job number that none of `manyJobs` has. */
const BUSY = '77';

/**
 * What the list of jobs takes at a thousand and at a hundred thousand jobs, and what the page of a job with 20,000 tasks
 * takes, query by query; the median counts. The ratios say how much more the longer list takes.
 */
export async function jobs(): Promise<Result[]> {
  const server = await startTestServer();
  await server.exec('postgres', 'CREATE DATABASE holdfast');
  const metadata = openMetadata(server.url.replace(/\/postgres$/, '/holdfast'));
  try {
    await migrate(metadata);
    const log = new JobLog(metadata);
    const results: Result[] = [];
    const times: Record<string, number>[] = [];
    for (const count of JOBS) {
      await server.exec('holdfast', 'TRUNCATE jobs CASCADE');
      await server.exec('holdfast', manyJobs(count));
      await server.exec('holdfast', 'VACUUM ANALYZE jobs');
      const middle = String(FIRST_OF_MANY + Math.floor(count / 2));
      const lists = await measured({
        newest: () => log.page({ limit: 50 }),
        middle: () => log.page({ limit: 50, cursor: middle }),
        active: () => log.page({ limit: 200, state: 'active' }),
        paused: () => log.page({ limit: 50, state: 'paused' }),
        running: () => log.page({ limit: 50, state: 'running' }),
        failed: () => log.page({ limit: 50, state: 'failed' }),
        restores: () => log.page({ limit: 50, kind: 'RESTORE' }),
        failedRestores: () => log.page({ limit: 50, kind: 'RESTORE', state: 'failed' }),
        pausedRestores: () => log.page({ limit: 50, kind: 'RESTORE', state: 'paused' }),
        showJobs: () => log.recent(new Date(Date.now() - 12 * 3600 * 1000)),
        finishedBackups: () => log.finishedBackups(),
        pace: () => log.pace('cluster-3'),
        paceOfNone: () => log.pace('never backed up'),
      });
      times.push(lists);
      results.push({
        benchmark: `jobs: lists of ${count} jobs`,
        rows: count,
        milliseconds: lists,
        ratio: {},
      });
    }
    const [few, many] = times;
    if (few !== undefined && many !== undefined) {
      const last = results.at(-1);
      if (last !== undefined) {
        last.ratio = Object.fromEntries(
          Object.entries(many).map(([name, took]) => [name, round(took / (few[name] ?? Number.NaN))]),
        );
      }
    }
    await server.exec('holdfast', manyTasks(BUSY, TASKS));
    await server.exec('holdfast', 'VACUUM ANALYZE tasks');
    const page = await measured({
      job: () => log.view(BUSY),
      tables: () => log.tables(BUSY),
      nodes: () => log.nodes(BUSY),
      engines: () => log.engines(BUSY),
      tasks: () => log.tasks(BUSY, { limit: 100 }),
      laterTasks: () => log.tasks(BUSY, { limit: 100, cursor: `4.${TASKS / 4}` }),
      doneTasks: () => log.tasks(BUSY, { limit: 100, state: 'done' }),
      moving: () => log.stuck(BUSY),
    });
    await server.exec(
      'holdfast',
      `UPDATE jobs SET progressed_at = now() - interval '4 minutes' WHERE id = ${BUSY}`,
    );
    const stuck = await measured({ stuck: () => log.stuck(BUSY) });
    results.push({
      benchmark: `jobs: page of a job with ${TASKS} tasks`,
      rows: TASKS,
      milliseconds: { ...page, ...stuck },
      ratio: {},
    });
    return results;
  } finally {
    await metadata.close();
    await server.stop();
  }
}

/** The median milliseconds of each query, asked in turn. */
async function measured(queries: Record<string, () => Promise<unknown>>): Promise<Record<string, number>> {
  const took = new Map<string, number[]>();
  for (let run = 0; run < RUNS; run++) {
    for (const [name, query] of Object.entries(queries)) {
      const started = performance.now();
      await query();
      took.set(name, [...(took.get(name) ?? []), performance.now() - started]);
    }
  }
  return Object.fromEntries([...took].map(([name, runs]) => [name, round(median(runs))]));
}
