import { exportTask } from '../backup/export.ts';
import { nodeId } from '../cluster/cluster.ts';
import { findTable } from '../cluster/descriptor.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { dataFileName } from '../format/data-file.ts';
import type { DataFile } from '../format/manifest.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { StoreError } from '../storage/store.ts';
import { exportContextSchema, exportTaskSchema } from './spec.ts';
import type { ExportContext } from './spec.ts';
import type { TaskWork } from './task-worker.ts';

/** Works one task of a BACKUP: the ranges' rows into one data file. */
export async function workExportTask(
  statement: BackupStatement,
  context: ExportContext,
  work: TaskWork,
): Promise<void> {
  const { tools, row, signal } = work;
  const task = exportTaskSchema.parse(row.body);
  const table = findTable(context.descriptors, task.table);
  if (table === undefined)
    throw new HoldfastError('internal', `no descriptor of table "${printName(task.table)}"`);
  const location = parseLocation(statement.to);
  const store = tools.openStore(location);
  try {
    // A name of its own for every try: a try that was given up may still be writing.
    const file = dataFileName(task.table, `${work.attempt}-${row.id}-${work.retries}`);
    await tools.tasks.willWrite(work.jobId, work.attempt, row.id, file);
    const cluster = await tools.clusters.connect(work.cluster);
    const ranges = task.ranges.map((range) => ({ ...range, leaseholder: nodeId(range.leaseholder) }));
    const written = await exportTask(
      cluster,
      store,
      { file, table, ranges, moment: context.moment },
      {
        signal,
        onProgress: (bytes, rows) => {
          work.report({ rows, bytes, storedBytes: 0 });
        },
      },
    );
    const entry: DataFile = {
      ...written,
      table: task.table,
      kind: 'rows',
      ranges: ranges.map(({ index, start, end }) => ({ index, start, end })),
    };
    const counted = await work.finish(
      { rows: written.rows, bytes: written.rawBytes, storedBytes: written.bytes },
      entry,
    );
    if (!counted) await store.remove(file);
  } catch (error) {
    throw error instanceof StoreError ? storeErrorToHoldfast(error, location) : error;
  } finally {
    await store.close();
  }
}

/** Reads what an attempt's export tasks share. */
export function exportContextOf(shared: unknown): ExportContext {
  return exportContextSchema.parse(shared);
}
