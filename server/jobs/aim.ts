import type { Metadata } from '../metadata/open.ts';
import type { AimedTask, ClaimedJob, WaitingTask } from './ledger.ts';

/** Implements TaskLedger.waiting. */
export async function waitingTasks(
  { db }: Metadata,
  { id, attempt }: ClaimedJob,
  after: number,
  most: number,
): Promise<WaitingTask[]> {
  const rows = await db
    .selectFrom('tasks')
    .select(['id', 'table_name', 'node', 'body'])
    .where('job_id', '=', id)
    .where('attempt', '=', attempt)
    .where('id', '>', after)
    .where('state', '=', 'waiting')
    .where('token', 'is', null)
    .orderBy('id')
    .limit(most)
    .execute();
  return rows.map(({ table_name, ...row }) => ({ ...row, table: table_name }));
}

/** Implements TaskLedger.aim: the job's row is locked, so that nobody claims it meanwhile; each task's says whether it waits still. */
export function aimTasks(
  { db }: Metadata,
  { id, attempt, epoch }: ClaimedJob,
  tasks: readonly AimedTask[],
): Promise<number[]> {
  return db.transaction().execute(async (tx) => {
    const claim = await tx
      .selectFrom('jobs')
      .select('id')
      .where('id', '=', id)
      .where('attempt', '=', attempt)
      .where('epoch', '=', epoch)
      .forShare()
      .executeTakeFirst();
    const aimed: number[] = [];
    if (claim === undefined) return aimed;
    for (const task of tasks) {
      const { numUpdatedRows } = await tx
        .updateTable('tasks')
        .set({ node: task.node, locality: task.locality, body: JSON.stringify(task.body) })
        .where('job_id', '=', id)
        .where('attempt', '=', attempt)
        .where('id', '=', task.id)
        .where('state', '=', 'waiting')
        .where('token', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows === 1n) aimed.push(task.id);
    }
    return aimed;
  });
}
