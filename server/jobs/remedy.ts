import { messageOf } from '../errors.ts';
import type { ClaimedJob } from './ledger.ts';
import { isMendable, mayPass, OutOfPatience } from './outcome.ts';
import { jobErrorOf } from './store.ts';
import type { EngineTools } from './tools.ts';

/**
 * What is done about an error that ended a run: the job pauses, for somebody to see to it; it is tried again after a while; or
 * there is nothing to be done, and the job fails.
 */
export type Remedy = 'pause' | 'retry' | 'none';

/** Finds what is to be done, says so to the job, and answers it: from then on the job is to pause, where it is that. */
export async function remedy(job: ClaimedJob, error: unknown, tools: EngineTools): Promise<Remedy> {
  if (error instanceof OutOfPatience) return pauseFor(job, error.reason, tools);
  if (mayPass(error)) {
    const { stillMs } = await tools.jobs.standing(job.id);
    if (stillMs > tools.patienceMs) return pauseFor(job, error, tools);
    await tools.jobs.log(job.id, `${messageOf(error)} Trying again.`, 'warning');
    return 'retry';
  }
  if (isMendable(error) && (await tools.tasks.totals(job)).done > 0) return pauseFor(job, error, tools);
  return 'none';
}

/** Has the job pause by itself: somebody has to see to why, and what is done shall stay done. */
export async function pauseFor(job: ClaimedJob, error: unknown, tools: EngineTools): Promise<'pause'> {
  const reason = jobErrorOf(error);
  const hint = `${reason.hint === null ? '' : `${reason.hint} `}RESUME JOB ${job.id} has it go on.`;
  if (await tools.jobs.transition(job, ['running'], 'pause-requested', { ...reason, hint }))
    await tools.jobs.log(job.id, `Pausing: ${reason.message}`, 'warning');
  return 'pause';
}
