import { HoldfastError, messageOf } from '../errors.ts';
import { removeBackupFiles } from './backup-files.ts';
import { runBackup } from './backup-job.ts';
import type { JobId } from './job.ts';
import { CancelRequested, EngineStopping, mayPass, MomentLost, Superseded } from './outcome.ts';
import { runRestore, undoRestore } from './restore-job.ts';
import { jobErrorOf } from './store.ts';
import type { ClaimedJob } from './store.ts';
import type { EngineTools } from './tools.ts';

/** A job whose attempts ended this often through no fault of its own is failed with the last reason. */
const MOST_ATTEMPTS = 20;

/**
 * Coordinates a job that the queue handed out, from wherever an earlier coordinator left it to its end. Throws
 * only to have the queue hand it out again: when this engine stops, or what failed may pass.
 */
export async function coordinate(jobId: JobId, tools: EngineTools): Promise<void> {
  for (;;) {
    if (tools.stopping.aborted) throw new EngineStopping();
    const job = await tools.jobs.claim(jobId, tools.engine);
    if (job === null) return;
    const { state } = await tools.jobs.standing(jobId);
    if (state === 'cancel-requested' || state === 'reverting') {
      await revert(job, tools, await endFor(job, tools));
      return;
    }
    if (job.attempt > 1) {
      await tools.jobs.log(jobId, `Attempt ${job.attempt}, by ${tools.engine}: starting over.`, 'warning');
    }
    try {
      if (job.spec.kind === 'backup') await runBackup(job, job.spec, tools);
      else await runRestore(job, job.spec, tools);
      await tools.jobs.advance(jobId, 1, 'done');
      await tools.jobs.transition(jobId, ['running', 'cancel-requested'], 'succeeded');
      return;
    } catch (error) {
      if (await settle(job, error, tools)) return;
    }
  }
}

/** What a reverting job ends as: canceled, unless it was reverting because it had failed. */
async function endFor(job: ClaimedJob, tools: EngineTools): Promise<'canceled' | 'failed'> {
  return (await tools.jobs.failureOf(job.id)) === null ? 'canceled' : 'failed';
}

/** Deals with what ended an attempt; answers whether the job is over for this coordinator. */
async function settle(job: ClaimedJob, error: unknown, tools: EngineTools): Promise<boolean> {
  if (error instanceof Superseded) return true;
  if (error instanceof EngineStopping || tools.stopping.aborted) throw error;
  if (error instanceof CancelRequested) {
    await revert(job, tools, 'canceled');
    return true;
  }
  if (error instanceof MomentLost && job.attempt < MOST_ATTEMPTS) {
    await tools.jobs.log(job.id, `The moment was lost (${error.message}): taking a new one.`, 'warning');
    return false;
  }
  if (mayPass(error) && job.attempt < MOST_ATTEMPTS) {
    await tools.jobs.log(job.id, `${messageOf(error)} Trying again.`, 'warning');
    throw error;
  }
  if (!(error instanceof HoldfastError)) tools.logger.error({ err: error, jobId: job.id }, 'job failed');
  await tools.jobs.transition(job.id, ['running', 'cancel-requested'], 'reverting', jobErrorOf(error));
  await revert(job, tools, 'failed');
  return true;
}

/** Removes what the job wrote, and nothing else; then ends it. */
async function revert(job: ClaimedJob, tools: EngineTools, end: 'canceled' | 'failed'): Promise<void> {
  await tools.jobs.transition(job.id, ['running', 'cancel-requested'], 'reverting');
  let complete = false;
  try {
    if (job.spec.kind === 'backup') await removeBackupFiles(job, job.spec, tools);
    else complete = (await undoRestore(job, tools)) === 'complete';
  } catch (error) {
    if (mayPass(error) && job.attempt < MOST_ATTEMPTS) throw error;
    await tools.jobs.log(job.id, `Not everything could be removed: ${messageOf(error)}`, 'warning');
  }
  const failure = await tools.jobs.failureOf(job.id);
  await tools.jobs.transition(
    job.id,
    ['reverting'],
    complete ? 'succeeded' : end,
    end === 'failed' ? failure : null,
  );
}
