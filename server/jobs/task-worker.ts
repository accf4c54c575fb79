import { repeat } from '../clock.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError, messageOf, sentenceOf } from '../errors.ts';
import type { MergeIndexes } from '../restore/merge/indexes.ts';
import type { Deputies } from './deputies.ts';
import { doingOf } from './kinds.ts';
import type { PickedTask, TaskProgress } from './ledger.ts';
import { EngineStopping, mayPass, NoRoom } from './outcome.ts';
import { jobErrorOf } from './store.ts';
import type { StorageWaits } from './storage-waits.ts';
import { FIRST_LATER_MS, LATER_PLACE_MS, LONGEST_LATER_MS, REPORT_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** Of a task that fails again and again, so many failures are logged each, and then every tenth. */
const LOGGED_EACH = 3;

/** What an engine works tasks with. */
export interface WorkerTools extends EngineTools {
  deputies: Deputies;
  waits: StorageWaits;
  indexes: MergeIndexes;
}

/** One try of one task, as the work itself sees it. */
export interface TaskWork {
  tools: WorkerTools;
  cluster: string | null;
  task: PickedTask;
  /** Aborts when the engine stops, or the try doesn't count any more. */
  signal: AbortSignal;
  /** Notes how far the task is; written to the metadata store now and then. */
  report(progress: TaskProgress): void;
  /** Records the name of a file before anything is written under it. Throws where nothing may be written any more. */
  willWrite(file: string): Promise<void>;
  /** Records the result; answers false when another try was first. */
  finish(progress: TaskProgress, result: object): Promise<boolean>;
}

/**
 * Works the task that a token of the queue brings. Throws to have the token given out again, which then brings the same task; a
 * failure that trying again won't mend gives the task up, and its job with it.
 *
 * What waits for the limits does not keep its place for ever: what fills them may be tasks of an engine that is gone, whose tokens
 * need somebody who takes them.
 */
export async function workToken(token: string, tools: WorkerTools): Promise<void> {
  const until = tools.clock.elapsed() + LATER_PLACE_MS;
  for (let wait = FIRST_LATER_MS; ; wait = Math.min(2 * wait, LONGEST_LATER_MS)) {
    if (tools.stopping.aborted) throw new EngineStopping();
    const picked = await tools.tasks.pick(token, tools.engine, tools.limits);
    if (picked.kind === 'nothing') return;
    if (picked.kind === 'task') return workTask(picked.task, tools);
    if (tools.clock.elapsed() > until) throw new NoRoom();
    await tools.clock.sleep(wait, tools.stopping);
  }
}

async function workTask(task: PickedTask, tools: WorkerTools): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, tools.stopping]);
  let latest: TaskProgress = { rows: 0, bytes: 0, storedBytes: 0 };
  const reporting = repeat(tools.clock, REPORT_MS, async () => {
    try {
      if (!(await tools.tasks.progress(task, latest))) over.abort(new Error('the attempt is over'));
    } catch (error) {
      tools.logger.warn({ err: error, jobId: task.jobId, taskId: task.id }, 'progress could not be recorded');
    }
  });
  try {
    if (task.formerEngine !== null)
      await tools.jobs.log(
        task.jobId,
        `${taskWords(task)} goes on with ${tools.engine.name}: ${task.formerEngine} did not end it.`,
        'warning',
      );
    const [job, shared] = await Promise.all([tools.jobs.load(task.jobId), tools.tasks.shared(task)]);
    const work: TaskWork = {
      tools,
      cluster: job.cluster,
      task,
      signal,
      report: (progress) => {
        latest = progress;
      },
      willWrite: async (file) => {
        if (await tools.tasks.willWrite(task, file)) return;
        over.abort(new Error('the attempt is over'));
        signal.throwIfAborted();
      },
      finish: (progress, result) => tools.tasks.finish(task, progress, result),
    };
    await doingOf(job.spec).work(shared, work);
  } catch (error) {
    await settle(task, error, over.signal, tools);
  } finally {
    await reporting.stop();
  }
}

/** Deals with what ended a try. */
async function settle(
  task: PickedTask,
  error: unknown,
  over: AbortSignal,
  tools: EngineTools,
): Promise<void> {
  if (over.aborted || tools.stopping.aborted) {
    await tools.tasks.giveBack(task);
    // The token finds something else to do, here or elsewhere.
    if (tools.stopping.aborted) throw new EngineStopping();
    return;
  }
  if (!(error instanceof HoldfastError) && !mayPass(error))
    tools.logger.error({ err: error, jobId: task.jobId, taskId: task.id }, 'task failed');
  if (!(await isWorthAnotherTry(task, error, tools))) {
    await tools.tasks.fail(task, jobErrorOf(error));
    return;
  }
  await tools.tasks.trouble(task, jobErrorOf(error));
  if (task.tries <= LOGGED_EACH || task.tries % 10 === 0)
    await tools.jobs.log(
      task.jobId,
      `${taskWords(task)} failed on ${tools.engine.name}, try ${task.tries}: ${sentenceOf(messageOf(error))} Trying again.`,
      'warning',
    );
  throw error;
}

function taskWords({ id, table, node }: PickedTask): string {
  return `Task ${id} (${printName(table)}${node === null ? '' : `, node ${node}`})`;
}

async function isWorthAnotherTry(task: PickedTask, error: unknown, tools: EngineTools): Promise<boolean> {
  if (mayPass(error)) return true;
  if (!(error instanceof HoldfastError)) return false;
  // Damage may have been done on the way here: it is believed when it is seen twice.
  if (error.code === 'corrupt-backup') return task.tries === 1;
  // What the moment is called may have changed with the coordinator.
  if (error.code === 'unreadable-moment') return (await tools.jobs.standing(task.jobId)).epoch !== task.epoch;
  return false;
}
