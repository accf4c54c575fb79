import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { ObjectName } from '../cluster/names.ts';
import type { Metadata } from '../metadata/open.ts';
import type { JobError, JobId, TaskState } from './job.ts';
import type { TaskCounts, TaskFilter, TaskView } from './progress.ts';
import { tasksOf } from './work-progress.ts';

export interface TaskQuery {
  /** `next` of the page before. */
  cursor?: string | null | undefined;
  limit: number;
  state?: TaskFilter | undefined;
  table?: ObjectName | undefined;
  node?: string | undefined;
}

export interface TaskPage {
  tasks: TaskView[];
  /** The cursor of the following page; null at the end. */
  next: string | null;
  /** Of the table and the node that were asked for, in every state. */
  counts: TaskCounts;
}

/** Given up, or to be tried again. */
const TROUBLED = sql`(t.state = 'failed' OR (t.trouble IS NOT NULL AND t.state <> 'done'))`;
/** What needs a look comes first: in trouble, on its way, to do, held back, done. */
const RANK = sql`CASE WHEN ${TROUBLED} THEN 0 WHEN t.state = 'running' THEN 1 WHEN t.state = 'waiting' THEN 2 WHEN t.state = 'held' THEN 3 ELSE 4 END`;

interface Row {
  id: number;
  rank: number;
  table_name: ObjectName;
  node: string | null;
  engine: string | null;
  state: TaskState;
  tries: number;
  rows: string;
  bytes: string;
  estimated_bytes: string;
  started_at: Date | null;
  progressed_at: Date | null;
  finished_at: Date | null;
  first: string | null;
  last: string | null;
  error: JobError | null;
  trouble: JobError | null;
}

/**
 * A page of the tasks of a job's latest attempt: those in trouble first, then the running ones, those to do and those
 * that are done. A task that changes its place between two pages may be on both, or on neither.
 */
export async function taskPage(metadata: Metadata, job: JobId, query: TaskQuery): Promise<TaskPage> {
  const among = tasksAmong(job, query);
  const [rows, counts] = await Promise.all([tasksAfter(metadata, among, query), countTasks(metadata, among)]);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    tasks: page.map(viewOf),
    next: rows.length > query.limit && last !== undefined ? `${last.rank}.${last.id}` : null,
    counts,
  };
}

/** One more than a page, after the cursor. */
async function tasksAfter(
  metadata: Metadata,
  among: RawBuilder<unknown>,
  { cursor, limit, state }: TaskQuery,
): Promise<Row[]> {
  const after = parseCursor(cursor);
  // Which tasks is found out first: their bodies, kept apart from their rows, are read of a page only.
  const { rows } = await sql<Row>`
    SELECT page.rank, t.id, t.table_name, t.node, t.engine, t.state, t.tries, t.rows, t.bytes, t.estimated_bytes,
           t.started_at, t.progressed_at, t.finished_at, t.error, t.trouble,
           t.body->'ranges'->0->>'index' AS first, t.body->'ranges'->-1->>'index' AS last
      FROM (SELECT t.job_id, t.attempt, t.id, ${RANK} AS rank FROM ${among} ${inState(state)}
                   ${after === null ? sql`` : sql`AND (${RANK}, t.id) > (${after.rank}::int, ${after.id}::int)`}
             ORDER BY ${RANK}, t.id LIMIT ${limit + 1}) AS page
      JOIN tasks AS t ON t.job_id = page.job_id AND t.attempt = page.attempt AND t.id = page.id
     ORDER BY page.rank, t.id`.execute(metadata.db);
  return rows;
}

async function countTasks(metadata: Metadata, among: RawBuilder<unknown>): Promise<TaskCounts> {
  const { rows } = await sql<{ state: TaskState; troubled: boolean; tasks: string }>`
    SELECT t.state, ${TROUBLED} AS troubled, count(*) AS tasks FROM ${among} GROUP BY 1, 2`.execute(
    metadata.db,
  );
  const counts: TaskCounts = { troubled: 0, running: 0, waiting: 0, held: 0, done: 0, failed: 0 };
  for (const { state, troubled, tasks } of rows) {
    counts[state] += Number(tasks);
    if (troubled) counts.troubled += Number(tasks);
  }
  return counts;
}

function tasksAmong(job: JobId, { table, node }: TaskQuery): RawBuilder<unknown> {
  const inTable = table === undefined ? sql`` : sql` AND t.table_name = ${JSON.stringify(table)}::jsonb`;
  const onNode = node === undefined ? sql`` : sql` AND t.node = ${node}`;
  return sql`${tasksOf(job)}${inTable}${onNode}`;
}

function inState(state: TaskFilter | undefined): RawBuilder<unknown> {
  if (state === undefined) return sql``;
  if (state === 'troubled') return sql`AND ${TROUBLED}`;
  return sql`AND t.state = ${state}`;
}

/** `<rank>.<id>` of the last task of a page; anything else is the beginning. */
function parseCursor(cursor: string | null | undefined): { rank: number; id: number } | null {
  const parts = /^([0-4])\.(\d{1,9})$/.exec(cursor ?? '');
  return parts === null ? null : { rank: Number(parts[1]), id: Number(parts[2]) };
}

function viewOf(row: Row): TaskView {
  return {
    id: row.id,
    table: row.table_name,
    node: row.node,
    engine: row.engine,
    state: row.state,
    tries: row.tries,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    estimatedBytes: Number(row.estimated_bytes),
    startedAt: row.started_at?.toISOString() ?? null,
    progressedAt: row.progressed_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    ranges: rangesOf(row),
    trouble: row.error ?? row.trouble,
  };
}

/** A task's first and last range; null where it has none. */
export function rangesOf({ first, last }: { first: string | null; last: string | null }): TaskView['ranges'] {
  return first === null || last === null ? null : { first: Number(first), last: Number(last) };
}
