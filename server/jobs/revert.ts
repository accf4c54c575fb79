import { messageOf } from '../errors.ts';
import type { JobError } from './job.ts';
import { doingOf } from './kinds.ts';
import type { ClaimedJob } from './ledger.ts';
import { isOrder, mayPass } from './outcome.ts';
import { awaitQuiet } from './pause.ts';
import type { EngineTools } from './tools.ts';

/** Has what the job wrote removed from now on; it ends as `to` after that. */
export async function startRevert(
  job: ClaimedJob,
  tools: EngineTools,
  to: 'canceled' | 'failed',
  error: JobError | null,
): Promise<void> {
  if (await tools.jobs.startRevert(job, to, error)) job.revertsTo = to;
}

/**
 * Removes what the job wrote, and nothing else; then ends it. Throws for what may pass as long as the job is patient, to be
 * tried again; what can't be removed at last stays, and the log says so.
 */
export async function revert(job: ClaimedJob, tools: EngineTools): Promise<void> {
  // Who still writes would write after the removal.
  await awaitQuiet(job, tools);
  let complete = false;
  try {
    complete = (await doingOf(job.spec).undo(job, tools)) === 'complete';
  } catch (error) {
    if (isOrder(error)) throw error;
    const { stillMs } = await tools.jobs.standing(job.id);
    if (mayPass(error) && stillMs < tools.patienceMs) throw error;
    await tools.jobs.log(job.id, `Not everything could be removed: ${messageOf(error)}`, 'warning');
  }
  if (complete) await tools.jobs.advance(job, 1, 'done');
  await tools.jobs.transition(job, ['reverting'], complete ? 'succeeded' : (job.revertsTo ?? 'canceled'));
}
