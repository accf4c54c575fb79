import { HoldfastError } from '../errors.ts';
import type { JobId, JobState } from './job.ts';

/** What root asks of a job: PAUSE JOB, RESUME JOB, CANCEL JOB. */
export type JobRequest = 'pause' | 'resume' | 'cancel';

export interface RequestedJob {
  id: JobId;
  state: JobState;
  /** What it ends as once what it wrote is removed; null as long as it isn't to be. */
  revertsTo: 'canceled' | 'failed' | null;
}

/**
 * The state that a job comes to by a request; null where it is there or on the way already. Throws `job-state` in
 * CockroachDB's words where the request is none for its state, which is so for the same states as there (21.1,
 * `pkg/jobs/jobs.go`: pauseRequested, unpaused, cancelRequested), but for a job that nobody has begun: that one is paused or
 * canceled at once.
 */
export function afterRequest(request: JobRequest, job: RequestedJob): JobState | null {
  switch (request) {
    case 'pause':
      return afterPause(job);
    case 'resume':
      return afterResume(job);
    case 'cancel':
      return afterCancel(job);
  }
}

function afterPause({ state }: RequestedJob): JobState | null {
  switch (state) {
    case 'paused':
    case 'pause-requested':
      return null;
    case 'pending':
    case 'resuming':
      return 'paused';
    case 'running':
    case 'reverting':
      return 'pause-requested';
    default:
      throw refused(state, 'cannot be requested to be paused');
  }
}

function afterResume({ id, state }: RequestedJob): JobState | null {
  switch (state) {
    case 'running':
    case 'reverting':
    case 'resuming':
      return null;
    case 'paused':
      return 'resuming';
    case 'pause-requested':
      throw refused(state, 'cannot be resumed', `Wait until it is paused: SHOW JOB ${id} tells.`);
    default:
      throw refused(state, 'cannot be resumed');
  }
}

function afterCancel({ id, state, revertsTo }: RequestedJob): JobState | null {
  switch (state) {
    case 'canceled':
    case 'cancel-requested':
      return null;
    case 'pending':
      return 'canceled';
    case 'running':
    case 'resuming':
      return 'cancel-requested';
    case 'paused':
      if (revertsTo === null) return 'cancel-requested';
      throw refused(
        state,
        'cannot be requested to be canceled',
        `What it wrote is being removed already: RESUME JOB ${id} has that go on.`,
      );
    case 'reverting':
      if (revertsTo === 'canceled') return null;
      throw refused(state, 'cannot be requested to be canceled', 'What it wrote is being removed already.');
    case 'pause-requested':
      throw refused(
        state,
        'cannot be requested to be canceled',
        `Wait until it is paused: SHOW JOB ${id} tells.`,
      );
    default:
      throw refused(state, 'cannot be requested to be canceled');
  }
}

function refused(state: JobState, what: string, hint?: string): HoldfastError {
  return new HoldfastError('job-state', `job with status ${state} ${what}`, {
    hint: hint ?? HINTS[state] ?? 'SHOW JOBS lists the jobs.',
  });
}

const HINTS: Partial<Record<JobState, string>> = {
  succeeded: 'The job has ended.',
  failed: 'The job has ended. Run the statement again.',
  canceled: 'The job has ended. Run the statement again.',
  pending: 'No engine has begun it yet.',
  'cancel-requested': 'It is being canceled.',
};
