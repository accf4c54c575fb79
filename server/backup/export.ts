import { Readable } from 'node:stream';
import type { Cluster, TableRange } from '../cluster/cluster.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import { writeDataFile } from '../format/data-file.ts';
import type { StoredRows } from '../format/data-file.ts';
import type { Store } from '../storage/store.ts';

/**
 * Exports one task: reads its ranges one after the other as of the moment and writes them as one data file.
 * All or nothing: a read that fails, or the signal, leaves no file. `onProgress` gets raw bytes and rows so far.
 */
export async function exportTask(
  cluster: Cluster,
  store: Store,
  task: { file: string; table: TableDescriptor; ranges: TableRange[]; moment: Moment },
  options: { signal: AbortSignal; onProgress: (rawBytes: number, rows: number) => void },
): Promise<StoredRows> {
  async function* rows(): AsyncGenerator<Buffer, void> {
    for (const range of task.ranges) {
      options.signal.throwIfAborted();
      yield* await cluster.readRange(task.table, range, task.moment, options.signal);
    }
  }
  return writeDataFile(store, task.file, Readable.from(rows(), { objectMode: false }), options);
}
