import { HoldfastError } from '../errors.ts';
import type { ClaimedJob } from './store.ts';
import { CancelRequested, EngineStopping, isOrder, MomentLost, Superseded } from './outcome.ts';
import type { TaskTotals } from './tasks.ts';
import type { EngineTools } from './tools.ts';

/** How often a job is looked at for its progress; that a task has ended is known at once. */
const PROGRESS_MS = 500;
const CALM_PROGRESS_MS = 1_000;
const CALM_AFTER_MS = 10_000;

/** Throws when the job must not go on: root cancelled it, this engine stops, another coordinator has it. */
export async function checkOnJob(job: ClaimedJob, tools: EngineTools): Promise<void> {
  if (tools.stopping.aborted) throw new EngineStopping();
  const { state, attempt } = await tools.jobs.standing(job.id);
  if (attempt !== job.attempt) throw new Superseded();
  if (state === 'cancel-requested') throw new CancelRequested();
  if (state !== 'running') throw new Superseded();
}

/**
 * Waits until all of the attempt's tasks are done, or as many as `upTo` where the others are not handed out yet;
 * records progress as `fractionOf` and `runningStatus` have it. Throws a task's failure, MomentLost when `lost` aborts, and what `checkOnJob` throws.
 */
export async function awaitTasks(
  job: ClaimedJob,
  tools: EngineTools,
  options: {
    lost?: AbortSignal;
    fractionOf: (totals: TaskTotals) => number;
    runningStatus: string;
    upTo?: number;
  },
): Promise<TaskTotals> {
  const started = performance.now();
  const follower = tools.jobs.follow(job.id);
  try {
    for (;;) {
      await checkOnJob(job, tools);
      const totals = await tools.tasks.totals(job.id, job.attempt);
      if (options.lost?.aborted === true) throw new MomentLost(options.lost.reason);
      if (totals.failure !== null) {
        const { code, message, hint } = totals.failure;
        throw new HoldfastError(code, message, hint === null ? {} : { hint });
      }
      await tools.jobs.progress(job.id, {
        fraction: options.fractionOf(totals),
        rows: totals.rows,
        bytes: totals.bytes,
        storedBytes: totals.storedBytes,
        estimatedBytes: totals.estimatedBytes,
        runningStatus: options.runningStatus,
      });
      if (totals.done >= (options.upTo ?? totals.tasks)) return totals;
      await follower.next(performance.now() - started < CALM_AFTER_MS ? PROGRESS_MS : CALM_PROGRESS_MS);
    }
  } finally {
    follower.close();
  }
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
  const timer = setInterval(() => {
    checkOnJob(job, tools).catch((reason: unknown) => {
      // A metadata store that doesn't answer right now is no reason to stop.
      if (isOrder(reason)) over.abort(reason);
    });
  }, CALM_PROGRESS_MS);
  try {
    return await work(signal);
  } catch (error) {
    if (over.signal.aborted) throw over.signal.reason;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** The share of the tasks' estimated work that is done, 0 to 1; 1 when there are none. */
export function shareDone(totals: TaskTotals): number {
  if (totals.tasks === 0) return 1;
  const byBytes = totals.estimatedBytes === 0 ? 1 : totals.doneEstimate / totals.estimatedBytes;
  // Empty tables have no bytes: counting tasks too keeps the bar moving.
  return 0.9 * byBytes + 0.1 * (totals.done / totals.tasks);
}
