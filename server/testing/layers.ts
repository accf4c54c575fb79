import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ChangeChunk, Cluster, TableChanges, TableRange } from '../cluster/cluster.ts';
import { describeAll, never } from '../cluster/conformance-tools.ts';
import type { Descriptor, TableDescriptor } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey } from '../cluster/names.ts';
import { dataFileName, writeDataFile } from '../format/data-file.ts';
import { totalsOf, writeManifest } from '../format/manifest.ts';
import type { DataFile, Manifest } from '../format/manifest.ts';
import type { Store } from '../storage/store.ts';

/** A backup written by `writeLayer`. */
export interface WrittenLayer {
  url: string;
  manifest: Manifest;
}

interface LayerParts {
  cluster: Cluster;
  store: Store;
  url: string;
  databases: string[];
  at: Moment;
  /** The layers before, oldest to newest; none: a full backup. */
  on: WrittenLayer[];
}

/** Ranges that go into one file: enough for several files a table. */
const RANGES_A_FILE = 3;

/** Writes a backup through the ports and the format, without jobs: a layer for tests of what reads it. */
export async function writeLayer(parts: LayerParts): Promise<WrittenLayer> {
  const { cluster, store, url, databases, at, on } = parts;
  const descriptors: Descriptor[] = [];
  for (const database of databases) descriptors.push(...(await describeAll(cluster, database, at)));
  const tables = descriptors.filter((descriptor) => descriptor.kind === 'table');
  const base = on.at(-1)?.manifest;
  const plans =
    base === undefined
      ? []
      : await cluster.planChanges({ moment: base.moment, tables: tablesOf(base) }, tables, at);
  const files: DataFile[] = [];
  const changes: Manifest['changes'] = [];
  for (const table of tables) {
    const plan = plans.find((candidate) => nameKey(candidate.table) === nameKey(table.name));
    if (base === undefined || plan === undefined || plan.method === 'whole') {
      files.push(...(await writeWhole(parts, table)));
    } else {
      files.push(...(await writeChanges(parts, table, plan.method, base.moment)));
      changes.push({ table: table.name, method: plan.method, reason: plan.reason });
    }
  }
  const info = await cluster.describe();
  const manifest = await writeManifest(store, {
    formatVersion: 1,
    holdfastVersion: '0.1.0',
    id: randomUUID(),
    type: on.length === 0 ? 'full' : 'incremental',
    chain: on.map((layer) => ({ id: layer.manifest.id, url: layer.url })),
    cluster: { name: 'source', kind: info.kind, version: info.version, identity: info.identity },
    moment: at,
    startedAt: at.at,
    finishedAt: at.at,
    jobId: '1',
    statement: '',
    targets: { databases, objects: [] },
    descriptors,
    files,
    changes,
    users: [],
    leftOut: [],
    totals: totalsOf(files),
  });
  return { url, manifest };
}

function tablesOf(manifest: Manifest): TableDescriptor[] {
  return manifest.descriptors.filter((descriptor) => descriptor.kind === 'table');
}

async function inFiles(ranges: AsyncIterable<TableRange>): Promise<TableRange[][]> {
  const result: TableRange[][] = [];
  for await (const range of ranges) {
    const group = result.at(-1);
    if (group === undefined || group.length === RANGES_A_FILE) result.push([range]);
    else group.push(range);
  }
  return result;
}

async function writeWhole({ cluster, store, at }: LayerParts, table: TableDescriptor): Promise<DataFile[]> {
  const files: DataFile[] = [];
  for (const [task, ranges] of (await inFiles(cluster.ranges(table.name, at, 1))).entries()) {
    const rows = async function* (): AsyncGenerator<Buffer, void> {
      for (const range of ranges) yield* await cluster.readRange(table, range, at, never);
    };
    files.push(await write(store, table, ranges, 'rows', task, rows()));
  }
  return files;
}

async function writeChanges(
  { cluster, store, at }: LayerParts,
  table: TableDescriptor,
  method: Exclude<TableChanges['method'], 'whole'>,
  from: Moment,
): Promise<DataFile[]> {
  const files: DataFile[] = [];
  for (const [task, ranges] of (await inFiles(cluster.changeRanges(table, method, from, at))).entries()) {
    const chunks: ChangeChunk[] = [];
    for (const range of ranges)
      for await (const chunk of cluster.readChanges(table, method, range, from, at, never))
        chunks.push(chunk);
    for (const kind of ['rows', 'deleted'] as const) {
      const texts = chunks.filter((chunk) => chunk.kind === kind).map(({ text }) => text);
      if (texts.length > 0) files.push(await write(store, table, ranges, kind, task, texts));
    }
  }
  return files;
}

async function write(
  store: Store,
  table: TableDescriptor,
  ranges: TableRange[],
  kind: DataFile['kind'],
  task: number,
  texts: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<DataFile> {
  // The same names in every layer, as numbers of tasks may be.
  const name = dataFileName(table.name, String(task), kind);
  const written = await writeDataFile(store, name, Readable.from(texts, { objectMode: false }));
  return {
    ...written,
    table: table.name,
    kind,
    ranges: ranges.map(({ index, start, end }) => ({ index, start, end })),
  };
}
