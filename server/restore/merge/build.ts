import pMap from 'p-map';
import { nameKey } from '../../cluster/names.ts';
import { HoldfastError } from '../../errors.ts';
import { READ_AT_ONCE, readManifestAt } from '../../format/manifest.ts';
import type { DataFile } from '../../format/manifest.ts';
import { notRows } from '../../format/pick-columns.ts';
import { parseLocation } from '../../storage/location.ts';
import type { Location } from '../../storage/location.ts';
import type { Store } from '../../storage/store.ts';
import { RowCheck, type RowColumn } from '../verify/rows.ts';
import { KeyIndex } from './key-index.ts';
import { KeyLines } from './key-lines.ts';
import type { LayerFile, LayerFiles } from './layer-files.ts';

/** What is needed of a file to read its keys. */
export type ChangeFile = Pick<DataFile, 'name' | 'kind' | 'rows' | 'bytes' | 'rawBytes' | 'sha256'>;

/** The files with rows or keys that each table has in incremental layers, by `nameKey`. */
export type ChangeFiles = ReadonlyMap<string, LayerFile<ChangeFile>[]>;

/**
 * Reads from the manifests which files have changes. `ids` are the backups that the restore was planned with, oldest to
 * newest; throws `corrupt-backup` where there is another one in the place of one of them, and what `readManifest` throws.
 */
export async function readChangeFiles(
  urls: readonly string[],
  ids: readonly string[],
  openStore: (location: Location) => Store,
): Promise<ChangeFiles> {
  // Of each manifest only this is kept: a chain's manifests are large.
  const layers = await pMap(
    ids,
    async (id, layer) => {
      const location = parseLocation(urls[layer] ?? '', 'source');
      const manifest = await readManifestAt(location, openStore);
      if (manifest.id !== id)
        throw new HoldfastError(
          'corrupt-backup',
          `another backup is at ${location.redacted} now (${manifest.id} instead of ${id})`,
          { hint: 'Bring the one back that the restore was begun with.', field: 'source' },
        );
      const changed = new Set(manifest.changes.map(({ table }) => nameKey(table)));
      return manifest.files.flatMap(({ table, name, kind, rows, bytes, rawBytes, sha256 }) => {
        const key = nameKey(table);
        return changed.has(key) && rows > 0
          ? [{ key, layer, file: { name, kind, rows, bytes, rawBytes, sha256 } }]
          : [];
      });
    },
    { concurrency: READ_AT_ONCE },
  );
  const tables = new Map<string, LayerFile<ChangeFile>[]>();
  for (const { key, ...file } of layers.flat()) {
    const files = tables.get(key) ?? [];
    files.push(file);
    tables.set(key, files);
  }
  return tables;
}

/**
 * Reads all keys of these files, each checked against its checksum: an index is there when all of them are what the manifests say.
 * `positions`: of the key's columns in a line of rows; `columns`: those columns. A key of a deleted row is `corrupt-backup`
 * where it can't be one: no row would be found by it, and the deleted one would be there again.
 */
export async function buildIndex(
  files: readonly LayerFile<ChangeFile>[],
  { positions, columns }: { positions: readonly number[]; columns: readonly RowColumn[] },
  read: LayerFiles,
  signal: AbortSignal,
): Promise<KeyIndex> {
  const index = new KeyIndex(keysOf(files));
  const ofKeys = positions.map((_, place) => place);
  await pMap(
    files,
    async (each) => {
      const { layer, file } = each;
      // Rows are looked at by the cluster that takes them.
      const check = file.kind === 'deleted' ? new RowCheck(columns) : null;
      const lines = new KeyLines(check === null ? positions : ofKeys, (bytes, start, end) => {
        index.add(bytes, start, end, layer);
        return false;
      });
      const text = await read.read(each, signal);
      for await (const chunk of text as AsyncIterable<Buffer>) {
        lines.take(chunk);
        check?.write(chunk);
      }
      lines.end();
      const [bad] = check?.bad ?? [];
      if (bad !== undefined) throw notRows(`${file.name}, line ${bad.line}: ${bad.reason}`);
    },
    { concurrency: READ_AT_ONCE, signal },
  );
  return index;
}

/** How many keys these files have at most. */
export function keysOf(files: readonly LayerFile<ChangeFile>[]): number {
  return files.reduce((sum, { file }) => sum + file.rows, 0);
}
