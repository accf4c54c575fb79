import { Readable } from 'node:stream';
import type { Cluster, TableRange } from '../cluster/cluster.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import type { Turns } from '../cluster/turns.ts';
import { writeDataFile } from '../format/data-file.ts';
import type { Compressor, StoredRows } from '../format/data-file.ts';
import type { Store } from '../storage/store.ts';
import { type ReadPatience, ReadWatch } from './read-watch.ts';

export interface ExportOptions {
  signal: AbortSignal;
  /** Gets raw bytes and rows so far. */
  onProgress: (rawBytes: number, rows: number) => void;
  /** Of this process, to read: while one task's file is being put away, another one's rows are read. */
  turns: Turns;
  /** As in WriteDataFileOptions. */
  compressor?: Compressor | undefined;
}

/**
 * Exports one task: reads its ranges one after the other as of the moment and writes them as one data file.
 * All or nothing: a read that fails, or that hands out nothing for longer than the patience, or the signal, leaves no file.
 */
export async function exportTask(
  cluster: Cluster,
  store: Store,
  task: { file: string; table: TableDescriptor; ranges: TableRange[]; moment: Moment },
  options: ExportOptions & { patience: ReadPatience },
): Promise<StoredRows> {
  const watch = new ReadWatch(options.patience, options.signal);
  async function* rows(): AsyncGenerator<Buffer, void> {
    await options.turns.take();
    try {
      for (const range of task.ranges) {
        options.signal.throwIfAborted();
        yield* watch.read(range.leaseholder, (signal, turn) =>
          cluster.readRange(task.table, range, task.moment, signal, turn),
        );
      }
    } finally {
      options.turns.giveBack();
    }
  }
  const { signal, onProgress, compressor } = options;
  const expectedBytes = task.ranges.reduce((total, range) => total + range.estimatedBytes, 0);
  try {
    return await writeDataFile(store, task.file, Readable.from(rows(), { objectMode: false }), {
      signal,
      onProgress,
      expectedBytes,
      compressor,
    });
  } finally {
    await watch.stop();
  }
}
