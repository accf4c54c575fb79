import { canonicalJson } from '../../format/integrity.ts';
import { HoldfastError } from '../../errors.ts';
import type { JobError, JobId, TaskState } from '../job.ts';
import type {
  AimedTask,
  ClaimedJob,
  Engine,
  NewTask,
  Picked,
  PickedTask,
  RecordedPlan,
  TaskLedger,
  TaskProgress,
  TaskTotals,
  TaskTry,
  WaitingTask,
} from '../ledger.ts';
import { choices, type Limits, mayBeginAgain, placesOf, type Running } from '../limits.ts';
import { Superseded } from '../outcome.ts';
import { SharedContexts } from '../shared-contexts.ts';
import type { AttemptRecord, Installation, JobRecord, Link, TaskRecord } from './installation.ts';

/** A task, and the job that it is of. */
interface Found {
  job: JobRecord;
  task: TaskRecord;
}

/** What TaskBoard is, over an installation in memory. */
export class MemoryTasks implements TaskLedger {
  readonly #there: Installation;
  readonly #link: Link;
  readonly #now: () => Date;
  readonly #shared: SharedContexts;

  constructor(there: Installation, link: Link, now: () => Date) {
    this.#there = there;
    this.#link = link;
    this.#now = now;
    this.#shared = new SharedContexts((job, attempt) =>
      this.#link.transact('context', () => {
        const { context } = recorded(this.#there.attempts(job), attempt);
        return JSON.parse(context) as unknown;
      }),
    );
  }

  share(job: ClaimedJob, context: object): Promise<void> {
    return this.#ifClaimed('share', job, ({ id, attempt }) => {
      const attempts = this.#there.attempts(id);
      const text = JSON.stringify(context);
      const known = attempts.find((each) => each.attempt === attempt);
      if (known === undefined) attempts.push({ attempt, context: text, planned: false, built: 0 });
      else known.context = text;
    });
  }

  shared(task: PickedTask): Promise<unknown> {
    return this.#shared.of(task);
  }

  plans(job: JobId): Promise<RecordedPlan[]> {
    return this.#link.transact('plans', () =>
      this.#there
        .attempts(job)
        .toSorted((a, b) => b.attempt - a.attempt)
        .map(({ context, ...rest }) => ({ ...rest, context: JSON.parse(context) as unknown })),
    );
  }

  add(
    job: ClaimedJob,
    tasks: readonly NewTask[],
    first: number,
    state: TaskState & ('waiting' | 'held'),
  ): Promise<void> {
    return this.#ifClaimed('add', job, ({ id, attempt }) => {
      const there = this.#there.tasks(id, attempt);
      const known = new Set(there.map((task) => task.id));
      for (const [index, task] of tasks.entries())
        if (!known.has(first + index)) there.push(newRecord(task, first + index, state, this.#now()));
    });
  }

  markPlanned(job: ClaimedJob): Promise<void> {
    return this.#ifClaimed('mark planned', job, ({ id, attempt }) => {
      for (const each of this.#there.attempts(id)) if (each.attempt === attempt) each.planned = true;
    });
  }

  noteBuilt(job: ClaimedJob, steps: number): Promise<void> {
    return this.#ifClaimed('note built', job, ({ id, attempt }) => {
      for (const each of this.#there.attempts(id)) if (each.attempt === attempt) each.built = steps;
    });
  }

  unhold(job: ClaimedJob, upTo: number): Promise<number> {
    return this.#ifClaimed('unhold', job, ({ id, attempt }) => {
      const held = this.#there.tasks(id, attempt).filter((task) => task.state === 'held' && task.id <= upTo);
      for (const task of held) task.state = 'waiting';
      return held.length;
    });
  }

  reclaim(job: ClaimedJob, silenceMs: number): Promise<number> {
    return this.#ifClaimed('reclaim', job, ({ id, attempt }) => {
      const { engines, now } = this.#there;
      const lost = this.#there.tasks(id, attempt).filter(({ state, token, engine }) => {
        if (state === 'waiting') return token !== null;
        return state === 'running' && (engines.get(engine ?? '')?.seenAt ?? -Infinity) <= now - silenceMs;
      });
      for (const task of lost)
        Object.assign(task, { state: 'waiting', token: null, modifiedAt: this.#now() });
      return lost.length;
    });
  }

  async reopen(job: ClaimedJob): Promise<number> {
    const { id, attempt } = job;
    await this.#ifClaimed('reopen', job, () => {
      for (const task of this.#there.tasks(id, attempt)) {
        const begun = task.state === 'waiting' && task.token !== null;
        if (task.state === 'running' || task.state === 'failed' || begun)
          Object.assign(task, { state: 'waiting', token: null, error: null, modifiedAt: this.#now() });
      }
    });
    return this.#link.transact(
      'count waiting',
      () => this.#there.tasks(id, attempt).filter(({ state }) => state === 'waiting').length,
    );
  }

  waiting({ id, attempt }: ClaimedJob, after: number, most: number): Promise<WaitingTask[]> {
    return this.#link.transact('list waiting', () =>
      this.#there
        .tasks(id, attempt)
        .filter((task) => task.id > after && isFree(task))
        .sort((a, b) => a.id - b.id)
        .slice(0, most)
        .map((task) => ({
          id: task.id,
          table: task.table,
          node: task.node,
          body: JSON.parse(task.body) as unknown,
        })),
    );
  }

  aim(job: ClaimedJob, tasks: readonly AimedTask[]): Promise<number[]> {
    return this.#ifClaimed('aim', job, ({ id, attempt }) => {
      const there = this.#there.tasks(id, attempt);
      return tasks.flatMap(({ id: number, node, locality, body }) => {
        const task = there.find((each) => each.id === number);
        if (task === undefined || !isFree(task)) return [];
        Object.assign(task, { node, locality, body: JSON.stringify(body) });
        return number;
      });
    });
  }

  /** What only the job's latest claim may do. */
  #ifClaimed<T>(what: string, job: ClaimedJob, work: (job: ClaimedJob) => T): Promise<T> {
    return this.#link.transact(what, () => {
      if (this.#there.jobs.get(job.id)?.epoch !== job.epoch) throw new Superseded();
      return work(job);
    });
  }

  pick(token: string, engine: Engine, limits: Limits): Promise<Picked> {
    return this.#link.transact('pick', () => this.#pick(token, engine, limits));
  }

  #pick(token: string, engine: Engine, limits: Limits): Picked {
    const bound = this.#boundTo(token);
    const running = this.#running();
    if (bound !== null) {
      const { job, task } = bound;
      const counts = job.state === 'running' && (task.state === 'waiting' || task.state === 'running');
      if (!counts || !this.#there.tasks(job.id, job.attempt).includes(task)) return { kind: 'nothing' };
      const asked = { ...openJob(job), node: task.node, running: task.state === 'running' };
      return mayBeginAgain(asked, running, limits) ? this.#take(bound, token, engine) : { kind: 'later' };
    }
    const open = [...this.#there.jobs.values()].filter(
      (job) => job.state === 'running' && this.#free(job).length > 0,
    );
    if (open.length === 0) return { kind: 'nothing' };
    for (const choice of choices(open.map(openJob), running, limits)) {
      const { job } = choice.job;
      const task = nearest(
        this.#free(job).filter(({ node }) => node === null || !choice.fullNodes.includes(node)),
        engine,
      );
      if (task !== undefined) return this.#take({ job, task }, token, engine);
    }
    return { kind: 'later' };
  }

  #boundTo(token: string): Found | null {
    for (const job of this.#there.jobs.values())
      for (let attempt = job.attempt; attempt > 0; attempt--)
        for (const task of this.#there.tasks(job.id, attempt)) if (task.token === token) return { job, task };
    return null;
  }

  #free(job: JobRecord): TaskRecord[] {
    return this.#there.tasks(job.id, job.attempt).filter(isFree);
  }

  #running(): Running[] {
    return [...this.#there.jobs.values()]
      .filter(({ state }) => state === 'running')
      .flatMap(({ id, cluster, attempt }) => {
        const running = this.#there.tasks(id, attempt).filter(({ state }) => state === 'running');
        return [...new Set(running.map(({ node }) => node))].map((node) => ({
          jobId: id,
          cluster,
          node,
          count: running.filter((task) => task.node === node).length,
        }));
      });
  }

  #take({ job, task }: Found, token: string, engine: Engine): Picked {
    const formerEngine = task.state === 'running' ? task.engine : null;
    Object.assign(task, {
      state: 'running',
      token,
      engine: engine.name,
      tries: task.tries + 1,
      rows: 0,
      bytes: 0,
      storedBytes: 0,
      modifiedAt: this.#now(),
    });
    const picked: PickedTask = {
      jobId: job.id,
      attempt: job.attempt,
      id: task.id,
      epoch: job.epoch,
      formerEngine,
      tries: task.tries,
      table: task.table,
      node: task.node,
      body: JSON.parse(task.body),
    };
    return { kind: 'task', task: picked };
  }

  willWrite(given: TaskTry, file: string): Promise<boolean> {
    return this.#link.transact('will write', () => {
      const task = this.#counting(given);
      task?.files.push(file);
      return task !== null;
    });
  }

  progress(given: TaskTry, progress: TaskProgress): Promise<boolean> {
    return this.#link.transact('task progress', () => {
      const task = this.#counting(given);
      if (task !== null) Object.assign(task, progress, { modifiedAt: this.#now() });
      return task !== null;
    });
  }

  /** The task, for a try that still counts: the latest one, of a job that runs. */
  #counting({ jobId, attempt, id, tries }: TaskTry): TaskRecord | null {
    const job = this.#there.jobs.get(jobId);
    if (job?.attempt !== attempt || job.state !== 'running') return null;
    return (
      this.#there
        .tasks(jobId, attempt)
        .find((task) => task.id === id && task.state === 'running' && task.tries === tries) ?? null
    );
  }

  async finish(given: TaskTry, progress: TaskProgress, result: object): Promise<boolean> {
    const { jobId, attempt, id } = given;
    const task = () => this.#there.tasks(jobId, attempt).find((each) => each.id === id);
    const first = await this.#link.transact('finish', () => {
      const found = task();
      if (found?.state !== 'running' && found?.state !== 'waiting') return false;
      if (this.#there.jobs.get(jobId)?.attempt !== attempt) return false;
      const text = JSON.stringify(result);
      Object.assign(found, progress, { state: 'done', result: text, trouble: null, modifiedAt: this.#now() });
      this.#there.tell(jobId);
      return true;
    });
    if (first) return true;
    return this.#link.transact('whose result', () => {
      const kept = task()?.result;
      if (kept == null) return false;
      return canonicalJson(JSON.parse(kept)) === canonicalJson(JSON.parse(JSON.stringify(result)));
    });
  }

  trouble(task: TaskTry, error: JobError): Promise<void> {
    return this.#end('trouble', task, { state: 'waiting', trouble: error });
  }

  giveBack(task: TaskTry): Promise<void> {
    return this.#end('give back', task, { state: 'waiting', token: null });
  }

  fail(task: TaskTry, error: JobError): Promise<void> {
    return this.#end('fail', task, { state: 'failed', error });
  }

  /** Ends the latest try, which has not done it. */
  #end(what: string, { jobId, attempt, id, tries }: TaskTry, update: Partial<TaskRecord>): Promise<void> {
    return this.#link.transact(what, () => {
      const task = this.#there.tasks(jobId, attempt).find((each) => each.id === id);
      if (task?.state !== 'running' || task.tries !== tries) return;
      Object.assign(task, update, { rows: 0, bytes: 0, storedBytes: 0, modifiedAt: this.#now() });
      // That it waits again is nothing to wake anybody for.
      if (update.state === 'failed') this.#there.tell(jobId);
    });
  }

  totals({ id, attempt }: ClaimedJob): Promise<TaskTotals> {
    return this.#link.transact('totals', () => {
      const tasks = this.#there.tasks(id, attempt);
      const count = (of: (task: TaskRecord) => boolean) => tasks.filter(of).length;
      const sum = (of: (task: TaskRecord) => number) => tasks.reduce((total, task) => total + of(task), 0);
      const troubled = tasks
        .filter(({ state, trouble }) => state !== 'done' && trouble !== null)
        .sort((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime());
      return {
        tasks: tasks.length,
        done: count(({ state }) => state === 'done'),
        running: count(({ state }) => state === 'running'),
        unpicked: count(({ state, token }) => state === 'waiting' && token === null),
        rows: sum(({ rows }) => rows),
        bytes: sum(({ bytes }) => bytes),
        storedBytes: sum(({ storedBytes }) => storedBytes),
        doneEstimate: sum(({ state, bytes, estimatedBytes }) =>
          state === 'done' ? estimatedBytes : Math.min(bytes, estimatedBytes),
        ),
        estimatedBytes: sum(({ estimatedBytes }) => estimatedBytes),
        failure: tasks.find(({ state }) => state === 'failed')?.error ?? null,
        trouble: troubled[0]?.trouble ?? null,
      };
    });
  }

  results({ id, attempt }: ClaimedJob): Promise<unknown[]> {
    return this.#link.transact('results', () =>
      this.#there
        .tasks(id, attempt)
        .filter(({ state }) => state === 'done')
        .map(({ result }) => JSON.parse(result ?? 'null') as unknown),
    );
  }

  leftovers({ id, attempt }: ClaimedJob): Promise<string[]> {
    return this.#link.transact('leftovers', () =>
      numbersTo(attempt).flatMap((each) =>
        this.#there
          .tasks(id, each)
          .filter(({ files, state }) => (each === attempt ? files.length > 1 : state === 'running'))
          .flatMap(({ files }) => files),
      ),
    );
  }

  files(id: JobId): Promise<string[]> {
    return this.#link.transact('files', () =>
      numbersTo(this.#there.jobs.get(id)?.attempt ?? 0).flatMap((attempt) =>
        this.#there.tasks(id, attempt).flatMap(({ files }) => files),
      ),
    );
  }
}

