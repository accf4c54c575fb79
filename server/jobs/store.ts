import { randomInt } from 'node:crypto';
import { sql } from 'kysely';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Secrets } from '../accounts/secrets.ts';
import { HoldfastError, messageOf } from '../errors.ts';
import type { Metadata } from '../metadata/open.ts';
import type { DistributiveOmit, MetadataTables } from '../metadata/schema.ts';
import type { Follower } from '../metadata/signals.ts';
import { isFinal } from './job.ts';
import type { JobError, JobEvent, JobId, JobKind, JobProgress, JobState } from './job.ts';
import { jobSpecSchema } from './spec.ts';
import type { JobSpec } from './spec.ts';

export interface NewJob {
  kind: JobKind;
  cluster: string;
  /** Canonical and redacted. */
  statement: string;
  user: string;
  /** Redacted. */
  location: string;
  spec: JobSpec;
  estimatedBytes: number;
}

type EventBody = DistributiveOmit<JobEvent, 'seq' | 'at'>;

/** What a coordinator needs to know of its job. */
export interface ClaimedJob {
  id: JobId;
  attempt: number;
  kind: JobKind;
  cluster: string;
  user: string;
  statement: string;
  location: string;
  createdAt: Date;
  /** Of the rows, when the statement was checked. */
  estimatedBytes: number;
  spec: JobSpec;
}

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

/**
 * Writes a job's life: creation, states, progress, events. A change and its event are one transaction on the
 * job's row, so events are numbered in the order in which they can be seen.
 */
export class JobStore {
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

  /**
   * A coordinator takes the job: a new attempt. Null when the job has ended meanwhile. A job that was asked to
   * cancel while nobody had it is claimed too, for its revert.
   */
  async claim(id: JobId, coordinator: string): Promise<ClaimedJob | null> {
    return this.#metadata.db.transaction().execute(async (tx) => {
      const row = await lockedJob(tx, id);
      if (row === undefined || isFinal(row.state)) return null;
      const attempt = row.attempt + 1;
      const now = this.#now();
      await tx
        .updateTable('jobs')
        .set({ attempt, coordinator, started_at: row.started_at ?? now, modified_at: now })
        .where('id', '=', id)
        .execute();
      if (row.state === 'pending') await this.#setState(tx, id, 'running', null);
      return {
        id,
        attempt,
        kind: row.kind,
        cluster: row.cluster,
        user: row.user_name,
        statement: row.statement,
        location: row.location,
        createdAt: row.created_at,
        estimatedBytes: Number(row.estimated_bytes),
        spec: this.#unseal(id, row.spec_sealed),
      };
    });
  }

  /** Moves the job to a state if it is in one of `from`; answers whether it did. */
  async transition(
    id: JobId,
    from: readonly JobState[],
    to: JobState,
    error: JobError | null = null,
  ): Promise<boolean> {
    return this.#metadata.db.transaction().execute(async (tx) => {
      const row = await lockedJob(tx, id);
      if (row === undefined || !from.includes(row.state)) return false;
      await this.#setState(tx, id, to, error);
      return true;
    });
  }

  /** Asks the job to cancel. Idempotent; a job that has ended otherwise refuses in CockroachDB's words. */
  async requestCancel(id: JobId): Promise<void> {
    await this.#metadata.db.transaction().execute(async (tx) => {
      const row = await lockedJob(tx, id);
      if (row === undefined) throw noSuchJob(id);
      switch (row.state) {
        case 'canceled':
        case 'cancel-requested':
        case 'reverting':
          return;
        case 'succeeded':
        case 'failed':
          throw new HoldfastError(
            'job-state',
            `job with status ${row.state} cannot be requested to be canceled`,
            {
              hint: 'The job has ended; nothing is left to cancel.',
            },
          );
        case 'pending':
          // Nobody has begun it, so there is nothing to remove.
          await this.#setState(tx, id, 'canceled', null);
          return;
        default:
          await this.#setState(tx, id, 'cancel-requested', null);
      }
    });
  }

  /** Tells when a task of the job ends, or the job comes to another state. */
  follow(id: JobId): Follower {
    return this.#metadata.signals.follow(id, 'work');
  }

  /** What a task of the job needs to know of it. */
  async load(id: JobId): Promise<{ cluster: string; spec: JobSpec }> {
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

  /** The job's state and which attempt is the current one. */
  async standing(id: JobId): Promise<{ state: JobState; attempt: number }> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(['state', 'attempt'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw noSuchJob(id);
    return row;
  }

  /** Why the job failed, or null as long as it has not. */
  async failureOf(id: JobId): Promise<JobError | null> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select('error')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return row.error;
  }

  async setMoment(id: JobId, moment: string): Promise<void> {
    await this.#metadata.db.updateTable('jobs').set({ moment }).where('id', '=', id).execute();
  }

  /** Records how far the job is. The fraction never goes back, and only what has changed makes an event. */
  async progress(id: JobId, progress: JobProgress): Promise<void> {
    await this.#metadata.db.transaction().execute(async (tx) => {
      const row = await lockedJob(tx, id);
      if (row === undefined || isFinal(row.state)) return;
      const next = { ...progress, fraction: Math.max(row.fraction, Math.min(1, progress.fraction)) };
      const same =
        next.fraction === row.fraction &&
        next.rows === Number(row.rows) &&
        next.storedBytes === Number(row.stored_bytes) &&
        next.runningStatus === row.running_status;
      if (same) return;
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
        })
        .where('id', '=', id)
        .execute();
      await this.#append(tx, id, { type: 'progress', ...next });
    });
  }

  /** Moves the bar and says what is being done, where rows and bytes stay as they are. */
  async advance(id: JobId, fraction: number, runningStatus: string): Promise<void> {
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(['rows', 'bytes', 'stored_bytes', 'estimated_bytes'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    await this.progress(id, {
      fraction,
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      storedBytes: Number(row.stored_bytes),
      estimatedBytes: Number(row.estimated_bytes),
      runningStatus,
    });
  }

  /** Adds a line to the job's event log. */
  async log(id: JobId, message: string, level: 'info' | 'warning' = 'info'): Promise<void> {
    await this.#metadata.db
      .transaction()
      .execute((tx) => this.#append(tx, id, { type: 'log', level, message }));
  }

  async #setState(
    tx: Transaction<MetadataTables>,
    id: JobId,
    state: JobState,
    error: JobError | null,
  ): Promise<void> {
    const now = this.#now();
    await tx
      .updateTable('jobs')
      .set({
        state,
        modified_at: now,
        ...(error === null ? {} : { error: JSON.stringify(error) }),
        ...(isFinal(state) ? { finished_at: now, running_status: null } : {}),
      })
      .where('id', '=', id)
      .execute();
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
function lockedJob(
  tx: Transaction<MetadataTables>,
  id: JobId,
): Promise<Selectable<MetadataTables['jobs']> | undefined> {
  return tx.selectFrom('jobs').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** CockroachDB's words for it. */
export function noSuchJob(id: string): HoldfastError {
  return new HoldfastError('undefined-job', `job with ID ${id} does not exist`, {
    hint: 'SHOW JOBS lists the jobs.',
  });
}
