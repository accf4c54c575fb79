import type { RestorePhase } from '../restore/phases.ts';
import { awaitTasks, shareDone } from './await-tasks.ts';
import { tableOf } from './load-task.ts';
import type { LoadTask } from './load-task.ts';
import type { ClaimedJob } from './store.ts';
import type { NewTask } from './tasks.ts';
import type { EngineTools } from './tools.ts';

/**
 * Hands the steps of a restore out as tasks, a phase when the one before it is over, and waits for the last. The bar goes
 * to `share`. Throws what `awaitTasks` throws.
 */
export async function runPhases(
  job: ClaimedJob,
  tools: EngineTools,
  phases: readonly RestorePhase[],
  share: number,
): Promise<void> {
  // All are noted down at once, so that the bar knows the whole way; the queue gets a phase's tasks when their time comes.
  await tools.tasks.add(job.id, job.attempt, newTasks(phases), () => Promise.resolve());
  let sent = 0;
  for (const { status, steps } of phases) {
    const first = sent + 1;
    sent += steps.length;
    await tools.queue.sendTasks(
      job.id,
      job.attempt,
      Array.from(steps, (_, index) => first + index),
    );
    await awaitTasks(job, tools, {
      fractionOf: (totals) => share * shareDone(totals),
      runningStatus: status,
      upTo: sent,
    });
  }
}

async function* newTasks(phases: readonly RestorePhase[]): AsyncGenerator<NewTask, void> {
  for (const { steps } of phases)
    for (const step of steps) {
      const body: LoadTask = step;
      // Estimates are of the rows that are loaded: what is removed for them is read from the same files once more.
      const estimatedBytes = step.kind === 'load' ? step.file.rawBytes : 0;
      yield await Promise.resolve({ table: tableOf(step), node: null, estimatedBytes, body });
    }
}
