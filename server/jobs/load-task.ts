import { z } from 'zod';
import type { Cluster } from '../cluster/cluster.ts';
import { findTable } from '../cluster/descriptor.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import { objectNameSchema, printName } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { type DataFile, dataFileSchema } from '../format/manifest.ts';
import { rowsPrintSchema } from '../restore/drill/fingerprint.ts';
import { PrintedLoad } from '../restore/drill/printed-load.ts';
import { loadFile } from '../restore/load.ts';
import { type LayerFile, LayerFiles } from '../restore/merge/layer-files.ts';
import { loadMerged } from '../restore/merge/load.ts';
import { removeChanged } from '../restore/remove.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { clusterOf } from './job.ts';
import { loadContextSchema } from './spec.ts';
import type { LoadContext } from './spec.ts';
import type { TaskWork } from './task-worker.ts';

const layerSchema = z.number().int();

/** One task of a RESTORE: a `RestoreStep`; layers count the URLs of the statement from 0. */
export const loadTaskSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('load'), layer: layerSchema, file: dataFileSchema }),
  z.object({
    kind: z.literal('merge'),
    since: layerSchema,
    files: z.array(z.object({ layer: layerSchema, file: dataFileSchema })).min(1),
  }),
  z.object({ kind: z.literal('remove'), layer: layerSchema, files: z.array(dataFileSchema).min(1) }),
]);
export type LoadTask = z.infer<typeof loadTaskSchema>;
type MergeTask = Extract<LoadTask, { kind: 'merge' }>;

/** What came of a step. */
export const loadResultSchema = z.object({
  rows: z.number(),
  /** The rows' print, where that was asked for. */
  loaded: z.object({ table: objectNameSchema, print: rowsPrintSchema }).optional(),
  /** Rows of this table, that were loaded before, were removed. */
  replaced: objectNameSchema.optional(),
});
export type LoadResult = z.infer<typeof loadResultSchema>;

/** What a step works on: files of one table. */
export function filesOf(step: LoadTask): {
  table: ObjectName;
  first: DataFile;
  files: LayerFile<DataFile>[];
} {
  const files = layerFilesOf(step);
  const [first] = files;
  if (first === undefined) throw new HoldfastError('internal', 'a step of a restore has no file');
  return { table: first.file.table, first: first.file, files };
}

function layerFilesOf(step: LoadTask): LayerFile<DataFile>[] {
  switch (step.kind) {
    case 'load':
      return [{ layer: step.layer, file: step.file }];
    case 'merge':
      return step.files;
    case 'remove':
      return step.files.map((file) => ({ layer: step.layer, file }));
  }
}

/** What a step is called in the ledger: layers have files of the same names, and each is read by steps of several kinds. */
function ledgerKey(step: LoadTask): string {
  const [first] = layerFilesOf(step);
  return `${first?.layer} ${step.kind} ${first?.file.name}`;
}

/** What a step is done with. */
interface LoadWork {
  from: readonly string[];
  context: LoadContext;
  work: TaskWork;
  cluster: Cluster;
  loader: Pick<Cluster, 'load'>;
  resultOf: (rows: number) => LoadResult;
  target: { restore: string; key: string; database: string; table: TableDescriptor };
  openStore: (location: Location) => Store;
}

/**
 * Works one task of a RESTORE from these URLs, oldest to newest: data files' rows into their table, or the rows of some files' keys
 * out of theirs.
 */
export async function workLoadTask(
  from: readonly string[],
  context: LoadContext,
  work: TaskWork,
): Promise<void> {
  const { tools, task } = work;
  const step = loadTaskSchema.parse(task.body);
  const { table: name } = filesOf(step);
  const table = findTable(context.descriptors, name);
  const database = context.databases[name.database];
  if (table === undefined || database === undefined) {
    throw new HoldfastError('internal', `the plan lacks what is needed to load "${printName(name)}"`);
  }
  const waits = tools.waits.of(task.jobId);
  const cluster = await tools.clusters.connect(clusterOf(work));
  const printed = context.prints ? new PrintedLoad(cluster) : null;
  const load: LoadWork = {
    from,
    context,
    work,
    cluster,
    loader: printed ?? cluster,
    resultOf: (rows) =>
      printed === null ? { rows } : { rows, loaded: { table: name, print: printed.print } },
    target: { restore: task.jobId, key: ledgerKey(step), database, table },
    openStore: (location) => tools.openStore(location, waits),
  };
  await (step.kind === 'merge' ? merge(load, step) : inOneLayer(load, step));
}

/** Loads a file as it is, or removes what files of one backup name. */
async function inOneLayer(
  { from, work, cluster, loader, resultOf, target, openStore }: LoadWork,
  step: Exclude<LoadTask, MergeTask>,
): Promise<void> {
  const { tools, signal } = work;
  const location = parseLocation(from[step.layer] ?? '', 'source');
  const store = openStore(location);
  try {
    if (step.kind === 'remove') {
      await tools.turns.during(() =>
        removeChanged(cluster, store, location, { ...target, files: step.files }, signal),
      );
      // What is loaded is what counts as a restore's rows and bytes.
      const result: LoadResult = { rows: 0, replaced: target.table.name };
      await work.finish({ rows: 0, bytes: 0, storedBytes: 0 }, result);
      return;
    }
    const { file } = step;
    const share = file.rawBytes === 0 ? 0 : 1 / file.rawBytes;
    const onProgress = (bytes: number) => {
      const done = bytes * share;
      work.report({
        rows: Math.floor(file.rows * done),
        bytes,
        storedBytes: Math.floor(file.bytes * done),
      });
    };
    const { rows } = await tools.turns.during(() =>
      loadFile(loader, store, location, { ...target, file }, { signal, onProgress }),
    );
    await work.finish({ rows, bytes: file.rawBytes, storedBytes: file.bytes }, resultOf(rows));
  } finally {
    await store.close();
  }
}

/** Loads files' rows without those that newer backups speak of. */
async function merge(
  { from, context, work, loader, resultOf, target, openStore }: LoadWork,
  { since, files }: MergeTask,
): Promise<void> {
  const { tools, task, signal } = work;
  const source = {
    attempt: `${task.jobId} ${task.attempt}`,
    urls: from,
    ids: context.layers,
    openStore,
  };
  const oldest = Math.min(...files.map(({ layer }) => layer));
  // Before its turn: who has one must not wait for what another one has to give back.
  const lent = await tools.indexes.lend(source, target.table, { since, oldest }, signal);
  const read = new LayerFiles(from, openStore);
  const stored = files.reduce((sum, { file }) => sum + file.bytes, 0);
  const raw = files.reduce((sum, { file }) => sum + file.rawBytes, 0);
  const all = files.reduce((sum, { file }) => sum + file.rows, 0);
  const shareOf = (part: number, of: number) => (raw === 0 ? 0 : Math.floor((of * part) / raw));
  try {
    const { rows, bytes } = await tools.turns.during(() =>
      loadMerged(
        loader,
        read,
        { ...target, files, index: lent.index, positions: lent.positions },
        {
          signal,
          onProgress: (merged) => {
            work.report({
              rows: shareOf(merged.bytes, all),
              bytes: merged.bytes,
              storedBytes: shareOf(merged.rawBytes, stored),
            });
          },
        },
      ),
    );
    await work.finish({ rows, bytes, storedBytes: stored }, resultOf(rows));
  } finally {
    lent.giveBack();
    await read.close();
  }
}

/** Reads what an attempt's load tasks share. */
export function loadContextOf(shared: unknown): LoadContext {
  return loadContextSchema.parse(shared);
}
