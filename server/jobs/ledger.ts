import type { Moment } from '../cluster/moment.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { NewProof } from '../metadata/proofs.ts';
import type { Follower } from '../metadata/signals.ts';
import type { JobError, JobId, JobKind, JobProgress, JobState, TaskState } from './job.ts';
import type { Limits } from './limits.ts';
import type { JobSpec } from './spec.ts';

// What engines agree on: whose a job is, what is to do of it, what is done. `JobStore` and `TaskBoard` keep it in the metadata
// store; simulations keep it in memory, and one suite holds both to the same answers.

/** What a coordinator needs to know of its job. */
export interface ClaimedJob {
  id: JobId;
  /** Which claim this is: only the latest may change the job. */
  epoch: number;
  /** Which beginning from the beginning; 0: there was none. `beginAttempt` counts it. */
  attempt: number;
  kind: JobKind;
  /** Null where it needs none. */
  cluster: string | null;
  user: string;
  statement: string;
  location: string;
  createdAt: Date;
  /** Of the rows, when the statement was checked. */
  estimatedBytes: number;
  spec: JobSpec;
  /** What it ends as once what it wrote is removed; null as long as it isn't to be. */
  revertsTo: 'canceled' | 'failed' | null;
}

/** How a job stands, as its coordinator sees it. */
export interface Standing {
  state: JobState;
  attempt: number;
  epoch: number;
  /** For how many milliseconds nothing has moved. */
  stillMs: number;
}

/** Whose jobs are, and what becomes of them. What takes a `ClaimedJob` throws `Superseded` once another claim was later. */
export interface JobLedger {
  /**
   * A coordinator takes the job for so long; a job that waited runs, or reverts, from then on. Null where there is nothing to do
   * now: it has ended, is paused, another one has it, or it is to be left alone for a while.
   */
  claim(id: JobId, coordinator: string, leaseMs: number): Promise<ClaimedJob | null>;
  /** Has it for so long from now on. */
  renew(job: ClaimedJob, leaseMs: number): Promise<void>;
  /** Lets go of the job, for anybody to take after so long. May be repeated, and late. */
  release(job: ClaimedJob, retryAfterMs?: number): Promise<void>;
  /** Jobs that somebody should have and nobody has. */
  orphans(): Promise<JobId[]>;

  standing(id: JobId): Promise<Standing>;
  /** Tells when a task of the job ends, or the job comes to another state. */
  follow(id: JobId): Follower;

  /** Begins the job from its beginning once more: nothing of what an earlier attempt did counts. */
  beginAttempt(job: ClaimedJob): Promise<void>;
  /** Moves the job to a state if it is in one of `from`; answers whether it did. An error says why. */
  transition(
    job: ClaimedJob,
    from: readonly JobState[],
    to: JobState,
    error?: JobError | null,
  ): Promise<boolean>;
  /** Has what the job wrote removed from now on, before it ends; answers whether that is so, now or already. */
  startRevert(job: ClaimedJob, to: 'canceled' | 'failed', error: JobError | null): Promise<boolean>;
  setMoment(job: ClaimedJob, moment: string): Promise<void>;
  /** Records how far the job is. The fraction never goes back, and only what has changed makes an event. */
  progress(job: ClaimedJob, progress: JobProgress): Promise<void>;
  /** Moves the bar and says what is being done, where rows and bytes stay as they are. */
  advance(job: ClaimedJob, fraction: number, runningStatus: string): Promise<void>;
  /** Drops most of what was recorded of progress some time ago: it is of use while it is new. */
  thin(job: ClaimedJob): Promise<void>;

  /** What a task of the job needs to know of it. */
  load(id: JobId): Promise<{ cluster: string | null; spec: JobSpec }>;
  /** Adds a line to the job's event log. */
  log(id: JobId, message: string, level?: 'info' | 'warning'): Promise<void>;
}

export interface NewTask {
  table: ObjectName;
  /** The node that is read from; null where rows are loaded. */
  node: string | null;
  /** Where that node is (`region=eu,zone=b`); empty where it isn't known. */
  locality: string;
  estimatedBytes: number;
  /** What to do, in the shape of `spec.ts`. */
  body: object;
}

/** Which try of which task. */
export interface TaskTry extends AttemptOf {
  id: number;
  /** From 1. */
  tries: number;
}

export interface PickedTask extends TaskTry {
  /** The job's claim at that time. */
  epoch: number;
  /** Who had it before and is gone; null where nobody had. */
  formerEngine: string | null;
  table: ObjectName;
  node: string | null;
  body: unknown;
}

/** A task that nobody has, and no token stands for. */
export interface WaitingTask {
  id: number;
  table: ObjectName;
  node: string | null;
  body: unknown;
}

/** Where a waiting task is to be read from instead. */
export interface AimedTask {
  id: number;
  node: string;
  locality: string;
  body: object;
}

/** What there is to do for who asks: a task; something `later`, when others have ended; or nothing any more. */
export type Picked = { kind: 'task'; task: PickedTask } | { kind: 'later' } | { kind: 'nothing' };

export interface Engine {
  /** Host and process: `db7/4711`. */
  name: string;
  /** As CockroachDB's nodes say it, from the large to the small: `region=eu,zone=b`; empty for nowhere in particular. */
  locality: string;
}

export interface TaskProgress {
  rows: number;
  bytes: number;
  storedBytes: number;
}