function openJob(job: JobRecord): { job: JobRecord; jobId: string; cluster: string | null } {
  return { job, jobId: job.id, cluster: job.cluster };
}

/** Nobody has it, and no token stands for it. */
function isFree({ state, token }: TaskRecord): boolean {
  return state === 'waiting' && token === null;
}

/** The first of those that are nearest to the engine. */
function nearest(tasks: TaskRecord[], { locality }: Engine): TaskRecord | undefined {
  const places = placesOf(locality);
  const distance = (task: TaskRecord): number => {
    const place = places.findIndex((each) => `${task.locality},`.startsWith(`${each},`));
    return place < 0 ? places.length : place;
  };
  return tasks.toSorted((a, b) => distance(a) - distance(b) || a.id - b.id)[0];
}

function recorded(attempts: readonly AttemptRecord[], attempt: number): AttemptRecord {
  const found = attempts.find((each) => each.attempt === attempt);
  if (found === undefined) throw new HoldfastError('internal', 'nothing is recorded of the attempt');
  return found;
}

function newRecord(task: NewTask, id: number, state: TaskState, now: Date): TaskRecord {
  return {
    id,
    state,
    table: task.table,
    node: task.node,
    locality: task.locality,
    body: JSON.stringify(task.body),
    estimatedBytes: task.estimatedBytes,
    rows: 0,
    bytes: 0,
    storedBytes: 0,
    files: [],
    result: null,
    error: null,
    engine: null,
    token: null,
    tries: 0,
    trouble: null,
    modifiedAt: now,
  };
}

/** From 1. */
function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
