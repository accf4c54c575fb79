import type { RestorePhase } from '../restore/phases.ts';
import { addTasks } from './add-tasks.ts';
import { awaitTasks } from './await-tasks.ts';
import type { ClaimedJob, NewTask, TaskTotals } from './ledger.ts';
import { filesOf } from './load-task.ts';
import type { LoadTask } from './load-task.ts';
import type { LoadContext } from './spec.ts';
import type { EngineTools } from './tools.ts';

/** What is recorded of a restore's phases. */
export type NotedPhases = LoadContext['phases'];

export function phasesToNote(phases: readonly RestorePhase[]): NotedPhases {
  return phases.map(({ status, steps }) => ({ status, tasks: steps.length }));
}

/** Notes all steps of a restore as tasks, and what comes `after` them, held: so that the bar knows the whole way. */
export async function noteSteps(
  job: ClaimedJob,
  tools: EngineTools,
  phases: readonly RestorePhase[],
  after: readonly NewTask[],
): Promise<void> {
  await addTasks(tools.tasks, job, newTasks(phases, after), 'held');
}

/**
 * Hands the noted steps out, a phase when the one before it is over, and waits for the last; those that are done already stay
 * so. The bar goes by `fractionOf`. Throws what `awaitTasks` throws.
 */
export async function runPhases(
  job: ClaimedJob,
  tools: EngineTools,
  phases: NotedPhases,
  fractionOf: (totals: TaskTotals) => number,
): Promise<void> {
  let upTo = 0;
  for (const { status, tasks } of phases) {
    upTo += tasks;
    await tools.tasks.unhold(job, upTo);
    await tools.queue.sendTokens((await tools.tasks.totals(job)).unpicked);
    await awaitTasks(job, tools, {
      fractionOf,
      runningStatus: status,
      upTo,
    });
  }
}

async function* newTasks(
  phases: readonly RestorePhase[],
  after: readonly NewTask[],
): AsyncGenerator<NewTask, void> {
  for (const { steps } of phases)
    for (const step of steps) {
      const body: LoadTask = step;
      const { table, files } = filesOf(step);
      // Estimates are of the rows that are loaded: what is removed for them is read from the same files once more.
      const estimatedBytes =
        step.kind === 'remove' ? 0 : files.reduce((sum, { file }) => sum + file.rawBytes, 0);
      yield await Promise.resolve({ table, node: null, locality: '', estimatedBytes, body });
    }
  yield* after;
}
