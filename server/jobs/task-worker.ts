import { HoldfastError, messageOf } from '../errors.ts';
import { exportContextOf, workExportTask } from './export-task.ts';
import type { JobId } from './job.ts';
import { loadContextOf, workLoadTask } from './load-task.ts';
import { mayPass } from './outcome.ts';
import type { QueuedTask } from './queue.ts';
import { jobErrorOf } from './store.ts';
import type { TaskProgress, TaskRow } from './tasks.ts';
import type { EngineTools } from './tools.ts';

const REPORT_MS = 500;
/** A task that failed this often for reasons that may pass fails its job. */
const MOST_TRIES = 5;

/** One try of one task, as the work itself sees it. */
export interface TaskWork {
  tools: EngineTools;
  jobId: JobId;
  attempt: number;
  /** Tries before this one. */
  retries: number;
  cluster: string;
  row: TaskRow;
  /** Aborts when the engine stops, or the attempt that the task belongs to is over. */
  signal: AbortSignal;
  /** Notes how far the task is; written to the metadata store now and then. */
  report(progress: TaskProgress): void;
  /** Records the result; answers false when another try was first. */
  finish(progress: TaskProgress, result: object): Promise<boolean>;
}

/**
 * Works a task that the queue handed out. A task whose attempt is over is dropped. Throws to have the queue try
 * again; a failure that trying again won't mend fails the task, and with it the job.
 */
export async function workTask(queued: QueuedTask, tools: EngineTools): Promise<void> {
  const { jobId, attempt, taskId } = queued;
  const row = await tools.tasks.take(jobId, attempt, taskId, tools.engine);
  if (row === null) return;
  const job = await tools.jobs.load(jobId);
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, tools.stopping]);
  let latest: TaskProgress = { rows: 0, bytes: 0, storedBytes: 0 };
  let reporting: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    reporting = reporting
      .then(async () => {
        if (!(await tools.tasks.progress(jobId, attempt, taskId, latest)))
          over.abort(new Error('the attempt is over'));
      })
      .catch((error: unknown) => {
        tools.logger.warn({ err: error, jobId, taskId }, 'progress could not be recorded');
      });
  }, REPORT_MS);
  const work: TaskWork = {
    tools,
    jobId,
    attempt,
    retries: queued.retries,
    cluster: job.cluster,
    row,
    signal,
    report: (progress) => {
      latest = progress;
    },
    finish: (progress, result) => tools.tasks.finish(jobId, attempt, taskId, progress, result),
  };
  try {
    const shared = await tools.tasks.shared(jobId, attempt);
    if (job.spec.kind === 'backup') await workExportTask(job.spec, exportContextOf(shared), work);
    else await workLoadTask(job.spec, loadContextOf(shared), work);
  } catch (error) {
    if (over.signal.aborted) return;
    if (tools.stopping.aborted) throw error;
    if (!(error instanceof HoldfastError)) tools.logger.error({ err: error, jobId, taskId }, 'task failed');
    if (isWorthAnotherTry(error, queued.retries)) {
      await tools.jobs.log(jobId, `Task ${taskId}: ${messageOf(error)} Trying again.`, 'warning');
      throw error;
    }
    await tools.tasks.fail(jobId, attempt, taskId, jobErrorOf(error));
  } finally {
    clearInterval(timer);
    await reporting;
  }
}

/** Damage may have been done on the way here: it is believed when it is seen twice. */
function isWorthAnotherTry(error: unknown, retries: number): boolean {
  if (error instanceof HoldfastError && error.code === 'corrupt-backup') return retries === 0;
  return mayPass(error) && retries + 1 < MOST_TRIES;
}
