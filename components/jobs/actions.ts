import type { JobState } from '../../server/jobs/job.ts';

/** What root can ask of a job. */
export type JobAction = 'pause' | 'resume' | 'cancel';

const ACTIONS: Record<JobState, readonly JobAction[]> = {
  pending: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  resuming: ['pause', 'cancel'],
  'pause-requested': [],
  paused: ['resume', 'cancel'],
  'cancel-requested': [],
  reverting: [],
  canceled: [],
  succeeded: [],
  failed: [],
};

/** What a page offers of a job in this state: what would change something, and is not refused. */
export function actionsFor(state: JobState): readonly JobAction[] {
  return ACTIONS[state];
}
