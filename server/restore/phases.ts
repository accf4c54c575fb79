import { nameKey } from '../cluster/names.ts';
import type { DataFile } from '../format/manifest.ts';
import type { BackupChain, TableSource } from './chain.ts';
import type { LayerFile } from './merge/layer-files.ts';
import type { MergePlan } from './merge/plan.ts';
import type { RestoreItem } from './plan.ts';

/** One piece of work: files' rows into their table, or the rows of the files' keys out of theirs. */
export type RestoreStep =
  | { kind: 'load'; layer: number; file: DataFile }
  /** Files of one table, at least one: of their rows, those that no newer layer from `since` on speaks of. */
  | { kind: 'merge'; since: number; files: LayerFile<DataFile>[] }
  /** Files of one table and layer, of both kinds; at least one. */
  | { kind: 'remove'; layer: number; files: DataFile[] };

/** Steps that may be done in any order and side by side; all of them before the next phase begins. */
export interface RestorePhase {
  status: string;
  steps: RestoreStep[];
}

/** Removing reads the whole table where it has no index yet: so many bytes of files, as COPY text, go together. */
const REMOVE_BYTES = 64 * 1024 * 1024;
/** What is loaded together is one transaction: few enough to be tried again. */
const MERGE_BYTES = 32 * 1024 * 1024;
const FILES_TOGETHER = 100;

/**
 * The loading of tables in phases: first every table whole, from the newest layer that has it so, and with it what changed in
 * tables all of whose changes are merged; then, layer by layer, what changed in the others; at last the newest layers of those
 * that are merged in part. All keys of a layer go before any of its rows come: two rows that traded a unique value are never
 * there at once. Nothing that is merged is there before the last key is removed: it may have that key.
 */
export function restorePhases(
  chain: BackupChain,
  items: readonly RestoreItem[],
  { since }: Pick<MergePlan, 'since'>,
): RestorePhase[] {
  const tables = items.flatMap(({ descriptor }) => {
    const key = nameKey(descriptor.name);
    const source = chain.sources.get(key);
    return source === undefined ? [] : [{ key, source, since: since.get(key) ?? null }];
  });
  const filesOf = filesByLayer(chain, new Set(tables.map(({ key }) => key)));
  const load = (table: TablePlan, layer: number): RestoreStep[] =>
    (filesOf(table.key, layer) ?? [])
      .filter(({ kind }) => kind === 'rows')
      .map((file) =>
        table.since === null
          ? { kind: 'load', layer, file }
          : { kind: 'merge', since: table.since, files: [{ layer, file }] },
      );
  const hasRows = (table: TablePlan, layer: number) =>
    (filesOf(table.key, layer) ?? []).some(({ rows }) => rows > 0);
  const isWholly = (table: TablePlan) => {
    const { since: first, source } = table;
    return first !== null && !source.changes.some((layer) => layer < first && hasRows(table, layer));
  };
  const phases: RestorePhase[] = [
    {
      status: 'loading rows',
      steps: tables.flatMap((table) => [
        ...load(table, table.source.whole),
        ...(isWholly(table) ? mergedChanges(table, filesOf) : []),
      ]),
    },
  ];
  for (const layer of chain.layers.keys()) {
    const changed = tables.filter(
      (table) =>
        table.source.changes.includes(layer) &&
        (table.since === null || (layer < table.since && !isWholly(table))),
    );
    const of = `of backup ${layer + 1} of ${chain.layers.length}`;
    const removes = changed.flatMap(({ key }) =>
      groups(filesOf(key, layer) ?? [], REMOVE_BYTES).map((files): RestoreStep => ({
        kind: 'remove',
        layer,
        files,
      })),
    );
    const loads = changed.flatMap((table) => load(table, layer));
    if (removes.length > 0) phases.push({ status: `removing changed rows ${of}`, steps: removes });
    if (loads.length > 0) phases.push({ status: `loading changed rows ${of}`, steps: loads });
  }
  const newest = tables
    .filter((table) => table.since !== null && !isWholly(table))
    .flatMap((table) => mergedChanges(table, filesOf));
  if (newest.length > 0) phases.push({ status: 'loading the newest changed rows', steps: newest });
  return phases;
}

interface TablePlan {
  key: string;
  source: TableSource;
  /** The oldest layer that is merged; null where none is. */
  since: number | null;
}

type FilesOf = (table: string, layer: number) => DataFile[] | undefined;

/** Rows of the layers that are merged; few large steps out of many small files. */
function mergedChanges({ key, source, since }: TablePlan, filesOf: FilesOf): RestoreStep[] {
  if (since === null) return [];
  const files = source.changes
    .filter((layer) => layer >= since)
    .flatMap((layer) =>
      (filesOf(key, layer) ?? []).filter(({ kind }) => kind === 'rows').map((file) => ({ layer, file })),
    );
  return groupsBy(files, ({ file }) => file, MERGE_BYTES).map((group) => ({
    kind: 'merge',
    since,
    files: group,
  }));
}

function filesByLayer(chain: BackupChain, wanted: ReadonlySet<string>): FilesOf {
  const layers = chain.layers.map(({ manifest }) => {
    const tables = new Map<string, DataFile[]>();
    for (const file of manifest.files) {
      const key = nameKey(file.table);
      if (!wanted.has(key)) continue;
      const files = tables.get(key) ?? [];
      files.push(file);
      tables.set(key, files);
    }
    return tables;
  });
  return (table, layer) => layers[layer]?.get(table);
}

function groups(files: readonly DataFile[], most: number): DataFile[][] {
  return groupsBy(files, (file) => file, most);
}

/** Files that are not empty, in groups of so many bytes of COPY text. */
function groupsBy<T>(list: readonly T[], fileOf: (each: T) => DataFile, most: number): T[][] {
  const result: T[][] = [];
  let bytes = 0;
  for (const each of list) {
    const { rows, rawBytes } = fileOf(each);
    if (rows === 0) continue;
    const group = result.at(-1);
    if (group === undefined || bytes + rawBytes > most || group.length === FILES_TOGETHER) {
      result.push([each]);
      bytes = rawBytes;
    } else {
      group.push(each);
      bytes += rawBytes;
    }
  }
  return result;
}
