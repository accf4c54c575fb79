import type { TableRange } from '../../cluster.ts';

/** One piece for all of a table: a changefeed follows its ranges by itself. Sent to where the first range is. */
export async function* wholeTable(ranges: AsyncIterable<TableRange>): AsyncGenerator<TableRange, void> {
  for await (const range of ranges) {
    // How much changed isn't known before it is read; the first range stands for it.
    yield { ...range, end: null };
    return;
  }
}
