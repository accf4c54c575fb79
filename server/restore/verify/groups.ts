import { type Column, keyColumns, storedColumns, type TableDescriptor } from '../../cluster/descriptor.ts';
import { nameKey, type ObjectName } from '../../cluster/names.ts';
import type { DataFile, Manifest } from '../../format/manifest.ts';
import type { RowColumn } from './rows.ts';

/** A verify has no more tasks than these. */
export const MOST_GROUPS = 20_000;
/** With more tables than these, one group may have files of several. */
const MOST_TABLES_APART = MOST_GROUPS / 2;

/** When a group is full. */
export interface GroupSizes {
  bytes: number;
  files: number;
}
export const GROUP_SIZES: GroupSizes = { bytes: 256 * 1024 * 1024, files: 1_000 };

/** One data file, as who looks at it needs to know it. */
export interface GroupedFile extends Pick<
  DataFile,
  'name' | 'table' | 'rows' | 'bytes' | 'rawBytes' | 'sha256'
> {
  /** Counts the chain's backups from 0. */
  layer: number;
  /** Which of the group's `shapes` its lines have. */
  shape: number;
}

/** Files that are looked at together. */
export interface FileGroup {
  table: ObjectName;
  files: GroupedFile[];
  /** The columns of lines, as often as they differ: a table may change from layer to layer, and deleted rows are keys. */
  shapes: RowColumn[][];
}

/**
 * The data files of all layers in groups, those of one table together, in the order of the tables; null stands for a layer that
 * can't be read.
 */
export function* groupsOf(
  layers: readonly (Manifest | null)[],
  sizes: GroupSizes = GROUP_SIZES,
): Generator<FileGroup, void> {
  const tables = byTable(layers);
  const apart = tables.size <= MOST_TABLES_APART;
  const full = scaled(layers, sizes);
  let group: OpenGroup | null = null;
  for (const files of tables.values()) {
    if (apart && group !== null) {
      yield group.close();
      group = null;
    }
    for (const { layer, file, columns } of files) {
      group ??= new OpenGroup(file.table);
      group.add(layer, file, columns);
      if (group.bytes < full.bytes && group.count < full.files) continue;
      yield group.close();
      group = null;
    }
  }
  if (group !== null) yield group.close();
}

interface PlacedFile {
  layer: number;
  file: DataFile;
  columns: RowColumn[];
}

/** The files by their tables, as they come first in the oldest layers. */
function byTable(layers: readonly (Manifest | null)[]): Map<string, PlacedFile[]> {
  const tables = new Map<string, PlacedFile[]>();
  for (const [layer, manifest] of layers.entries()) {
    if (manifest === null) continue;
    const shapes = new Map<string, Record<DataFile['kind'], RowColumn[]>>();
    for (const descriptor of manifest.descriptors)
      if (descriptor.kind === 'table') shapes.set(nameKey(descriptor.name), shapesOf(descriptor));
    for (const file of manifest.files) {
      const key = nameKey(file.table);
      const placed = { layer, file, columns: shapes.get(key)?.[file.kind] ?? [] };
      const known = tables.get(key);
      if (known === undefined) tables.set(key, [placed]);
      else known.push(placed);
    }
  }
  return tables;
}

/** What a table's lines are: whole rows, or keys of rows that are gone. */
function shapesOf(table: TableDescriptor): Record<DataFile['kind'], RowColumn[]> {
  const shape = (columns: Column[]) => columns.map(({ name, type, nullable }) => ({ name, type, nullable }));
  return { rows: shape(storedColumns(table)), deleted: shape(keyColumns(table)) };
}

/** Sizes so large that all groups are no more than they may be. */
function scaled(layers: readonly (Manifest | null)[], sizes: GroupSizes): GroupSizes {
  const sum = (of: (manifest: Manifest) => number) =>
    layers.reduce((total, manifest) => total + (manifest === null ? 0 : of(manifest)), 0);
  // A quarter of the groups each for those that are full of bytes, and of files; the others end with their table.
  return {
    bytes: Math.max(sizes.bytes, sum(({ totals }) => totals.bytes) / (MOST_GROUPS / 4)),
    files: Math.max(sizes.files, sum(({ files }) => files.length) / (MOST_GROUPS / 4)),
  };
}

class OpenGroup {
  bytes = 0;
  readonly #table: ObjectName;
  readonly #files: GroupedFile[] = [];
  readonly #shapes: RowColumn[][] = [];
  readonly #places = new Map<string, number>();

  constructor(table: ObjectName) {
    this.#table = table;
  }

  get count(): number {
    return this.#files.length;
  }

  add(layer: number, file: DataFile, columns: RowColumn[]): void {
    const { name, table, rows, bytes, rawBytes, sha256 } = file;
    const key = JSON.stringify(columns);
    let shape = this.#places.get(key);
    if (shape === undefined) {
      shape = this.#shapes.push(columns) - 1;
      this.#places.set(key, shape);
    }
    this.#files.push({ layer, name, table, rows, bytes, rawBytes, sha256, shape });
    this.bytes += bytes;
  }

  close(): FileGroup {
    return { table: this.#table, files: this.#files, shapes: this.#shapes };
  }
}
