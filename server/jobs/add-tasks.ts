import type { ClaimedJob, NewTask, TaskLedger } from './ledger.ts';

const ADDED_AT_A_TIME = 200;

/**
 * Records an attempt's tasks as they come, numbered from 1; answers how many. Holds a batch at a time: a metadata store that is away
 * has the batch wait, and the plan with it. `added` hears of each.
 */
export async function addTasks(
  ledger: TaskLedger,
  job: ClaimedJob,
  tasks: AsyncIterable<NewTask>,
  state: 'waiting' | 'held',
  added: (count: number) => Promise<void> = async () => undefined,
): Promise<number> {
  let count = 0;
  let batch: NewTask[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await ledger.add(job, batch, count + 1, state);
    count += batch.length;
    await added(batch.length);
    batch = [];
  };
  for await (const task of tasks) {
    batch.push(task);
    if (batch.length === ADDED_AT_A_TIME) await flush();
  }
  await flush();
  return count;
}
