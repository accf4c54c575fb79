import type { Transaction } from 'kysely';
import type { Metadata } from '../metadata/open.ts';
import type { MetadataTables } from '../metadata/schema.ts';
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

/** Implements TaskLedger.aim, for a claim that is the latest: each task's row says whether it waits still. */
export async function aimTasks(
  tx: Transaction<MetadataTables>,
  { id, attempt }: ClaimedJob,
  tasks: readonly AimedTask[],
): Promise<number[]> {
  const aimed: number[] = [];
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
}
