import type { JobState } from '../../server/jobs/job.ts';

/** What root can ask of a job. */
export type JobAction = 'pause' | 'resume' | 'cancel';

const ACTIONS: Record<JobState, readonly JobAction[]> = {
  pending: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  resuming: ['pause', 'cancel'],
  'pause-requested': ['cancel'],
  paused: ['resume', 'cancel'],
  'cancel-requested': [],
  reverting: [],
  canceled: [],
  succeeded: [],
  failed: [],
};

/** What can be asked of a job in this state that would change something. */
export function actionsFor(state: JobState): readonly JobAction[] {
  return ACTIONS[state];
}
