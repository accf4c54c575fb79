import pMap from 'p-map';
import type { Cluster } from '../../cluster/cluster.ts';
import { storedColumns } from '../../cluster/descriptor.ts';
import { type ObjectName, printName } from '../../cluster/names.ts';
import { HoldfastError } from '../../errors.ts';
import { addPrints, type RowsPrint, RowsPrinter } from './fingerprint.ts';

/** Of one table at once. */
const RANGES_AT_ONCE = 4;
const RANGE_BYTES = 64 * 1024 * 1024;

/** What a table that was restored has. */
export interface ReadBack {
  print: RowsPrint;
  /** Of COPY text. */
  bytes: number;
  /** Stored ones, in the order in which they were read. */
  columns: string[];
}

/**
 * Reads all rows of a table as a backup would, as of now, and takes their print. `onProgress` gets the bytes of COPY text so far. Throws
 * `undefined-object` where there is no such table, and what the cluster throws.
 */
export async function readBack(
  cluster: Cluster,
  name: ObjectName,
  options: { signal: AbortSignal; onProgress: (bytes: number) => void },
): Promise<ReadBack> {
  const held = await cluster.holdLatest([name.database]);
  try {
    const [table] = await cluster.descriptors([name], held.moment);
    if (table?.kind !== 'table')
      throw new HoldfastError(
        'undefined-object',
        `table "${printName(name)}" is not there after the restore`,
      );
    let bytes = 0;
    const prints = await pMap(
      cluster.ranges(name, held.moment, RANGE_BYTES),
      async (range) => {
        const printer = new RowsPrinter();
        const rows = await cluster.readRange(table, range, held.moment, options.signal);
        for await (const chunk of rows as AsyncIterable<Buffer>) {
          printer.update(chunk);
          bytes += chunk.length;
          options.onProgress(bytes);
        }
        return printer.print;
      },
      { concurrency: RANGES_AT_ONCE, signal: options.signal },
    );
    return { print: addPrints(prints), bytes, columns: storedColumns(table).map((column) => column.name) };
  } finally {
    await held.release();
  }
}
