import { nodeId, type TableRange } from '../cluster.ts';
import type { Moment } from '../moment.ts';
import { type ObjectName, printName } from '../names.ts';
import type { Connections } from './connections.ts';
import { tableSpan } from './key-span.ts';
import { decodeBoundary } from './keys/decode.ts';
import { type Boundary, type PrimaryIndex, UndecodableKey } from './keys/types.ts';
import type { Schemas } from './schemas.ts';
import type { TableAccess } from './table-access.ts';

/** A range of the cluster as it is now, which may hold more than the table's primary index. */
export interface StoredRange {
  endKey: Buffer;
  leaseholder: string;
  liveBytes: number;
  liveKeys: number;
}

/**
 * Implements Cluster.ranges: the cluster's ranges that hold rows of the table's primary index, as they are now;
 * their bounds are keys, so they cut the rows of any moment into disjoint pieces that cover the table. The first
 * and the last are open. `start` and `end` are raw keys in hexadecimal.
 */
export async function* tableRanges(
  connections: Connections,
  schemas: Schemas,
  table: ObjectName,
  at: Moment,
): AsyncGenerator<TableRange> {
  const access = await schemas.access(table, at);
  const stored = await readRanges(connections, table, access.index);
  yield* cut(table, access, stored);
}

async function readRanges(
  connections: Connections,
  table: ObjectName,
  index: PrimaryIndex,
): Promise<StoredRange[]> {
  const { start, end } = tableSpan(index);
  const rows = await connections.use(table.database, (session) =>
    session.rows<{ endKey: Buffer; leaseholder: string; liveBytes: string; liveKeys: string }>(
      `list the ranges of ${printName(table)}`,
      `SELECT end_key AS "endKey", crdb_internal.lease_holder(start_key)::STRING AS leaseholder,
              s->>'live_bytes' AS "liveBytes", s->>'live_count' AS "liveKeys"
       FROM (SELECT start_key, end_key, crdb_internal.range_stats(start_key) AS s
             FROM (SELECT start_key, end_key FROM crdb_internal.ranges_no_leases
                   WHERE end_key > $1 AND start_key < $2) AS r) AS r
       ORDER BY start_key`,
      [start, end],
    ),
  );
  return rows.map((row) => ({
    endKey: row.endKey,
    leaseholder: row.leaseholder,
    liveBytes: Number(row.liveBytes),
    liveKeys: Number(row.liveKeys),
  }));
}

/**
 * Cuts the table at the ends of the ranges. An end before the table's first row makes an empty range, which is left
 * out; one that has no counterpart among SQL values is no cut, and the ranges beside it are read as one.
 */
export function* cut(table: ObjectName, access: TableAccess, ranges: StoredRange[]): Generator<TableRange> {
  let index = 0;
  let start: string | null = null;
  let gathered: { leaseholder: string; bytes: number; keys: number } | null = null;
  for (const [position, range] of ranges.entries()) {
    const end = position === ranges.length - 1 ? AFTER : boundaryOf(range.endKey, access.index);
    if (end?.kind === 'before') continue;
    gathered ??= { leaseholder: range.leaseholder, bytes: 0, keys: 0 };
    gathered.bytes += range.liveBytes;
    gathered.keys += range.liveKeys;
    if (end === null) continue;
    const endKey = end.kind === 'after' ? null : range.endKey.toString('hex');
    yield {
      table,
      index: index++,
      start,
      end: endKey,
      leaseholder: nodeId(gathered.leaseholder),
      estimatedBytes: gathered.bytes,
      estimatedRows: Math.round(gathered.keys / access.keysPerRow),
    };
    if (endKey === null) return;
    start = endKey;
    gathered = null;
  }
}

const AFTER: Boundary = { kind: 'after' };

function boundaryOf(key: Buffer, index: PrimaryIndex): Boundary | null {
  try {
    return decodeBoundary(key, index);
  } catch (error) {
    if (error instanceof UndecodableKey) return null;
    throw error;
  }
}