export interface TaskTotals {
  tasks: number;
  done: number;
  /** Being worked on, as far as is known: an engine may be gone. */
  running: number;
  /** That no engine has, and no token stands for. */
  unpicked: number;
  rows: number;
  bytes: number;
  storedBytes: number;
  /** Estimated bytes of the work that is done, running tasks in part. */
  doneEstimate: number;
  estimatedBytes: number;
  /** Of a task that was given up. */
  failure: JobError | null;
  /** What keeps a task from being done, that is tried again and again. */
  trouble: JobError | null;
}

/** What is recorded of an attempt. */
export interface RecordedPlan {
  attempt: number;
  context: unknown;
  /** All of its tasks are noted. */
  planned: boolean;
  /** So many steps after the rows are done, of a restore. */
  built: number;
}

/**
 * The tasks of jobs' attempts: what is to do, how far it is, what came of it. A task is picked by whoever has a token of the
 * queue; the token stands for it from then on, so that who gets the token after that one's death gets the task. What changes for a
 * ClaimedJob throws Superseded for any but the latest claim.
 */
export interface TaskLedger {
  /** Records what all tasks of the attempt share, in place of what was recorded before. */
  share(job: ClaimedJob, context: object): Promise<void>;
  /** What `share` recorded last before the task was picked. */
  shared(task: PickedTask): Promise<unknown>;
  /** What the job's attempts recorded, the latest first; one that has recorded nothing yet is not among them. */
  plans(job: JobId): Promise<RecordedPlan[]>;

  /** Records some of the attempt's tasks, numbered from `first` in the order given. Those of a number that is noted stay. */
  add(
    job: ClaimedJob,
    tasks: readonly NewTask[],
    first: number,
    state: TaskState & ('waiting' | 'held'),
  ): Promise<void>;
  /** All tasks of the attempt are noted. */
  markPlanned(job: ClaimedJob): Promise<void>;
  /** So many steps after the rows are done. */
  noteBuilt(job: ClaimedJob, steps: number): Promise<void>;
  /** Hands out the held tasks up to this number; answers how many. */
  unhold(job: ClaimedJob, upTo: number): Promise<number>;
  /** Has all tasks that were begun, or given up, wait again, for any token; answers how many wait then. */
  reopen(job: ClaimedJob): Promise<number>;
  /**
   * Has tasks wait again, for any token, that were begun and that nothing may come for any more: those that run on engines that have not
   * been heard of for so long, and those whose token is to bring another try. Who has one all the same has lost nothing but its try.
   * Answers how many.
   */
  reclaim(job: ClaimedJob, silenceMs: number): Promise<number>;

  /** Tasks of the attempt that nobody has and no token stands for, by their numbers, from the one after `after`; so many at most. */
  waiting(job: ClaimedJob, after: number, most: number): Promise<WaitingTask[]>;
  /**
   * Aims such tasks at other nodes; those that somebody has by then stay as they are. Answers the numbers of those that were
   * aimed. May be repeated.
   */
  aim(job: ClaimedJob, tasks: readonly AimedTask[]): Promise<number[]>;

  /** The task that a token stands for, or the one that suits the engine best: of jobs with few running, near. */
  pick(token: string, engine: Engine, limits: Limits): Promise<Picked>;
  /** Records the name of a file before anything is written under it; answers false where nothing may be written any more. */
  willWrite(task: TaskTry, file: string): Promise<boolean>;
  /** Records how far a try is; answers whether it still counts. */
  progress(task: TaskTry, progress: TaskProgress): Promise<boolean>;
  /** Records what came of a task; answers false when another try was first, or the attempt is over: this one doesn't count. */
  finish(task: TaskTry, progress: TaskProgress, result: object): Promise<boolean>;
  /** A try has failed, and the token comes again. */
  trouble(task: TaskTry, error: JobError): Promise<void>;
  /** Nobody works on it any more. */
  giveBack(task: TaskTry): Promise<void>;
  /** Gives a task up: its job ends, or pauses, with this error. */
  fail(task: TaskTry, error: JobError): Promise<void>;

  totals(job: ClaimedJob): Promise<TaskTotals>;
  /** The results of the attempt's tasks, in the order of the plan. */
  results(job: ClaimedJob): Promise<unknown[]>;
  /**
   * What may be left over beside the results: every file that tasks of the attempt with more than one of them began to write, and
   * those that were being written when an earlier attempt ended.
   */
  leftovers(job: ClaimedJob): Promise<string[]>;
  /** Every file that any try of any attempt of the job began to write. */
  files(job: JobId): Promise<string[]>;
}

/** Which engines hold a job's moment beside its coordinator, and what it is called there. */
export interface MomentOffers {
  /** What the engine might hold: moments of jobs that others coordinate, and that too few hold. */
  wanted(engine: Engine): Promise<WantedMoment[]>;
  /** It is about to; false where enough do, or where it coordinates the job. */
  reserve(of: AttemptOf, engine: Engine): Promise<boolean>;
  offer(of: AttemptOf, engine: Engine, moment: Moment): Promise<void>;
  /** Some may be gone. */
  offers(of: AttemptOf): Promise<Moment[]>;
  withdraw(of: AttemptOf, engine: Engine): Promise<void>;
}

export interface AttemptOf {
  jobId: JobId;
  attempt: number;
}

export interface WantedMoment extends AttemptOf {
  cluster: string;
  moment: Moment;
}

/** What jobs have proved of backups. */
export interface ProofLedger {
  /** Records what a job has proved, in place of what it had proved before; that stays with `unlessThere`. */
  record(proof: NewProof, options?: { unlessThere?: boolean }): Promise<void>;
}

/** Which engines there are. */
export interface Roster {
  /** This one is there, with so many tasks at once at most. */
  beat(engine: Engine, capacity: number): Promise<void>;
  /** It stops. */
  leave(engine: Engine): Promise<void>;
}
