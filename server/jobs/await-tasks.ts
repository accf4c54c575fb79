import { repeat } from '../clock.ts';
import { HoldfastError } from '../errors.ts';
import type { JobError } from './job.ts';
import type { ClaimedJob, TaskTotals } from './ledger.ts';
import {
  CancelRequested,
  EngineStopping,
  isOrder,
  MomentLost,
  OutOfPatience,
  PauseRequested,
  Superseded,
} from './outcome.ts';
import { RECLAIM_MS, RESEND_MS, THIN_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** How often a job is looked at for its progress; that a task has ended is known at once. */
const PROGRESS_MS = 500;
const CALM_PROGRESS_MS = 1_000;
const CALM_AFTER_MS = 10_000;

/** Throws when the job must not go on: root paused or canceled it, this engine stops, another coordinator has it. */
export async function checkOnJob(job: ClaimedJob, tools: EngineTools): Promise<void> {
  if (tools.stopping.aborted) throw new EngineStopping();
  const { state, epoch } = await tools.jobs.standing(job.id);
  if (epoch !== job.epoch) throw new Superseded();
  if (state === 'cancel-requested') throw new CancelRequested();
  if (state === 'pause-requested') throw new PauseRequested();
  if (state !== 'running') throw new Superseded();
}

export interface Awaiting {
  lost?: AbortSignal;
  fractionOf: (totals: TaskTotals) => number;
  runningStatus: string;
  /** So many tasks are to be done; all, where it is left out. */
  upTo?: number;
}

/**
 * Waits until all of the attempt's tasks are done, or as many as `upTo` where the others are not handed out yet;
 * records progress as `fractionOf` and `runningStatus` have it. Throws a task's failure, MomentLost when `lost` aborts,
 * OutOfPatience where nothing moves for long, and what `checkOnJob` throws.
 */
export async function awaitTasks(
  job: ClaimedJob,
  tools: EngineTools,
  options: Awaiting,
): Promise<TaskTotals> {
  const { clock } = tools;
  const started = clock.elapsed();
  const movement = new Movement(job, tools);
  const follower = tools.jobs.follow(job.id);
  try {
    for (;;) {
      await checkOnJob(job, tools);
      const totals = await tools.tasks.totals(job);
      if (options.lost?.aborted === true) throw new MomentLost(options.lost.reason);
      if (totals.failure !== null) throw failureOf(totals.failure);
      await tools.jobs.progress(job, {
        fraction: options.fractionOf(totals),
        rows: totals.rows,
        bytes: totals.bytes,
        storedBytes: totals.storedBytes,
        estimatedBytes: totals.estimatedBytes,
        runningStatus: options.runningStatus,
      });
      if (totals.done >= (options.upTo ?? totals.tasks)) return totals;
      await movement.look(totals);
      await follower.next(clock.elapsed() - started < CALM_AFTER_MS ? PROGRESS_MS : CALM_PROGRESS_MS);
    }
  } finally {
    follower.close();
  }
}

/** Looks whether anything moves, and what is to be done where it doesn't. */
class Movement {
  readonly #job: ClaimedJob;
  readonly #tools: EngineTools;
  #seen = '';
  #mostDone = 0;
  /** The fewest bytes that were seen in this half of its patience, and the most that this has been in any. */
  #fewestBytes = Number.POSITIVE_INFINITY;
  #mostOfFewest = -1;
  #halfAt: number;
  #movedAt: number;
  #sentAt: number;
  #reclaimedAt: number;
  #thinnedAt: number;

  constructor(job: ClaimedJob, tools: EngineTools) {
    this.#job = job;
    this.#tools = tools;
    this.#movedAt = this.#halfAt = this.#sentAt = this.#reclaimedAt = this.#thinnedAt = tools.clock.elapsed();
  }

  async look(totals: TaskTotals): Promise<void> {
    const { clock, jobs, queue, patienceMs } = this.#tools;
    const now = clock.elapsed();
    const seen = `${totals.done} ${totals.bytes} ${totals.storedBytes}`;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#sentAt = this.#reclaimedAt = now;
    }
    this.#measure(totals, now);
    if (totals.trouble !== null && now - this.#movedAt > patienceMs)
      throw new OutOfPatience(failureOf(totals.trouble));
    if (totals.running === 0 && totals.unpicked > 0 && now - this.#sentAt > RESEND_MS) {
      this.#sentAt = now;
      await queue.sendTokens(totals.unpicked);
    }
    if (now - this.#reclaimedAt > RECLAIM_MS) {
      this.#reclaimedAt = now;
      await this.#reclaim();
    }
    if (now - this.#thinnedAt > THIN_MS) {
      this.#thinnedAt = now;
      await jobs.thin(this.#job);
    }
  }

  /** A token that is ended by whoever had it before can't bring its task back when the engine dies that has it now. */
  async #reclaim(): Promise<void> {
    const { jobs, queue, tasks } = this.#tools;
    const count = await tasks.reclaim(this.#job, RECLAIM_MS);
    if (count === 0) return;
    const what = count === 1 ? 'A task' : `${count} tasks`;
    await jobs.log(this.#job.id, `${what} that nobody works on any more may begin again.`, 'warning');
    await queue.sendTokens(count);
  }

  /** What is read again and again, and lost each time, is no movement: bytes come and go with every try, and no more of them stay. */
  #measure({ done, bytes }: TaskTotals, now: number): void {
    if (done > this.#mostDone) {
      this.#mostDone = done;
      this.#movedAt = now;
    }
    this.#fewestBytes = Math.min(this.#fewestBytes, bytes);
    if (now - this.#halfAt < this.#tools.patienceMs / 2) return;
    if (this.#fewestBytes > this.#mostOfFewest) {
      this.#mostOfFewest = this.#fewestBytes;
      this.#movedAt = now;
    }
    this.#fewestBytes = Number.POSITIVE_INFINITY;
    this.#halfAt = now;
  }
}

/** What a task failed of. A moment that it couldn't read any more is lost to all. */
function failureOf({ code, message, hint }: JobError): HoldfastError {
  return new HoldfastError(code, message, hint === null ? {} : { hint });
}

/**
 * Does something that may take long, with a signal that aborts when the job must not go on; then throws what
 * `checkOnJob` throws, whatever became of the work.
 */
export async function whileRunning<T>(
  job: ClaimedJob,
  tools: EngineTools,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, tools.stopping]);
  const looking = repeat(tools.clock, CALM_PROGRESS_MS, () =>
    checkOnJob(job, tools).catch((reason: unknown) => {
      // A metadata store that doesn't answer right now is no reason to stop.
      if (isOrder(reason)) over.abort(reason);
    }),
  );
  try {
    return await work(signal);
  } catch (error) {
    if (over.signal.aborted) throw over.signal.reason;
    if (tools.stopping.aborted) throw new EngineStopping();
    throw error;
  } finally {
    await looking.stop();
  }
}

/** The share of the tasks' estimated work that is done, 0 to 1; 1 when there are none. */
export function shareDone(totals: TaskTotals): number {
  if (totals.tasks === 0) return 1;
  const byBytes = totals.estimatedBytes === 0 ? 1 : totals.doneEstimate / totals.estimatedBytes;
  // Empty tables have no bytes: counting tasks too keeps the bar moving.
  return 0.9 * byBytes + 0.1 * (totals.done / totals.tasks);
}
