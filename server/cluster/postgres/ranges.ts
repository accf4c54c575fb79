import { nodeId, type TableRange } from '../cluster.ts';
import type { Moment } from '../moment.ts';
import { type ObjectName } from '../names.ts';
import type { Connections } from './connections.ts';
import { openTable } from './tables.ts';

/** PostgreSQL has one node. */
export const THE_NODE = nodeId(1);

/** Reading a range of blocks, and nothing else of the table, is possible from PostgreSQL 14 on. */
const TID_RANGE_SCAN = 140000;

/**
 * Implements Cluster.ranges: equal pieces of the heap by block number, `(block,0)` as bounds. The first and the
 * last are open: rows in blocks that were added while this looked are in the last one.
 */
export async function* tableRanges(
  connections: Connections,
  table: ObjectName,
  at: Moment,
  targetBytes: number,
): AsyncGenerator<TableRange> {
  const { heap, version } = await connections.use(table.database, async (session) => {
    const opened = await openTable(session, table, at);
    await session.run('end a transaction', 'COMMIT');
    return { heap: opened, version: session.server.version };
  });
  const wanted = Math.max(1, Math.round(heap.bytes / Math.max(1, targetBytes)));
  const count = version < TID_RANGE_SCAN ? 1 : Math.max(1, Math.min(heap.pages, wanted));
  const bound = (index: number) =>
    index === 0 || index === count ? null : `(${Math.floor((heap.pages * index) / count)},0)`;
  for (let index = 0; index < count; index++)
    yield {
      table,
      index,
      start: bound(index),
      end: bound(index + 1),
      leaseholder: THE_NODE,
      estimatedBytes: Math.round(heap.bytes / count),
      estimatedRows: Math.round(heap.rows / count),
    };
}
