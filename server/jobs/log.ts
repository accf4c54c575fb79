import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { ASSUMED_PACE, type Pace } from '../backup/window.ts';
import { hasText } from '../metadata/has-text.ts';
import type { Metadata } from '../metadata/open.ts';
import type { MetadataTables } from '../metadata/schema.ts';
import { isFinal, parseJobId, statesOf } from './job.ts';
import type { JobEvent, JobFilter, JobId, JobKind, JobState, JobView } from './job.ts';
import { standstillOf } from './standstill.ts';
import type { EngineProgress, NodeProgress, Stuck, TableProgress } from './progress.ts';
import { noSuchJob } from './store.ts';
import { JobWork } from './work-progress.ts';
import { taskPage } from './work-tasks.ts';
import type { TaskPage, TaskQuery } from './work-tasks.ts';

/** A smaller backup is mostly planning and waiting. */
const TELLING_BYTES = 64 * 1024 * 1024;
/** So many of the newest backups are looked at for the pace of a cluster. */
const PACE_OF = 1000;
/** SHOW JOBS shows no more. */
const MOST_RECENT = 5000;
const EVENTS_AT_A_TIME = 500;
/** Who begins to watch gets as much of the latest progress as the current rate takes, and of older progress none. */
const PROGRESS_EVENTS_AT_FIRST = 60;
/** A list shows the beginning of a statement: it may name ten thousand tables. */
const LISTED_STATEMENT = 400;

/** All of a job but what only its engines read. */
const COLUMNS = [
  'id',
  'kind',
  'state',
  'running_status',
  'cluster',
  'statement',
  'user_name',
  'location',
  'moment',
  'created_at',
  'started_at',
  'finished_at',
  'modified_at',
  'fraction',
  'rows',
  'bytes',
  'stored_bytes',
  'estimated_bytes',
  'progressed_at',
  'attempt',
  'coordinator',
  'error',
] as const;
const LISTED_COLUMNS = COLUMNS.filter((column) => column !== 'statement');

/** As the index `jobs_open` has it. */
const OPEN = sql<boolean>`state NOT IN ('succeeded', 'failed', 'canceled')`;

