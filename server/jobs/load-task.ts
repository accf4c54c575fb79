import { z } from 'zod';
import { findTable } from '../cluster/descriptor.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { dataFileSchema } from '../format/manifest.ts';
import { loadFile } from '../restore/load.ts';
import type { RestoreStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import { loadContextSchema } from './spec.ts';
import type { LoadContext } from './spec.ts';
import type { TaskWork } from './task-worker.ts';

/** One load task: one data file into its table. */
export const loadTaskSchema = z.object({
  kind: z.literal('load'),
  layer: z.number().int(),
  file: dataFileSchema,
});
export type LoadTask = z.infer<typeof loadTaskSchema>;

/** Works one task of a RESTORE: one data file's rows into their table. */
export async function workLoadTask(
  statement: RestoreStatement,
  context: LoadContext,
  work: TaskWork,
): Promise<void> {
  const { tools, row, signal } = work;
  const { file, layer } = loadTaskSchema.parse(row.body);
  const url = statement.from[layer];
  const table = findTable(context.descriptors, file.table);
  const database = context.databases[file.table.database];
  if (table === undefined || url === undefined || database === undefined) {
    throw new HoldfastError('internal', `the plan lacks what is needed to load "${printName(file.table)}"`);
  }
  const location = parseLocation(url, 'source');
  const store = tools.openStore(location);
  try {
    const cluster = await tools.clusters.connect(work.cluster);
    const share = file.rawBytes === 0 ? 0 : 1 / file.rawBytes;
    const { rows } = await loadFile(
      cluster,
      store,
      location,
      { restore: work.jobId, database, table, file },
      {
        signal,
        onProgress: (bytes) => {
          const done = bytes * share;
          work.report({
            rows: Math.floor(file.rows * done),
            bytes,
            storedBytes: Math.floor(file.bytes * done),
          });
        },
      },
    );
    await work.finish({ rows, bytes: file.rawBytes, storedBytes: file.bytes }, { rows });
  } finally {
    await store.close();
  }
}

/** Reads what an attempt's load tasks share. */
export function loadContextOf(shared: unknown): LoadContext {
  return loadContextSchema.parse(shared);
}
