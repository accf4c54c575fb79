import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { ObjectName } from '../cluster/names.ts';
import type { Metadata } from '../metadata/open.ts';
import { isFinal } from './job.ts';
import type { JobId } from './job.ts';
import { enginesSeen } from './engines-seen.ts';
import type { EngineProgress, NodeProgress, TableProgress, WorkProgress } from './progress.ts';
import { noSuchJob } from './store.ts';

/** The tasks `t` of a job's latest attempt. */
export function tasksOf(job: JobId): RawBuilder<unknown> {
  return sql`tasks AS t WHERE t.job_id = ${job} AND t.attempt = (SELECT attempt FROM jobs WHERE id = ${job})`;
}

/** What WorkProgress is made of. */
const WORK = sql`
  count(*) AS tasks,
  count(*) FILTER (WHERE t.state = 'done') AS done,
  count(*) FILTER (WHERE t.state = 'running') AS running,
  sum(t.rows) AS rows,
  sum(t.bytes) AS bytes,
  sum(t.estimated_bytes) AS estimated,
  sum(CASE WHEN t.state = 'done' THEN t.estimated_bytes ELSE least(t.bytes, t.estimated_bytes) END) AS done_bytes`;

/** Counts and sums are bigint and numeric: they are read back as text. */
type WorkRow = Record<'tasks' | 'done' | 'running' | 'rows' | 'bytes' | 'estimated' | 'done_bytes', string>;

function workOf(row: WorkRow): WorkProgress {
  return {
    tasks: Number(row.tasks),
    tasksDone: Number(row.done),
    tasksRunning: Number(row.running),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    estimatedBytes: Number(row.estimated),
    doneBytes: Number(row.done_bytes),
  };
}

/** How far the latest attempt of a job is, by table, by node and by engine: read from its tasks. */
export class JobWork {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** Each table, in the order in which they were planned. */
  async tables(job: JobId): Promise<TableProgress[]> {
    const { rows } = await sql<WorkRow & { table_name: ObjectName }>`
      SELECT t.table_name, ${WORK} FROM ${tasksOf(job)}
       GROUP BY t.table_name ORDER BY min(t.id)`.execute(this.#metadata.db);
    return rows.map((row) => ({ name: row.table_name, ...workOf(row) }));
  }

  /** Each node that is read from; one without a name where rows are loaded. */
  async nodes(job: JobId): Promise<NodeProgress[]> {
    const { rows } = await sql<WorkRow & { node: string | null; locality: string }>`
      SELECT t.node, max(t.locality) AS locality, ${WORK} FROM ${tasksOf(job)}
       GROUP BY t.node`.execute(this.#metadata.db);
    return rows
      .map((row) => ({ node: row.node, locality: row.locality, ...workOf(row) }))
      .toSorted((one, other) => byName(one.node ?? '', other.node ?? ''));
  }

  /** The engines that have worked on the job; while it goes on, also those that could. */
  async engines(job: JobId): Promise<EngineProgress[]> {
    const { db } = this.#metadata;
    const [row, did, seen] = await Promise.all([
      db.selectFrom('jobs').select(['coordinator', 'state']).where('id', '=', job).executeTakeFirst(),
      this.#doneByEngine(job),
      enginesSeen(db),
    ]);
    if (row === undefined) throw noSuchJob(job);
    const names = new Set(did.keys());
    if (row.coordinator !== null) names.add(row.coordinator);
    if (!isFinal(row.state)) for (const [name, { alive }] of seen) if (alive) names.add(name);
    return [...names].toSorted(byName).map((name) => {
      const engine = seen.get(name);
      return {
        name,
        locality: engine?.locality ?? '',
        alive: engine?.alive ?? false,
        seenAt: engine?.seenAt ?? null,
        capacity: engine?.capacity ?? null,
        coordinates: name === row.coordinator,
        ...(did.get(name) ?? { tasksRunning: 0, tasksDone: 0, rows: 0, bytes: 0, storedBytes: 0 }),
      };
    });
  }

  async #doneByEngine(job: JobId): Promise<Map<string, DoneByEngine>> {
    const { rows } = await sql<
      Record<'engine' | 'running' | 'done' | 'rows' | 'bytes' | 'stored_bytes', string>
    >`
      SELECT t.engine,
             count(*) FILTER (WHERE t.state = 'running') AS running,
             count(*) FILTER (WHERE t.state = 'done') AS done,
             sum(t.rows) AS rows, sum(t.bytes) AS bytes, sum(t.stored_bytes) AS stored_bytes
        FROM ${tasksOf(job)} AND t.engine IS NOT NULL
       GROUP BY t.engine`.execute(this.#metadata.db);
    return new Map(
      rows.map((row) => [
        row.engine,
        {
          tasksRunning: Number(row.running),
          tasksDone: Number(row.done),
          rows: Number(row.rows),
          bytes: Number(row.bytes),
          storedBytes: Number(row.stored_bytes),
        },
      ]),
    );
  }
}

type DoneByEngine = Pick<EngineProgress, 'tasksRunning' | 'tasksDone' | 'rows' | 'bytes' | 'storedBytes'>;

/** Nodes and engines are numbered: 10 comes after 9. */
function byName(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