function viewOf(row: Pick<Selectable<MetadataTables['jobs']>, (typeof COLUMNS)[number]>): JobView {
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

/** Reads jobs: lists, one job, how far it is and on what, its events as they happen. */
export class JobLog {
  readonly #metadata: Metadata;
  readonly #work: JobWork;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
    this.#work = new JobWork(metadata);
  }

  /**
   * A page of jobs, newest first, with the beginning of their statements; `next` is the cursor of the following page, null at
   * the end.
   */
  async page(query: {
    cursor?: string | null | undefined;
    limit: number;
    kind?: JobKind | undefined;
    state?: JobFilter | undefined;
  }): Promise<{ jobs: JobView[]; next: string | null }> {
    let select = this.#metadata.db
      .selectFrom('jobs')
      .select(LISTED_COLUMNS)
      .select(sql<string>`left(statement, ${LISTED_STATEMENT + 1}::int)`.as('statement'))
      .orderBy('id', 'desc')
      .limit(query.limit + 1);
    const cursor = parseJobId(query.cursor ?? '');
    if (cursor !== null) select = select.where('id', '<', cursor);
    if (query.kind !== undefined) select = select.where('kind', '=', query.kind);
    if (query.state === 'active') select = select.where(OPEN);
    else if (query.state !== undefined) select = select.where('state', 'in', statesOf(query.state));
    const rows = await select.execute();
    const jobs = rows.slice(0, query.limit).map((row) => {
      const whole = row.statement.length <= LISTED_STATEMENT;
      return viewOf(whole ? row : { ...row, statement: `${row.statement.slice(0, LISTED_STATEMENT)}…` });
    });
    return { jobs, next: rows.length > query.limit ? (jobs.at(-1)?.id ?? null) : null };
  }

  /** What SHOW JOBS shows: jobs that have not ended, and those that ended since `since`; newest first, the newest 5000. */
  async recent(since: Date): Promise<JobView[]> {
    const open = this.#metadata.db.selectFrom('jobs').select(COLUMNS).where(OPEN);
    const ended = this.#metadata.db.selectFrom('jobs').select(COLUMNS).where('finished_at', '>', since);
    const rows = await open.unionAll(ended).orderBy('id', 'desc').limit(MOST_RECENT).execute();
    return rows.map(viewOf);
  }

  /** Throws `undefined-job`. */
  async view(id: string): Promise<JobView> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(COLUMNS)
      .where('id', '=', known(id))
      .executeTakeFirst();
    if (row === undefined) throw noSuchJob(id);
    return viewOf(row);
  }

  /**
   * The newest 500 succeeded BACKUP jobs, newest first, with the URL to restore from; with `text`, those whose URL or cluster
   * has it.
   */
  async finishedBackups(text = ''): Promise<{ url: string; job: JobView }[]> {
    let select = this.#metadata.db
      .selectFrom('jobs')
      .select(COLUMNS)
      .where('kind', '=', 'BACKUP')
      .where('state', '=', 'succeeded')
      .orderBy('id', 'desc')
      .limit(500);
    if (text !== '') select = select.where(hasText(['location', 'cluster'], text));
    const rows = await select.execute();
    return rows.map((row) => ({ url: row.location, job: viewOf(row) }));
  }

  /** Of these job numbers, those of BACKUPs that succeeded here, each with the URL that it wrote to. */
  async madeHere(ids: readonly string[]): Promise<Map<string, string>> {
    const jobs = ids.flatMap((id) => parseJobId(id) ?? []);
    if (jobs.length === 0) return new Map();
    const rows = await this.#metadata.db
      .selectFrom('jobs')
      .select(['id', 'location'])
      .where('kind', '=', 'BACKUP')
      .where('state', '=', 'succeeded')
      .where('id', 'in', jobs)
      .execute();
    return new Map(rows.map(({ id, location }) => [id, location]));
  }

  /** How fast the last backup of the cluster was that was long enough to tell. */
  async pace(cluster: string): Promise<Pace> {
    const newest = this.#metadata.db
      .selectFrom('jobs')
      .select(['id', 'cluster', 'bytes', 'started_at', 'finished_at'])
      .where('kind', '=', 'BACKUP')
      .where('state', '=', 'succeeded')
      .orderBy('id', 'desc')
      .limit(PACE_OF);
    const row = await this.#metadata.db
      .selectFrom(newest.as('newest'))
      .select(['bytes', 'started_at', 'finished_at'])
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
    return this.#work.tables(known(id));
  }

  /** How far the tasks of each node are, in the latest attempt. */
  async nodes(id: string): Promise<NodeProgress[]> {
    return this.#work.nodes(known(id));
  }

  /** What each engine does and has done for the latest attempt. */
  async engines(id: string): Promise<EngineProgress[]> {
    return this.#work.engines(known(id));
  }

  /** A page of the latest attempt's tasks. */
  async tasks(id: string, query: TaskQuery): Promise<TaskPage> {
    return taskPage(this.#metadata, known(id), query);
  }

  /** What the job is stuck on; null while it isn't. */
  async stuck(id: string): Promise<Stuck | null> {
    return standstillOf(this.#metadata, known(id));
  }

  /**
   * The job's events after number `after`, all that are kept, each once and in order, as they happen. Ends after the event
   * that ends the job, or when the signal aborts.
   */
  async *watch(id: string, after: number, signal: AbortSignal | undefined): AsyncGenerator<JobEvent, void> {
    for await (const events of this.#follow(id, after, Infinity, signal)) yield* events;
  }

  /** As `watch`, for a page: as many at a time as there are, and of the progress only the latest and what comes. */
  batches(id: string, after: number, signal: AbortSignal | undefined): AsyncGenerator<JobEvent[], void> {
    return this.#follow(id, after, PROGRESS_EVENTS_AT_FIRST, signal);
  }

  /** `latest`: progress that lies further back than so many events is left out. */
  async *#follow(
    id: string,
    after: number,
    latest: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<JobEvent[], void> {
    const job = known(id);
    let seen = after;
    const follower = this.#metadata.signals.follow(job, 'events');
    try {
      while (signal?.aborted !== true) {
        // The state is read before the events: an ended job has all of its events by then.
        const { state, last } = await this.#standing(job);
        const events = await this.#eventsAfter(job, seen, Math.max(0, last - latest));
        if (events.length > 0) {
          seen = events.at(-1)?.seq ?? seen;
          yield events;
        }
        if (events.length === EVENTS_AT_A_TIME) continue;
        if (isFinal(state)) return;
        await follower.next(undefined, signal);
      }
    } finally {
      follower.close();
    }
  }

  async #standing(job: JobId): Promise<{ state: JobState; last: number }> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(['state', 'last_event'])
      .where('id', '=', job)
      .executeTakeFirst();
    if (row === undefined) throw noSuchJob(job);
    return { state: row.state, last: Number(row.last_event) };
  }

  /** The next events, without the progress before number `progressFrom`. */
  async #eventsAfter(job: JobId, seen: number, progressFrom: number): Promise<JobEvent[]> {
    const rows = await this.#metadata.db
      .selectFrom('job_events')
      .select(['seq', 'at', 'body'])
      .where('job_id', '=', job)
      .where('seq', '>', String(seen))
      .where((eb) => eb.or([eb('seq', '>', String(progressFrom)), eb(sql`body->>'type'`, '<>', 'progress')]))
      .orderBy('seq')
      .limit(EVENTS_AT_A_TIME)
      .execute();
    return rows.map(({ seq, at, body }) => ({ ...body, seq: Number(seq), at: at.toISOString() }));
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
