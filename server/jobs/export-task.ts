import { exportTask } from '../backup/export.ts';
import { exportChanges } from '../backup/export-changes.ts';
import { type Cluster, nodeId } from '../cluster/cluster.ts';
import { findTable } from '../cluster/descriptor.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { dataFileName } from '../format/data-file.ts';
import type { DataFile } from '../format/manifest.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { StoreError, type Store } from '../storage/store.ts';
import { clusterOf } from './job.ts';
import { exportContextSchema, type ExportResult, exportTaskSchema } from './spec.ts';
import type { ExportContext, ExportTask } from './spec.ts';
import { spanWords } from './stuck.ts';
import type { TaskWork } from './task-worker.ts';

/** Works one task of a BACKUP: the ranges' rows into one data file, or what changed in them into two at most. */
export async function workExportTask(
  statement: BackupStatement,
  context: ExportContext,
  work: TaskWork,
): Promise<void> {
  const task = exportTaskSchema.parse(work.task.body);
  const location = parseLocation(statement.to);
  const store = work.tools.openStore(location, work.tools.waits.of(work.task.jobId));
  try {
    const cluster = await work.tools.clusters.connect(clusterOf(work));
    void work.tools.deputies.join(work.task, cluster, context.moment);
    if (task.ranges[0]?.index === 0 && work.task.tries === 1) tellBegun(work, task);
    const { files, compared } = await writeFiles(cluster, store, task, context, work);
    const sum = (of: (file: DataFile) => number) => files.reduce((total, file) => total + of(file), 0);
    const result: ExportResult = { files, compared };
    const counted = await work.finish(
      {
        rows: sum((file) => file.rows),
        bytes: sum((file) => file.rawBytes),
        storedBytes: sum((file) => file.bytes),
      },
      result,
    );
    // Another try was first. What can't be removed is in no manifest, and swept when the job ends.
    if (!counted) for (const file of files) await store.remove(file.name).catch(() => undefined);
  } catch (error) {
    throw error instanceof StoreError ? storeErrorToHoldfast(error, location) : error;
  } finally {
    await store.close();
  }
}

/** Rows aren't kept waiting for it. */
function tellBegun({ tools, task }: TaskWork, { table, node }: ExportTask): void {
  const words = `Reading of ${printName(table)} has begun, from node ${node} by ${tools.engine.name}.`;
  tools.jobs.log(task.jobId, words).catch((error: unknown) => {
    tools.logger.warn({ err: error, jobId: task.jobId }, 'a begin could not be logged');
  });
}

async function writeFiles(
  cluster: Cluster,
  store: Store,
  task: ExportTask,
  { descriptors, moment, from }: ExportContext,
  work: TaskWork,
): Promise<ExportResult> {
  const { tools, signal } = work;
  const { id, attempt, tries } = work.task;
  const table = findTable(descriptors, task.table);
  if (table === undefined)
    throw new HoldfastError('internal', `no descriptor of table "${printName(task.table)}"`);
  const ranges = task.ranges.map((range) => ({ ...range, leaseholder: nodeId(range.leaseholder) }));
  const options = {
    signal,
    turns: tools.turns,
    compressor: tools.compressor,
    onProgress: (bytes: number, rows: number) => work.report({ rows, bytes, storedBytes: 0 }),
  };
  // A name of its own for every try: a try that was given up may still be writing.
  const name = async (kind: DataFile['kind']) => {
    const file = dataFileName(task.table, `${attempt}-${id}-${tries - 1}`, kind);
    await work.willWrite(file);
    return file;
  };
  const entry = { table: task.table, ranges: ranges.map(({ index, start, end }) => ({ index, start, end })) };
  if (task.method === 'whole') {
    const file = await name('rows');
    const patience = { clock: tools.clock, ms: tools.readStallMs, late: late(task, tools.readStallMs) };
    const whole = { file, table, ranges, moment };
    const written = await exportTask(cluster, store, whole, { ...options, patience });
    return { files: [{ ...written, ...entry, kind: 'rows' }], compared: null };
  }
  const [range] = ranges;
  if (range === undefined || ranges.length > 1 || from === null)
    throw new HoldfastError(
      'internal',
      `the task of "${printName(task.table)}" has no base or not one range`,
    );
  const files = { rows: await name('rows'), deleted: await name('deleted') };
  const written = await exportChanges(
    cluster,
    store,
    { files, table, method: task.method, range, from, moment },
    options,
  );
  return {
    files: written.files.map((file) => ({ ...file, ...entry })),
    compared: written.compared === null ? null : { table: task.table, reason: written.compared },
  };
}

/** Why a read is broken off that hands out nothing any more. It is worth another try, over another connection. */
function late({ table }: ExportTask, ms: number): (node: string) => HoldfastError {
  return (node) =>
    new HoldfastError(
      'cluster-unavailable',
      `no row of ${printName(table)} came from node ${node} for ${spanWords(ms)}`,
      {
        hint: 'Something may hold a lock on the table; else the node, or the network on the way to it, does not answer any more.',
      },
    );
}

/** Reads what an attempt's export tasks share. */
export function exportContextOf(shared: unknown): ExportContext {
  return exportContextSchema.parse(shared);
}
