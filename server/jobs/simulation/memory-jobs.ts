import type { Clock } from '../../clock.ts';
import type { Follower } from '../../metadata/signals.ts';
import { further } from '../further.ts';
import { isFinal } from '../job.ts';
import type { JobError, JobEvent, JobId, JobProgress, JobState, JobView } from '../job.ts';
import type { ClaimedJob, JobLedger, Standing } from '../ledger.ts';
import { Superseded } from '../outcome.ts';
import { afterRequest, type JobRequest } from '../requests.ts';
import { type JobSpec, jobSpecSchema } from '../spec.ts';
import { DENSE_MS, type NewJob, noSuchJob } from '../store.ts';
import type { Installation, JobRecord, Link } from './installation.ts';

/** How long who follows a job waits at most. */
const LISTENING_MS = 2_000;
const MINUTE_MS = 60_000;

/** What JobStore is, over an installation in memory. */
export class MemoryJobs implements JobLedger {
  readonly #there: Installation;
  readonly #link: Link;
  readonly #clock: Clock;

  constructor(there: Installation, link: Link, clock: Clock) {
    this.#there = there;
    this.#link = link;
    this.#clock = clock;
  }

  create(job: NewJob): Promise<JobId> {
    return this.#link.transact('create', () => {
      const id = String(1_000_000 + this.#there.number()) as JobId;
      const now = this.#clock.now();
      const record: JobRecord = {
        id,
        kind: job.kind,
        state: 'pending',
        cluster: job.cluster,
        statement: job.statement,
        user: job.user,
        location: job.location,
        moment: null,
        spec: JSON.stringify(job.spec),
        attempt: 0,
        epoch: 0,
        coordinator: null,
        leaseUntil: null,
        retryAt: null,
        progressedAt: null,
        revertsTo: null,
        createdAt: now,
        startedAt: null,
        finishedAt: null,
        modifiedAt: now,
        progress: {
          fraction: 0,
          rows: 0,
          bytes: 0,
          storedBytes: 0,
          estimatedBytes: job.estimatedBytes,
          runningStatus: null,
        },
        error: null,
        events: [],
        lastEvent: 0,
      };
      this.#there.jobs.set(id, record);
      this.#there.append(record, { type: 'state', state: 'pending', error: null }, now);
      return id;
    });
  }

  request(id: JobId, request: JobRequest): Promise<void> {
    return this.#link.transact(`request ${request}`, () => {
      const job = this.#known(id);
      const state = afterRequest(request, job);
      if (state === null) return;
      if (job.state === 'paused' && job.revertsTo === null) job.error = null;
      job.retryAt = null;
      this.#there.setState(job, state, null, this.#clock.now());
    });
  }

  claim(id: JobId, coordinator: string, leaseMs: number): Promise<ClaimedJob | null> {
    return this.#link.transact('claim', () => {
      const job = this.#there.jobs.get(id);
      if (job === undefined || isFinal(job.state) || job.state === 'paused') return null;
      const { now } = this.#there;
      if ((job.leaseUntil ?? -Infinity) > now || (job.retryAt ?? -Infinity) > now) return null;
      const starts = job.state === 'pending' || job.state === 'resuming';
      job.epoch += 1;
      job.coordinator = coordinator;
      job.leaseUntil = now + leaseMs;
      job.retryAt = null;
      job.startedAt ??= this.#clock.now();
      job.modifiedAt = this.#clock.now();
      if (starts)
        this.#there.setState(job, job.revertsTo === null ? 'running' : 'reverting', null, this.#clock.now());
      const { epoch, attempt, kind, cluster, user, statement, location, createdAt, progress, revertsTo } =
        job;
      return {
        id,
        epoch,
        attempt,
        kind,
        cluster,
        user,
        statement,
        location,
        createdAt,
        estimatedBytes: progress.estimatedBytes,
        spec: specOf(job),
        revertsTo,
      };
    });
  }

  renew(claimed: ClaimedJob, leaseMs: number): Promise<void> {
    return this.#link.transact('renew', () => {
      this.#latest(claimed).leaseUntil = this.#there.now + leaseMs;
    });
  }

  release({ id, epoch }: ClaimedJob, retryAfterMs?: number): Promise<void> {
    return this.#link.transact('release', () => {
      const job = this.#there.jobs.get(id);
      if (job?.epoch !== epoch) return;
      job.leaseUntil = null;
      job.retryAt = retryAfterMs === undefined ? null : this.#there.now + retryAfterMs;
    });
  }

  orphans(): Promise<JobId[]> {
    return this.#link.transact('orphans', () => {
      const { now } = this.#there;
      return [...this.#there.jobs.values()]
        .filter(
          ({ state, leaseUntil, retryAt }) =>
            !isFinal(state) &&
            state !== 'paused' &&
            (leaseUntil ?? -Infinity) < now &&
            (retryAt ?? -Infinity) <= now,
        )
        .map(({ id }) => id)
        .slice(0, 100);
    });
  }

  standing(id: JobId): Promise<Standing> {
    return this.#link.transact('standing', () => {
      const { state, attempt, epoch, progressedAt } = this.#known(id);
      const { now } = this.#there;
      return { state, attempt, epoch, stillMs: now - (progressedAt ?? now) };
    });
  }

  follow(id: JobId): Follower {
    let changed = false;
    let wake: (() => void) | undefined;
    const close = this.#there.follow(id, () => {
      changed = true;
      wake?.();
    });
    return {
      next: async (mostMs = LISTENING_MS, signal) => {
        const told = new AbortController();
        wake = () => told.abort();
        const either = signal === undefined ? told.signal : AbortSignal.any([told.signal, signal]);
        if (!changed) await this.#clock.sleep(mostMs, either);
        wake = undefined;
        changed = false;
      },
      close,
    };
  }

  async beginAttempt(claimed: ClaimedJob): Promise<void> {
    const attempt = claimed.attempt + 1;
    await this.#link.transact('begin attempt', () => {
      const job = this.#latest(claimed);
      job.attempt = attempt;
      job.progress = { ...job.progress, rows: 0, bytes: 0, storedBytes: 0 };
    });
    claimed.attempt = attempt;
  }

  transition(
    claimed: ClaimedJob,
    from: readonly JobState[],
    to: JobState,
    error: JobError | null = null,
  ): Promise<boolean> {
    return this.#link.transact(`to ${to}`, () => this.#change(claimed, from, to, error));
  }

  startRevert(claimed: ClaimedJob, to: 'canceled' | 'failed', error: JobError | null): Promise<boolean> {
    return this.#link.transact('to reverting', () => {
      const changed = this.#change(claimed, ['running', 'cancel-requested'], 'reverting', error);
      const job = this.#latest(claimed);
      if (changed) job.revertsTo = to;
      return job.state === 'reverting' && job.revertsTo === to;
    });
  }

  #change(claimed: ClaimedJob, from: readonly JobState[], to: JobState, error: JobError | null): boolean {
    const job = this.#latest(claimed);
    if (!from.includes(job.state)) return false;
    this.#there.setState(job, to, error, this.#clock.now());
    return true;
  }

  setMoment(claimed: ClaimedJob, moment: string): Promise<void> {
    return this.#link.transact('set moment', () => {
      this.#latest(claimed).moment = moment;
    });
  }

  progress(claimed: ClaimedJob, progress: JobProgress): Promise<void> {
    return this.#link.transact('progress', () => {
      const job = this.#latest(claimed);
      if (isFinal(job.state)) return;
      const before = job.progress;
      const { next, moved } = further(before, progress);
      if (!moved && next.runningStatus === before.runningStatus) return;
      job.progress = next;
      job.modifiedAt = this.#clock.now();
      if (moved) job.progressedAt = this.#there.now;
      this.#there.append(job, { type: 'progress', ...next }, this.#clock.now());
    });
  }

  async advance(claimed: ClaimedJob, fraction: number, runningStatus: string): Promise<void> {
    const progress = await this.#link.transact('look', () => this.#known(claimed.id).progress);
    await this.progress(claimed, { ...progress, fraction, runningStatus });
  }

  thin({ id }: ClaimedJob): Promise<void> {
    return this.#link.transact('thin', () => {
      const job = this.#known(id);
      const before = this.#clock.now().getTime() - DENSE_MS;
      const minutes = new Set<number>();
      job.events = job.events
        .toReversed()
        .filter(({ type, at }) => {
          const time = Date.parse(at);
          if (type !== 'progress' || time >= before) return true;
          const minute = Math.floor(time / MINUTE_MS);
          if (minutes.has(minute)) return false;
          minutes.add(minute);
          return true;
        })
        .toReversed();
    });
  }

  load(id: JobId): Promise<{ cluster: string | null; spec: JobSpec }> {
    return this.#link.transact('load', () => {
      const job = this.#known(id);
      return { cluster: job.cluster, spec: specOf(job) };
    });
  }

  log(id: JobId, message: string, level: 'info' | 'warning' = 'info'): Promise<void> {
    return this.#link.transact('log', () => {
      this.#there.append(this.#known(id), { type: 'log', level, message }, this.#clock.now());
    });
  }

  #known(id: JobId): JobRecord {
    const job = this.#there.jobs.get(id);
    if (job === undefined) throw noSuchJob(id);
    return job;
  }

  /** The job, for the latest claim of it. */
  #latest({ id, epoch }: ClaimedJob): JobRecord {
    const job = this.#there.jobs.get(id);
    if (job?.epoch !== epoch) throw new Superseded();
    return job;
  }
}

function specOf({ spec }: JobRecord): JobSpec {
  return jobSpecSchema.parse(JSON.parse(spec));
}

/** The job as JobLog shows it. */
export function viewOf(job: JobRecord): JobView {
  const { progressedAt } = job;
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    cluster: job.cluster,
    statement: job.statement,
    user: job.user,
    location: job.location,
    moment: job.moment,
    createdAt: job.createdAt.toISOString(),
    startedAt: job.startedAt?.toISOString() ?? null,
    finishedAt: job.finishedAt?.toISOString() ?? null,
    modifiedAt: job.modifiedAt.toISOString(),
    ...job.progress,
    progressedAt: progressedAt === null ? null : new Date(progressedAt).toISOString(),
    attempt: job.attempt,
    coordinator: job.coordinator,
    error: job.error,
  };
}

/** The job's events so far. */
export function eventsOf(job: JobRecord): JobEvent[] {
  return [...job.events];
}
