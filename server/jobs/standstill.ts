import { sql } from 'kysely';
import type { ObjectName } from '../cluster/names.ts';
import type { Metadata } from '../metadata/open.ts';
import { enginesSeen } from './engines-seen.ts';
import type { EngineSeen } from './engines-seen.ts';
import type { JobError, JobId } from './job.ts';
import type { Stuck } from './progress.ts';
import { noSuchJob } from './store.ts';
import { STUCK_AFTER_MS, stuckWords } from './stuck.ts';
import type { StuckTask } from './stuck.ts';
import { tasksOf } from './work-progress.ts';
import { rangesOf } from './work-tasks.ts';

/** What a job is stuck on, by the metadata store's clock; null while something moves, or nothing has to. */
export async function standstillOf(metadata: Metadata, job: JobId): Promise<Stuck | null> {
  const row = await metadata.db
    .selectFrom('jobs')
    .select(['state', 'running_status', 'coordinator', 'lease_until', 'progressed_at', 'created_at'])
    .select(sql<Date>`now()`.as('now'))
    .where('id', '=', job)
    .executeTakeFirst();
  if (row === undefined) throw noSuchJob(job);
  const now = row.now.getTime();
  // Most are asked for while they move: those cost one row.
  const moved = (row.progressed_at ?? row.created_at).getTime();
  if (now - moved < STUCK_AFTER_MS) return null;
  // Being begun and being taken up again moves a job; before that, what counts is when it was asked for.
  const asked = row.state === 'running' ? null : await lastChangeOfState(metadata, job);
  const since = Math.max(moved, asked?.getTime() ?? 0);
  const idleMs = now - since;
  if (idleMs < STUCK_AFTER_MS) return null;
  const engines = await enginesSeen(metadata.db);
  const { waiting, task } = await whatWaits(metadata, job, engines);
  const words = stuckWords({
    state: row.state,
    runningStatus: row.running_status,
    idleMs,
    coordinator:
      row.coordinator === null
        ? null
        : { name: row.coordinator, gone: row.lease_until === null || row.lease_until.getTime() < now },
    engines: [...engines.values()].filter(({ alive }) => alive).length,
    waiting,
    task,
  });
  return words === null
    ? null
    : { ...words, since: new Date(since).toISOString(), task: task === null ? null : task.id };
}

/** When a job came to its state. Reads back over the progress since. */
async function lastChangeOfState({ db }: Metadata, job: JobId): Promise<Date | null> {
  const event = await db
    .selectFrom('job_events')
    .select('at')
    .where('job_id', '=', job)
    .where(sql`body->>'type'`, '=', 'state')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return event?.at ?? null;
}

/**
 * How many tasks wait for an engine; and of those that run or are to be tried again, the one that has not moved for the
 * longest.
 */
async function whatWaits(
  { db }: Metadata,
  job: JobId,
  engines: ReadonlyMap<string, EngineSeen>,
): Promise<{ waiting: number; task: StuckTask | null }> {
  const [counted, stuck] = await Promise.all([
    sql<{ waiting: string }>`
      SELECT count(*) AS waiting FROM ${tasksOf(job)} AND t.state = 'waiting'`.execute(db),
    sql<{
      id: number;
      table_name: ObjectName;
      node: string | null;
      state: string;
      tries: number;
      engine: string | null;
      trouble: JobError | null;
      first: string | null;
      last: string | null;
    }>`
      SELECT t.id, t.table_name, t.node, t.state, t.tries, t.engine, t.trouble,
             t.body->'ranges'->0->>'index' AS first, t.body->'ranges'->-1->>'index' AS last
        FROM ${tasksOf(job)} AND (t.state = 'running' OR (t.state = 'waiting' AND t.trouble IS NOT NULL))
       ORDER BY coalesce(t.progressed_at, t.started_at), CASE WHEN t.trouble IS NULL THEN 1 ELSE 0 END, t.id LIMIT 1`.execute(
      db,
    ),
  ]);
  const [row] = stuck.rows;
  return {
    waiting: Number(counted.rows[0]?.waiting ?? 0),
    task:
      row === undefined
        ? null
        : {
            id: row.id,
            table: row.table_name,
            node: row.node,
            ranges: rangesOf(row),
            running: row.state === 'running',
            tries: row.tries,
            engine: row.engine,
            engineGone: row.engine !== null && engines.get(row.engine)?.alive !== true,
            trouble: row.trouble,
          },
  };
}
