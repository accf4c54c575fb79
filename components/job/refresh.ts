import { isFinal } from '../../server/jobs/job.ts';
import type { JobState } from '../../server/jobs/job.ts';

/** How often what a page shows of a job is asked for anew, in milliseconds; a change of its state has all asked for. */
export function refreshMs(state: JobState): number | false {
  return isFinal(state) || state === 'paused' ? false : 2_000;
}
