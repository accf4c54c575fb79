import { randomInt } from 'node:crypto';
import { sql } from 'kysely';
import type { Kysely, Selectable, Transaction, UpdateObject } from 'kysely';
import type { Secrets } from '../accounts/secrets.ts';
import { HoldfastError, messageOf } from '../errors.ts';
import type { Metadata } from '../metadata/open.ts';
import type { DistributiveOmit, MetadataTables } from '../metadata/schema.ts';
import type { Follower } from '../metadata/signals.ts';
import { further } from './further.ts';
import { isFinal } from './job.ts';
import type { JobError, JobEvent, JobId, JobKind, JobProgress, JobState } from './job.ts';
import type { ClaimedJob, JobLedger, Standing } from './ledger.ts';
import { Superseded } from './outcome.ts';
import { afterRequest, type JobRequest } from './requests.ts';
import { jobSpecSchema } from './spec.ts';
import type { JobSpec } from './spec.ts';

export interface NewJob {
  kind: JobKind;
  cluster: string | null;
  /** Canonical and redacted. */
  statement: string;
  user: string;
  /** Redacted. */
  location: string;
  spec: JobSpec;
  estimatedBytes: number;
}

type JobRow = Selectable<MetadataTables['jobs']>;
type JobUpdate = UpdateObject<MetadataTables, 'jobs'>;
type EventBody = DistributiveOmit<JobEvent, 'seq' | 'at'>;

/** How long all of the progress is kept that a job makes; of what is older, one event a minute. */
export const DENSE_MS = 10 * 60 * 1000;

/** Anything thrown, as a job keeps it. */
export function jobErrorOf(error: unknown): JobError {
  if (error instanceof HoldfastError)
    return { code: error.code, message: error.message, hint: error.hint ?? null };
  return {
    code: 'internal',
    message: `internal error: ${messageOf(error)}`,
    hint: 'The engine’s log has the details.',
  };
}

/** Milliseconds since 1970 in the upper bits, chance in the lower 20: grows with time, like CockroachDB's. */
function newJobId(now: Date): JobId {
  return String((BigInt(now.getTime()) << 20n) | BigInt(randomInt(2 ** 20))) as JobId;
}

/** So many milliseconds from now, by the metadata store's clock: the one that all engines share. */
function fromNow(ms: number) {
  return sql<Date>`now() + ${ms} * interval '1 millisecond'`;
}

/**
 * A job's life in the metadata store: creation, claims, states, progress, events. A change and its event are one transaction on
 * the job's row, so events are numbered in the order in which they can be seen.
 */
export class JobStore implements JobLedger {
  readonly #metadata: Metadata;
  readonly #secrets: Secrets;
  readonly #now: () => Date;

  constructor(metadata: Metadata, secrets: Secrets, now: () => Date) {
    this.#metadata = metadata;
    this.#secrets = secrets;
    this.#now = now;
  }

