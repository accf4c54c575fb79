import type { DistributiveOmit } from '../../metadata/schema.ts';
import type { ObjectName } from '../../cluster/names.ts';
import type { JobError, JobEvent, JobId, JobKind, JobProgress, JobState, TaskState } from '../job.ts';
import { isFinal } from '../job.ts';

// What the metadata store has of jobs, in memory: the tables of metadata/schema.ts as far as jobs go by them, and the queue.

/** A way to an installation. What `work` does it does at once: a transaction. It may come late, fail, or not be answered. */
export interface Link {
  transact<T>(what: string, work: () => T): Promise<T>;
}

/** Every transaction at once, and nothing fails. */
export const AT_ONCE: Link = { transact: async (_, work) => work() };

export interface JobRecord {
  id: JobId;
  kind: JobKind;
  state: JobState;
  cluster: string | null;
  statement: string;
  user: string;
  location: string;
  moment: string | null;
  /** JSON. */
  spec: string;
  attempt: number;
  epoch: number;
  coordinator: string | null;
  /** By the installation's clock, as `retryAt` and `progressedAt` are. */
  leaseUntil: number | null;
  retryAt: number | null;
  progressedAt: number | null;
  revertsTo: 'canceled' | 'failed' | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  modifiedAt: Date;
  progress: JobProgress;
  error: JobError | null;
  events: JobEvent[];
  lastEvent: number;
}

export interface AttemptRecord {
  attempt: number;
  /** JSON. */
  context: string;
  planned: boolean;
  built: number;
}

export interface TaskRecord {
  id: number;
  state: TaskState;
  table: ObjectName;
  node: string | null;
  locality: string;
  /** JSON, as `result` is. */
  body: string;
  estimatedBytes: number;
  rows: number;
  bytes: number;
  storedBytes: number;
  files: string[];
  result: string | null;
  error: JobError | null;
  engine: string | null;
  token: string | null;
  tries: number;
  trouble: JobError | null;
  modifiedAt: Date;
}

export interface EngineRecord {
  locality: string;
  capacity: number;
  seenAt: number;
}

/** What waits in the queue, or is in somebody's hands. */
export interface QueueItem {
  id: string;
  /** Nobody gets it before that, by the installation's clock. */
  startAfter: number;
  /** Null: nobody has it. */
  heldBy: string | null;
  heardAt: number;
  retries: number;
}

/** Who has nothing to do, and is told once there is something. */
interface Idle {
  process: { readonly alive: boolean };
  told: () => void;
}

/** All that engines and consoles share. */
export class Installation {
  /** By number, the oldest first. */
  readonly jobs = new Map<JobId, JobRecord>();
  readonly engines = new Map<string, EngineRecord>();
  readonly notices: QueueItem[] = [];
  readonly tokens: QueueItem[] = [];
  readonly #attempts = new Map<JobId, AttemptRecord[]>();
  readonly #tasks = new Map<string, TaskRecord[]>();
  readonly #followers = new Map<JobId, Set<() => void>>();
  readonly #idle = { notices: new Set<Idle>(), tokens: new Set<Idle>() };
  readonly #clock: () => number;
  readonly #choose: (count: number) => number;
  #numbers = 0;

  /** `clock`: the one that leases go by, in milliseconds. `choose`: which of so many, from 0, that have nothing to do is told. */
  constructor(clock: () => number, choose: (count: number) => number = () => 0) {
    this.#clock = clock;
    this.#choose = choose;
  }

  get now(): number {
    return this.#clock();
  }

  /** Another number each time, from 1. */
  number(): number {
    return ++this.#numbers;
  }

  /** What the job's attempts recorded, in their order. */
  attempts(job: JobId): AttemptRecord[] {
    const known = this.#attempts.get(job);
    if (known !== undefined) return known;
    const none: AttemptRecord[] = [];
    this.#attempts.set(job, none);
    return none;
  }

  /** The attempt's tasks, in the order of the plan. */
  tasks(job: JobId, attempt: number): TaskRecord[] {
    const key = `${job} ${attempt}`;
    const known = this.#tasks.get(key);
    if (known !== undefined) return known;
    const none: TaskRecord[] = [];
    this.#tasks.set(key, none);
    return none;
  }

  setState(job: JobRecord, state: JobState, error: JobError | null, now: Date): void {
    job.state = state;
    job.modifiedAt = now;
    if (error !== null) job.error = error;
    if (state === 'running' || state === 'reverting') job.progressedAt = this.now;
    if (isFinal(state)) {
      job.finishedAt = now;
      job.progress = { ...job.progress, runningStatus: null };
    }
    this.append(job, { type: 'state', state, error }, now);
    this.tell(job.id);
  }

  append(job: JobRecord, body: DistributiveOmit<JobEvent, 'seq' | 'at'>, now: Date): void {
    job.events.push({ ...body, seq: ++job.lastEvent, at: now.toISOString() });
  }

  /** Has `told` called when a task of the job ends, or the job comes to another state; answers how to stop that. */
  follow(job: JobId, told: () => void): () => void {
    const followers = this.#followers.get(job) ?? new Set();
    this.#followers.set(job, followers.add(told));
    return () => followers.delete(told);
  }

  tell(job: JobId): void {
    for (const told of this.#followers.get(job) ?? []) told();
  }

  /** Has `told` called once there is something to fetch, unless the process is gone; answers how to stop that. */
  followQueue(queue: 'notices' | 'tokens', process: Idle['process'], told: () => void): () => void {
    const idle = { process, told };
    this.#idle[queue].add(idle);
    return () => this.#idle[queue].delete(idle);
  }

  /** Tells as many as there is something for. */
  tellQueue(): void {
    for (const queue of ['notices', 'tokens'] as const) {
      const { now } = this;
      let free = this[queue].filter(({ heldBy, startAfter }) => heldBy === null && startAfter <= now).length;
      const idle = [...this.#idle[queue]];
      while (free > 0 && idle.length > 0) {
        for (const one of idle.splice(this.#choose(idle.length), 1)) {
          this.#idle[queue].delete(one);
          if (!one.process.alive) continue;
          one.told();
          free -= 1;
        }
      }
    }
  }
}
