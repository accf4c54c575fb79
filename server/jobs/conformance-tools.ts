import type { ObjectName } from '../cluster/names.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { addTasks } from './add-tasks.ts';
import type { JobEvent, JobId, JobState, JobView } from './job.ts';
import type { ClaimedJob, Engine, JobLedger, NewTask, PickedTask, TaskLedger } from './ledger.ts';
import type { Limits } from './limits.ts';
import type { JobRequest } from './requests.ts';
import type { NewJob } from './store.ts';

/** A job ledger with what consoles do by it. */
export type KeptJobs = JobLedger & {
  create(job: NewJob): Promise<JobId>;
  request(id: JobId, request: JobRequest): Promise<void>;
};

/** Ledgers with nothing in them. */
export interface LedgerSubject {
  jobs: KeptJobs;
  tasks: TaskLedger;
  view(id: JobId): Promise<JobView>;
  /** All events of a job so far. */
  events(id: JobId): Promise<JobEvent[]>;
  /** An engine says that it is there. */
  beat(engine: Engine): Promise<void>;
  /** Makes that so many milliseconds have passed by the clock that leases and engines go by. */
  passTime(ms: number): Promise<void>;
  /** Forgets every job. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export const LEASE_MS = 10_000;
export const NO_LIMITS: Limits = { node: 1000, job: 1000, all: 1000 };
export const HERE: Engine = { name: 'here/1', locality: '' };
export const THERE: Engine = { name: 'there/2', locality: '' };
export const TABLE: ObjectName = { database: 'bank', schema: 'public', name: 'accounts' };

const STATEMENT: BackupStatement = {
  kind: 'backup',
  targets: { kind: 'databases', names: ['bank'] },
  to: 'nodelocal://self/conformance',
  asOf: null,
  incrementalFrom: [],
  options: { detached: false },
};

export function newJob(given: Partial<NewJob> = {}): NewJob {
  return {
    kind: 'BACKUP',
    cluster: 'default',
    statement: "BACKUP DATABASE bank TO 'nodelocal://self/conformance'",
    user: 'root',
    location: 'nodelocal://self/conformance',
    spec: STATEMENT,
    estimatedBytes: 1000,
    ...given,
  };
}

/** What the suite does again and again, with the subject of the test at hand. */
export class Desk {
  #subject: LedgerSubject | null = null;

  async open(subject: LedgerSubject): Promise<void> {
    await subject.clear();
    this.#subject = subject;
  }

  get subject(): LedgerSubject {
    if (this.#subject === null) throw new Error('the suite has not begun');
    return this.#subject;
  }

  get jobs(): KeptJobs {
    return this.subject.jobs;
  }

  get tasks(): TaskLedger {
    return this.subject.tasks;
  }

  /** A claim of the job, which somebody must be able to take. */
  async claim(id: JobId, coordinator = HERE.name): Promise<ClaimedJob> {
    const job = await this.jobs.claim(id, coordinator, LEASE_MS);
    if (job === null) throw new Error(`job ${id} can't be claimed`);
    return job;
  }

  /** A new job in its first attempt, claimed. */
  async running(given: Partial<NewJob> = {}): Promise<ClaimedJob> {
    const job = await this.claim(await this.jobs.create(newJob(given)));
    await this.jobs.beginAttempt(job);
    return job;
  }

  /** A new running job with these tasks. */
  async planned(tasks: Partial<NewTask>[], given: Partial<NewJob> = {}): Promise<ClaimedJob> {
    const job = await this.running(given);
    await this.tasks.share(job, {});
    await addTasks(this.tasks, job, newTasks(tasks), 'waiting');
    await this.tasks.markPlanned(job);
    return job;
  }

  /** A task for the token, which there must be. */
  async picked(token: string, engine: Engine = HERE, limits: Partial<Limits> = {}): Promise<PickedTask> {
    const picked = await this.tasks.pick(token, engine, { ...NO_LIMITS, ...limits });
    if (picked.kind !== 'task') throw new Error(`there is ${picked.kind} for ${token}`);
    return picked.task;
  }

  /** What there is for the token. */
  async kind(token: string, limits: Partial<Limits> = {}): Promise<'task' | 'later' | 'nothing'> {
    return (await this.tasks.pick(token, HERE, { ...NO_LIMITS, ...limits })).kind;
  }

  async state(id: JobId): Promise<JobState> {
    return (await this.jobs.standing(id)).state;
  }

  /** The states that the job has come to, in their order. */
  async states(id: JobId): Promise<JobState[]> {
    return (await this.subject.events(id)).flatMap((event) => (event.type === 'state' ? [event.state] : []));
  }

  /** A job in that state; `claimed` is the latest claim, where there was one. */
  async inState(state: JobState): Promise<{ id: JobId; claimed: ClaimedJob | null }> {
    const id = await this.jobs.create(newJob());
    if (state === 'pending') return { id, claimed: null };
    const claimed = await this.claim(id);
    const to = async (from: JobState, next: JobState) => {
      if (!(await this.jobs.transition(claimed, [from], next))) throw new Error(`not ${from}`);
    };
    switch (state) {
      case 'running':
        break;
      case 'paused':
        await to('running', 'paused');
        break;
      case 'resuming':
        await to('running', 'paused');
        await this.jobs.request(id, 'resume');
        break;
      case 'reverting':
        await this.jobs.startRevert(claimed, 'failed', null);
        break;
      default:
        await to('running', state);
    }
    return { id, claimed };
  }
}

export async function* newTasks(tasks: readonly Partial<NewTask>[]): AsyncGenerator<NewTask, void> {
  for (const [index, task] of tasks.entries())
    yield { table: TABLE, node: '1', locality: '', estimatedBytes: 100, body: { place: index + 1 }, ...task };
}
