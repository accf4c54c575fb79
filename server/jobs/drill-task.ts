import { z } from 'zod';
import { findTable } from '../cluster/descriptor.ts';
import { nameKey, objectNameSchema, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { rowsPrintSchema } from '../restore/drill/fingerprint.ts';
import { readBack } from '../restore/drill/read-back.ts';
import type { loadedSizes } from '../restore/chain.ts';
import type { RestoreItem } from '../restore/plan.ts';
import { clusterOf } from './job.ts';
import type { NewTask } from './ledger.ts';
import { loadResultSchema, loadTaskSchema, workLoadTask } from './load-task.ts';
import type { LoadContext } from './spec.ts';
import type { TaskWork } from './task-worker.ts';

/** Reads a table back that was restored; `table` is its name in the backup. */
const compareTaskSchema = z.object({ kind: z.literal('compare'), table: objectNameSchema });
const drillTaskSchema = z.union([compareTaskSchema, loadTaskSchema]);

/** What came of a drill's task. */
export const drillResultSchema = z.union([
  z.object({ readBack: z.object({ table: objectNameSchema, print: rowsPrintSchema }) }),
  loadResultSchema,
]);

/** The tables of what was restored, each to be read back. */
export function compareTasks(
  items: readonly RestoreItem[],
  sizes: ReturnType<typeof loadedSizes>,
): NewTask[] {
  return items.flatMap(({ descriptor }) => {
    if (descriptor.kind !== 'table') return [];
    const body: z.infer<typeof compareTaskSchema> = { kind: 'compare', table: descriptor.name };
    const estimatedBytes = sizes.get(nameKey(descriptor.name))?.bytes ?? 0;
    return [{ table: descriptor.name, node: null, locality: '', estimatedBytes, body }];
  });
}

/** Works one task of a DRILL: one of a restore, or the reading back of a table. */
export async function workDrillTask(
  from: readonly string[],
  context: LoadContext,
  work: TaskWork,
): Promise<void> {
  const step = drillTaskSchema.parse(work.task.body);
  if (step.kind !== 'compare') return workLoadTask(from, context, work);
  const { tools, signal } = work;
  const table = findTable(context.descriptors, step.table);
  const database = context.databases[step.table.database];
  if (table === undefined || database === undefined)
    throw new HoldfastError(
      'internal',
      `the plan lacks what is needed to compare "${printName(step.table)}"`,
    );
  const cluster = await tools.clusters.connect(clusterOf(work));
  const { print, bytes } = await tools.turns.during(() =>
    readBack(
      cluster,
      { ...table.name, database },
      {
        signal,
        // Rows are counted when they are loaded.
        onProgress: (read) => work.report({ rows: 0, bytes: read, storedBytes: 0 }),
      },
    ),
  );
  const result: z.infer<typeof drillResultSchema> = { readBack: { table: step.table, print } };
  await work.finish({ rows: 0, bytes, storedBytes: 0 }, result);
}
