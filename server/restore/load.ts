import { Transform } from 'node:stream';
import type { Cluster } from '../cluster/cluster.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import { type ObjectName, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { readDataFile } from '../format/data-file.ts';
import type { DataFile } from '../format/manifest.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';

/**
 * Loads one data file into its table, checked against its checksum: all of it or nothing, and by `key`, which is the
 * restore's own, one time. `onProgress` gets the bytes of COPY text handed to the cluster so far. Throws `corrupt-backup` when the file isn't what the
 * manifest says.
 */
export async function loadFile(
  cluster: Pick<Cluster, 'load'>,
  store: Store,
  location: Location,
  target: { restore: string; key: string; database: string; table: TableDescriptor; file: DataFile },
  options: { signal: AbortSignal; onProgress: (rawBytes: number) => void },
): Promise<{ rows: number }> {
  const { file, table } = target;
  const text = await readDataFile(store, file, location);
  let rawBytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rawBytes += chunk.length;
      options.onProgress(rawBytes);
      done(null, chunk);
    },
  });
  text.on('error', (error) => counted.destroy(error));
  counted.on('close', () => text.destroy());
  const { rows } = await cluster.load(target.database, table, text.pipe(counted), options.signal, {
    restore: target.restore,
    key: target.key,
  });
  if (rows !== file.rows) throw tookOther(file.name, rows, file.rows, table.name);
  return { rows };
}

/** The cluster has another number of rows than were handed to it. */
export function tookOther(files: string, rows: number, expected: number, table: ObjectName): HoldfastError {
  return new HoldfastError(
    'corrupt-backup',
    `${files}: the cluster took ${rows} rows of ${expected} into ${printName(table)}`,
    {
      hint: 'Something in the target changed or dropped rows (a rule, a trigger); restore into an empty database.',
    },
  );
}
