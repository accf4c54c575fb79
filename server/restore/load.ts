import { type Readable, Transform } from 'node:stream';
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
  const once = { restore: target.restore, key: target.key };
  const { rows } = await cluster
    .load(target.database, table, text.pipe(counted), options.signal, once)
    .catch(async (error: unknown) => {
      throw await damageBehind(error, () => readDataFile(store, file, location), options.signal);
    });
  if (rows !== file.rows) throw tookOther(file.name, rows, file.rows, table.name);
  return { rows };
}

/**
 * What to say where a cluster refused rows: that they are damaged, where they are. A row may be so before the file's end has come, and with
 * it its checksum. `reread` gives the file once more.
 */
export async function damageBehind(
  error: unknown,
  reread: () => Promise<Readable>,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof HoldfastError) || error.code !== 'job-failed') return error;
  try {
    for await (const _chunk of await reread()) signal.throwIfAborted();
  } catch (found) {
    if (found instanceof HoldfastError && found.code === 'corrupt-backup') return found;
  }
  return error;
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
