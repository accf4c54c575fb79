import type { Selectable } from 'kysely';
import { ASSUMED_PACE, type Pace } from '../backup/window.ts';
import type { Metadata } from '../metadata/open.ts';
import type { MetadataTables } from '../metadata/schema.ts';
import { isFinal, parseJobId } from './job.ts';
import type { JobEvent, JobId, JobKind, JobView, TableProgress } from './job.ts';
import { noSuchJob } from './store.ts';

/** A smaller backup is mostly planning and waiting. */
const TELLING_BYTES = 64 * 1024 * 1024;
const EVENTS_AT_A_TIME = 500;

function viewOf(row: Selectable<MetadataTables['jobs']>): JobView {
  return {
    id: row.id as JobId,
    kind: row.kind,
    state: row.state,
    runningStatus: row.running_status,
    cluster: row.cluster,
    statement: row.statement,
    user: row.user_name,
    location: row.location,
    moment: row.moment?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    modifiedAt: row.modified_at.toISOString(),
    fraction: row.fraction,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    storedBytes: Number(row.stored_bytes),
    estimatedBytes: Number(row.estimated_bytes),
    progressedAt: row.progressed_at?.toISOString() ?? null,
    attempt: row.attempt,
    coordinator: row.coordinator,
    error: row.error,
  };
}

/** Reads jobs: lists, one job, its tables, its events as they happen. */
export class JobLog {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** A page of jobs, newest first; `next` is the cursor of the following page, null at the end. */
  async page(query: {
    cursor?: string | null | undefined;
    limit: number;
    kind?: JobKind | undefined;
    active?: boolean | undefined;
  }): Promise<{ jobs: JobView[]; next: string | null }> {
    let select = this.#metadata.db
      .selectFrom('jobs')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(query.limit + 1);
    const cursor = parseJobId(query.cursor ?? '');
    if (cursor !== null) select = select.where('id', '<', cursor);
    if (query.kind !== undefined) select = select.where('kind', '=', query.kind);
    if (query.active === true) select = select.where('state', 'not in', ['succeeded', 'failed', 'canceled']);
    const rows = await select.execute();
    const jobs = rows.slice(0, query.limit).map(viewOf);
    return { jobs, next: rows.length > query.limit ? (jobs.at(-1)?.id ?? null) : null };
  }

  /** What SHOW JOBS shows: jobs that have not ended, and those that ended since `since`; newest first. */
  async recent(since: Date): Promise<JobView[]> {
    const rows = await this.#metadata.db
      .selectFrom('jobs')
      .selectAll()
      .where((eb) => eb.or([eb('finished_at', 'is', null), eb('finished_at', '>', since)]))
      .orderBy('id', 'desc')
      .execute();
    return rows.map(viewOf);
  }

  /** Throws `undefined-job`. */
  async view(id: string): Promise<JobView> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .selectAll()
      .where('id', '=', known(id))
      .executeTakeFirst();
    if (row === undefined) throw noSuchJob(id);
    return viewOf(row);
  }

  /** Succeeded BACKUP jobs, newest first, with the URL to restore from. */
  async finishedBackups(): Promise<{ url: string; job: JobView }[]> {
    const rows = await this.#metadata.db
      .selectFrom('jobs')
      .selectAll()
      .where('kind', '=', 'BACKUP')
      .where('state', '=', 'succeeded')
      .orderBy('id', 'desc')
      .limit(500)
      .execute();
    return rows.map((row) => ({ url: row.location, job: viewOf(row) }));
  }

  /** How fast the last backup of the cluster was that was long enough to tell. */
  async pace(cluster: string): Promise<Pace> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(['bytes', 'started_at', 'finished_at'])
      .where('kind', '=', 'BACKUP')
      .where('state', '=', 'succeeded')
      .where('cluster', '=', cluster)
      .where('bytes', '>', String(TELLING_BYTES))
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (row?.started_at == null || row.finished_at === null) {
      return { bytesASecond: ASSUMED_PACE, measured: false };
    }
    const seconds = Math.max(1, (row.finished_at.getTime() - row.started_at.getTime()) / 1000);
    return { bytesASecond: Number(row.bytes) / seconds, measured: true };
  }

  /** How far each table of the latest attempt is, in the order in which they were planned. */
  async tables(id: string): Promise<TableProgress[]> {
    const job = known(id);
    const tasks = await this.#metadata.db
      .selectFrom('tasks')
      .innerJoin('jobs', (join) =>
        join.onRef('jobs.id', '=', 'tasks.job_id').onRef('jobs.attempt', '=', 'tasks.attempt'),
      )
      .select((eb) => [
        'tasks.table_name',
        eb.fn.countAll<string>().as('tasks'),
        eb.fn.countAll<string>().filterWhere('tasks.state', '=', 'done').as('done'),
        eb.fn.sum<string>('tasks.rows').as('rows'),
        eb.fn.sum<string>('tasks.bytes').as('bytes'),
        eb.fn.sum<string>('tasks.estimated_bytes').as('estimated'),
        eb.fn.min('tasks.id').as('first'),
      ])
      .where('tasks.job_id', '=', job)
      .groupBy('tasks.table_name')
      .orderBy('first')
      .execute();
    return tasks.map((row) => ({
      name: row.table_name,
      tasks: Number(row.tasks),
      tasksDone: Number(row.done),
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      estimatedBytes: Number(row.estimated),
    }));
  }

  /**
   * The job's events after number `after`, each once and in order, as they happen; ends after the event that
   * ends the job, or when the signal aborts.
   */
  async *watch(id: string, after: number, signal: AbortSignal | undefined): AsyncGenerator<JobEvent, void> {
    const job = known(id);
    let seen = after;
    const follower = this.#metadata.signals.follow(job, 'events');
    try {
      while (signal?.aborted !== true) {
        // The state is read before the events: an ended job has all of its events by then.
        const state = (await this.view(job)).state;
        const rows = await this.#eventsAfter(job, seen);
        for (const row of rows) {
          seen = Number(row.seq);
          yield { ...row.body, seq: seen, at: row.at.toISOString() };
        }
        if (rows.length === EVENTS_AT_A_TIME) continue;
        if (isFinal(state)) return;
        await follower.next(undefined, signal);
      }
    } finally {
      follower.close();
    }
  }

  #eventsAfter(job: JobId, seen: number): Promise<Selectable<MetadataTables['job_events']>[]> {
    return this.#metadata.db
      .selectFrom('job_events')
      .selectAll()
      .where('job_id', '=', job)
      .where('seq', '>', String(seen))
      .orderBy('seq')
      .limit(EVENTS_AT_A_TIME)
      .execute();
  }

  /** As `ended`, but resolves once the job is paused, too. */
  async endedOrPaused(
    id: string,
    signal: AbortSignal,
    onEvent?: (event: JobEvent) => void,
  ): Promise<JobView> {
    for await (const event of this.watch(id, 0, signal)) {
      onEvent?.(event);
      if (event.type !== 'state' || event.state !== 'paused') continue;
      const job = await this.view(id);
      if (job.state === 'paused') return job;
    }
    signal.throwIfAborted();
    return this.view(id);
  }

  /** Resolves with the job once it has ended, or rejects when the signal aborts. */
  async ended(id: string, signal: AbortSignal, onEvent?: (event: JobEvent) => void): Promise<JobView> {
    for await (const event of this.watch(id, 0, signal)) onEvent?.(event);
    signal.throwIfAborted();
    return this.view(id);
  }
}

function known(id: string): JobId {
  const parsed = parseJobId(id);
  if (parsed === null) throw noSuchJob(id);
  return parsed;
}