  async create(job: NewJob): Promise<JobId> {
    const now = this.#now();
    const id = newJobId(now);
    await this.#metadata.db.transaction().execute(async (tx) => {
      await tx
        .insertInto('jobs')
        .values({
          id,
          kind: job.kind,
          state: 'pending',
          running_status: null,
          cluster: job.cluster,
          statement: job.statement,
          user_name: job.user,
          location: job.location,
          moment: null,
          spec_sealed: this.#secrets.seal(JSON.stringify(job.spec), `job-spec:${id}`),
          coordinator: null,
          created_at: now,
          started_at: null,
          finished_at: null,
          modified_at: now,
          estimated_bytes: job.estimatedBytes,
          error: null,
        })
        .execute();
      await this.#append(tx, id, { type: 'state', state: 'pending', error: null });
    });
    return id;
  }

  async claim(id: JobId, coordinator: string, leaseMs: number): Promise<ClaimedJob | null> {
    return this.#metadata.db.transaction().execute(async (tx) => {
      const row = await tx
        .selectFrom('jobs')
        .selectAll()
        .select([
          sql<boolean>`coalesce(lease_until > now(), false)`.as('held'),
          sql<boolean>`coalesce(retry_at > now(), false)`.as('left_alone'),
        ])
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      if (row === undefined || isFinal(row.state) || row.state === 'paused') return null;
      if (row.held || row.left_alone) return null;
      const epoch = row.epoch + 1;
      const starts = row.state === 'pending' || row.state === 'resuming';
      await tx
        .updateTable('jobs')
        .set({
          epoch,
          coordinator,
          lease_until: fromNow(leaseMs),
          retry_at: null,
          started_at: row.started_at ?? this.#now(),
          modified_at: this.#now(),
        })
        .where('id', '=', id)
        .execute();
      if (starts) await this.#setState(tx, id, row.reverts_to === null ? 'running' : 'reverting', null);
      return {
        id,
        epoch,
        attempt: row.attempt,
        kind: row.kind,
        cluster: row.cluster,
        user: row.user_name,
        statement: row.statement,
        location: row.location,
        createdAt: row.created_at,
        estimatedBytes: Number(row.estimated_bytes),
        spec: this.#unseal(id, row.spec_sealed),
        revertsTo: row.reverts_to,
      };
    });
  }

  async renew(job: ClaimedJob, leaseMs: number): Promise<void> {
    await this.#set(job, { lease_until: fromNow(leaseMs) });
  }

  async release(job: ClaimedJob, retryAfterMs?: number): Promise<void> {
    const retryAt = retryAfterMs === undefined ? null : fromNow(retryAfterMs);
    await this.#metadata.db
      .updateTable('jobs')
      .set({ lease_until: null, retry_at: retryAt })
      .where('id', '=', job.id)
      .where('epoch', '=', job.epoch)
      .execute();
  }

  async orphans(): Promise<JobId[]> {
    const rows = await this.#metadata.db
      .selectFrom('jobs')
      .select('id')
      .where('state', 'not in', ['succeeded', 'failed', 'canceled'])
      .where('state', '!=', 'paused')
      .where(sql<boolean>`coalesce(lease_until < now(), true) AND coalesce(retry_at <= now(), true)`)
      .orderBy('id')
      .limit(100)
      .execute();
    return rows.map(({ id }) => id as JobId);
  }

  async beginAttempt(job: ClaimedJob): Promise<void> {
    const attempt = job.attempt + 1;
    await this.#set(job, { attempt, rows: 0, bytes: 0, stored_bytes: 0 });
    job.attempt = attempt;
  }

  transition(
    job: ClaimedJob,
    from: readonly JobState[],
    to: JobState,
    error: JobError | null = null,
  ): Promise<boolean> {
    return this.#change(job, from, to, error, {});
  }

  async startRevert(job: ClaimedJob, to: 'canceled' | 'failed', error: JobError | null): Promise<boolean> {
    const from: JobState[] = ['running', 'cancel-requested'];
    if (await this.#change(job, from, 'reverting', error, { reverts_to: to })) return true;
    const { state, reverts_to } = await this.#metadata.db
      .selectFrom('jobs')
      .select(['state', 'reverts_to'])
      .where('id', '=', job.id)
      .executeTakeFirstOrThrow();
    return state === 'reverting' && reverts_to === to;
  }

  async #change(
    job: ClaimedJob,
    from: readonly JobState[],
    to: JobState,
    error: JobError | null,
    also: JobUpdate,
  ): Promise<boolean> {
    return this.#metadata.db.transaction().execute(async (tx) => {
      const row = await lockedJob(tx, job.id);
      if (row === undefined || row.epoch !== job.epoch) throw new Superseded();
      if (!from.includes(row.state)) return false;
      await this.#setState(tx, job.id, to, error, also);
      return true;
    });
  }

  /** Asks the job to pause, to go on, or to cancel. Idempotent; throws `undefined-job`, and `job-state` as `afterRequest` does. */
  async request(id: JobId, request: JobRequest): Promise<void> {
    await this.#metadata.db.transaction().execute(async (tx) => {
      const row = await lockedJob(tx, id);
      if (row === undefined) throw noSuchJob(id);
      const state = afterRequest(request, { id, state: row.state, revertsTo: row.reverts_to });
      if (state === null) return;
      // Why it paused is over; why it reverts is not.
      const over = row.state === 'paused' && row.reverts_to === null ? { error: null } : {};
      await this.#setState(tx, id, state, null, { retry_at: null, ...over });
    });
  }

  follow(id: JobId): Follower {
    return this.#metadata.signals.follow(id, 'work');
  }

  async load(id: JobId): Promise<{ cluster: string | null; spec: JobSpec }> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(['cluster', 'spec_sealed'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw noSuchJob(id);
    return { cluster: row.cluster, spec: this.#unseal(id, row.spec_sealed) };
  }

  #unseal(id: JobId, sealed: string): JobSpec {
    return jobSpecSchema.parse(JSON.parse(this.#secrets.unseal(sealed, `job-spec:${id}`)));
  }

  async standing(id: JobId): Promise<Standing> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select([
        'state',
        'attempt',
        'epoch',
        sql<number>`coalesce(extract(epoch FROM now() - progressed_at), 0)::float8 * 1000`.as('stillMs'),
      ])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw noSuchJob(id);
    return row;
  }

  async setMoment(job: ClaimedJob, moment: string): Promise<void> {
    await this.#set(job, { moment });
  }

  async progress(job: ClaimedJob, progress: JobProgress): Promise<void> {
    await this.#metadata.db.transaction().execute(async (tx) => {
      const row = await lockedJob(tx, job.id);
      if (row === undefined || row.epoch !== job.epoch) throw new Superseded();
      if (isFinal(row.state)) return;
      const { next, moved } = further(
        {
          fraction: row.fraction,
          rows: Number(row.rows),
          bytes: Number(row.bytes),
          storedBytes: Number(row.stored_bytes),
        },
        progress,
      );
      if (!moved && next.runningStatus === row.running_status) return;
      await tx
        .updateTable('jobs')
        .set({
          fraction: next.fraction,
          rows: next.rows,
          bytes: next.bytes,
          stored_bytes: next.storedBytes,
          estimated_bytes: next.estimatedBytes,
          running_status: next.runningStatus,
          modified_at: this.#now(),
          ...(moved ? { progressed_at: sql`now()` } : {}),
        })
        .where('id', '=', job.id)
        .execute();
      await this.#append(tx, job.id, { type: 'progress', ...next });
    });
  }

  async advance(job: ClaimedJob, fraction: number, runningStatus: string): Promise<void> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(['rows', 'bytes', 'stored_bytes', 'estimated_bytes'])
      .where('id', '=', job.id)
      .executeTakeFirstOrThrow();
    await this.progress(job, {
      fraction,
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      storedBytes: Number(row.stored_bytes),
      estimatedBytes: Number(row.estimated_bytes),
      runningStatus,
    });
  }

  async thin({ id }: ClaimedJob): Promise<void> {
    const before = new Date(this.#now().getTime() - DENSE_MS);
    await sql`
      DELETE FROM job_events WHERE job_id = ${id} AND seq IN (
        SELECT seq FROM (
          SELECT seq, row_number() OVER (PARTITION BY date_trunc('minute', at) ORDER BY seq DESC) AS place
            FROM job_events
           WHERE job_id = ${id} AND at < ${before} AND body->>'type' = 'progress') AS old
         WHERE place > 1)`.execute(this.#metadata.db);
  }

  async log(id: JobId, message: string, level: 'info' | 'warning' = 'info'): Promise<void> {
    await this.#metadata.db
      .transaction()
      .execute((tx) => this.#append(tx, id, { type: 'log', level, message }));
  }

  /** Changes the job as long as this claim is the latest. */
  async #set(job: ClaimedJob, update: JobUpdate): Promise<void> {
    const { numUpdatedRows } = await this.#metadata.db
      .updateTable('jobs')
      .set(update)
      .where('id', '=', job.id)
      .where('epoch', '=', job.epoch)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new Superseded();
  }

  async #setState(
    tx: Transaction<MetadataTables>,
    id: JobId,
    state: JobState,
    error: JobError | null,
    also: JobUpdate = {},
  ): Promise<void> {
    const now = this.#now();
    await tx
      .updateTable('jobs')
      .set({
        state,
        modified_at: now,
        ...(error === null ? {} : { error: JSON.stringify(error) }),
        ...(isFinal(state) ? { finished_at: now, running_status: null } : {}),
        // How long nothing moves is counted from here: not while it waited, nor while it was paused.
        ...(state === 'running' || state === 'reverting' ? { progressed_at: sql`now()` } : {}),
        ...also,
      })
      .where('id', '=', id)
      .execute();
    if (isFinal(state)) await tx.deleteFrom('held_moments').where('job_id', '=', id).execute();
    await this.#append(tx, id, { type: 'state', state, error });
  }

  async #append(db: Kysely<MetadataTables>, id: JobId, body: EventBody): Promise<void> {
    const { last_event } = await db
      .updateTable('jobs')
      .set({ last_event: sql`last_event + 1` })
      .where('id', '=', id)
      .returning('last_event')
      .executeTakeFirstOrThrow();
    await db
      .insertInto('job_events')
      .values({ job_id: id, seq: last_event, at: this.#now(), body: JSON.stringify(body) })
      .execute();
  }
}

/** The job's row, locked until the transaction ends: whoever changes it next waits. */
function lockedJob(tx: Transaction<MetadataTables>, id: JobId): Promise<JobRow | undefined> {
  return tx.selectFrom('jobs').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** CockroachDB's words for it. */
export function noSuchJob(id: string): HoldfastError {
  return new HoldfastError('undefined-job', `job with ID ${id} does not exist`, {
    hint: 'SHOW JOBS lists the jobs.',
  });
}
