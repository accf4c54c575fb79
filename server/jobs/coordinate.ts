import { HoldfastError } from '../errors.ts';
import type { JobId } from './job.ts';
import { doingOf } from './kinds.ts';
import type { ClaimedJob } from './ledger.ts';
import { Lease } from './lease.ts';
import { CancelRequested, EngineStopping, MomentLost, PauseRequested, Superseded } from './outcome.ts';
import { pauseJob } from './pause.ts';
import { pauseFor, remedy } from './remedy.ts';
import { revert, startRevert } from './revert.ts';
import { jobErrorOf } from './store.ts';
import { RETRY_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** A job that lost its moment this often is not begun once more by itself. */
const MOST_ATTEMPTS = 20;

/**
 * Coordinates a job from wherever an earlier coordinator left it to its end, or to where it can't go on now: then it lets go of
 * it, for another engine, or for later. Never throws.
 */
export async function coordinate(jobId: JobId, tools: EngineTools): Promise<void> {
  const { jobs, logger } = tools;
  try {
    const lease = await Lease.take(jobId, tools);
    if (lease === null) return;
    const { job } = lease;
    let retryAfterMs: number | undefined;
    try {
      await toItsEnd(job, { ...tools, openStore: lease.guarding(tools.openStore) });
    } catch (error) {
      if (error instanceof Superseded) return;
      if (!(error instanceof EngineStopping)) {
        retryAfterMs = RETRY_MS;
        logger.warn({ err: error, jobId }, 'job can’t go on now');
      }
    } finally {
      await lease.stop();
    }
    await jobs.release(job, retryAfterMs);
    if (tools.stopping.aborted) await tools.queue.sendJob(jobId);
  } catch (error) {
    logger.warn({ err: error, jobId }, 'job could not be coordinated');
  }
}

async function toItsEnd(job: ClaimedJob, tools: EngineTools): Promise<void> {
  for (;;) {
    if (tools.stopping.aborted) throw new EngineStopping();
    const { state, epoch } = await tools.jobs.standing(job.id);
    if (epoch !== job.epoch) throw new Superseded();
    switch (state) {
      case 'running':
        await run(job, tools);
        break;
      case 'pause-requested':
        await pauseJob(job, tools);
        break;
      case 'cancel-requested':
        await startRevert(job, tools, 'canceled', null);
        break;
      case 'reverting':
        await revert(job, tools);
        break;
      default:
        return;
    }
  }
}

/** Runs the job until it is done, or to where its state says what is next. */
async function run(job: ClaimedJob, tools: EngineTools): Promise<void> {
  try {
    await doingOf(job.spec).run(job, tools);
    await tools.jobs.advance(job, 1, 'done');
    await tools.jobs.transition(job, ['running', 'pause-requested', 'cancel-requested'], 'succeeded');
  } catch (error) {
    await settle(job, error, tools);
  }
}

/** Deals with what ended a run. Throws what has the job let go of. */
async function settle(job: ClaimedJob, error: unknown, tools: EngineTools): Promise<void> {
  if (error instanceof Superseded || error instanceof EngineStopping) throw error;
  // Its state says it.
  if (error instanceof CancelRequested || error instanceof PauseRequested) return;
  if (error instanceof MomentLost) {
    if (job.attempt % MOST_ATTEMPTS === 0) {
      await pauseFor(job, new HoldfastError('unreadable-moment', error.message), tools);
      return;
    }
    return tools.jobs.log(job.id, `The moment was lost: ${error.message}`, 'warning');
  }
  const found = await remedy(job, error, tools);
  if (found === 'pause') return;
  if (found === 'retry') throw error;
  if (!(error instanceof HoldfastError)) tools.logger.error({ err: error, jobId: job.id }, 'job failed');
  await startRevert(job, tools, 'failed', jobErrorOf(error));
}
