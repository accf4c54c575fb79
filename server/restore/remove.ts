import { Readable } from 'node:stream';
import type { Cluster } from '../cluster/cluster.ts';
import { storedColumns } from '../cluster/descriptor.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { readDataFile } from '../format/data-file.ts';
import type { DataFile } from '../format/manifest.ts';
import { PickColumns } from '../format/pick-columns.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';

/**
 * Removes the rows that a layer's files of one table name: the deleted ones, and those that its rows replace. All of them
 * or none, and by `key`, which is the restore's own, one time. Throws `corrupt-backup` when a file isn't what the manifest
 * says.
 */
export async function removeChanged(
  cluster: Cluster,
  store: Store,
  location: Location,
  target: { restore: string; key: string; database: string; table: TableDescriptor; files: DataFile[] },
  signal: AbortSignal,
): Promise<void> {
  const { table, files } = target;
  const keys = Readable.from(keysOf(store, location, table, files, signal), { objectMode: false });
  const { rows } = await cluster.removeKeys(target.database, table, keys, signal, {
    restore: target.restore,
    key: target.key,
  });
  const expected = files.reduce((sum, file) => sum + file.rows, 0);
  if (rows === expected) return;
  throw new HoldfastError(
    'corrupt-backup',
    `${files.map(({ name }) => name).join(', ')}: the cluster took ${rows} keys of ${expected} for ${printName(table.name)}`,
    { hint: 'Do not restore from this backup. Use another one, or another copy of it.' },
  );
}

/** The files' keys, one file after the other; each file is checked at its end, and fails the stream. */
async function* keysOf(
  store: Store,
  location: Location,
  table: TableDescriptor,
  files: readonly DataFile[],
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const columns = storedColumns(table).map(({ name }) => name);
  const positions = (table.rowKey ?? []).map((name) => columns.indexOf(name));
  if (positions.length === 0 || positions.includes(-1))
    throw new HoldfastError('internal', `${printName(table.name)} has no key to find its rows by`);
  for (const file of files) {
    const text = await readDataFile(store, file, location);
    const stop = () => text.destroy(new HoldfastError('canceled', `canceled: read the keys of ${file.name}`));
    signal.addEventListener('abort', stop, { once: true });
    try {
      yield* file.kind === 'deleted' ? text : picked(text, positions);
    } finally {
      signal.removeEventListener('abort', stop);
      text.destroy();
    }
  }
}

function picked(text: Readable, positions: readonly number[]): PickColumns {
  const keys = new PickColumns(positions);
  text.on('error', (error) => keys.destroy(error));
  text.on('close', () => {
    if (!text.readableEnded) keys.destroy();
  });
  return text.pipe(keys);
}
