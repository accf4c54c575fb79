import { HoldfastError } from '../errors.ts';
import type { Cluster, NodeId } from './cluster.ts';
import type { ObjectName } from './names.ts';
import { printName } from './names.ts';
import { withPatience } from './patience.ts';

/** Ranges that are told one by one; more than that is more than a page can show. */
const MOST_RANGES = 2_000;
/** Where the cluster lets us choose the size of a range: small enough to see a table's parts. */
const TARGET_BYTES = 64 * 1024 * 1024;
const PATIENCE_MS = 30_000;

export interface MappedRange {
  leaseholder: NodeId;
  /** Estimates. */
  bytes: number;
  rows: number;
}

/** What several ranges come to. */
export interface RangeTotals {
  ranges: number;
  bytes: number;
  rows: number;
}

/** The ranges of a table and who serves them, as of about now. */
export interface RangeMap {
  table: ObjectName;
  /** In key order, from the first. */
  ranges: MappedRange[];
  /** What comes after those; null for nothing. */
  rest: RangeTotals | null;
  total: RangeTotals;
  /** Of all ranges, by leaseholder, in the order in which they first come. */
  leaseholders: ({ node: NodeId } & RangeTotals)[];
}

/**
 * Where a table's ranges are. Throws `undefined-object`, `undefined-database`, and `cluster-unavailable` when it takes
 * too long.
 */
export function rangeMap(cluster: Cluster, table: ObjectName, most = MOST_RANGES): Promise<RangeMap> {
  const stopped = new AbortController();
  return withPatience(read(cluster, table, most, stopped.signal), PATIENCE_MS, () => {
    stopped.abort();
    return new HoldfastError(
      'cluster-unavailable',
      `the ranges of ${printName(table)} were not found within ${PATIENCE_MS / 1000} seconds`,
      { hint: 'The cluster is busy, or the table has very many. Try again.' },
    );
  });
}

async function read(
  cluster: Cluster,
  table: ObjectName,
  most: number,
  stopped: AbortSignal,
): Promise<RangeMap> {
  const held = await cluster.holdMoment([table.database], null);
  try {
    const ranges: MappedRange[] = [];
    const [total, rest] = [nothing(), nothing()];
    const leaseholders = new Map<NodeId, RangeTotals>();
    for await (const range of cluster.ranges(table, held.moment, TARGET_BYTES)) {
      if (stopped.aborted) break;
      const mapped = {
        leaseholder: range.leaseholder,
        bytes: range.estimatedBytes,
        rows: range.estimatedRows,
      };
      if (ranges.length < most) ranges.push(mapped);
      else count(rest, mapped);
      count(total, mapped);
      const ofNode = leaseholders.get(range.leaseholder) ?? nothing();
      count(ofNode, mapped);
      leaseholders.set(range.leaseholder, ofNode);
    }
    return {
      table,
      ranges,
      rest: rest.ranges === 0 ? null : rest,
      total,
      leaseholders: [...leaseholders].map(([node, totals]) => ({ node, ...totals })),
    };
  } finally {
    await held.release();
  }
}

function nothing(): RangeTotals {
  return { ranges: 0, bytes: 0, rows: 0 };
}

function count(totals: RangeTotals, { bytes, rows }: MappedRange): void {
  totals.ranges += 1;
  totals.bytes += bytes;
  totals.rows += rows;
}
