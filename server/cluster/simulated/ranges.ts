import type { ClusterNode, TableRange } from '../cluster.ts';
import type { ObjectName } from '../names.ts';
import { HoldfastError } from '../../errors.ts';
import { pick } from './define.ts';
import { below, hash } from './random.ts';

/** A table as far as splitting it needs. */
export interface SplitTable {
  name: ObjectName;
  /** Ordinals that there are. */
  rows: number;
  /** How many of them are read, about: 0 to 1. */
  share: number;
  rowBytes: number;
  /** `tableSalt` of it. */
  salt: number;
}

/** A range has at least a tenth of the average's ordinals: with this many on average it has rows, also where some are absent. */
const MIN_AVERAGE_ROWS = 20;
/** How far a split point is from where even ranges would have it, in ranges: ranges are 0.1 to 1.9 of the average. */
const JITTER = 0.45;

/**
 * The table's ranges in key order: where it is split and who holds the leases are functions of its salt. Bounds are
 * ordinals of rows.
 */
export function* splitTable(
  table: SplitTable,
  nodes: ClusterNode[],
  rangeBytes: number,
): Generator<TableRange, void> {
  const wanted = Math.round((table.rows * table.rowBytes) / rangeBytes);
  const count = Math.max(1, Math.min(wanted, Math.floor(table.rows / MIN_AVERAGE_ROWS)));
  const live = nodes.filter((node) => node.live);
  const expected = (ordinals: number): number => Math.round(ordinals * table.share);
  let first = 0;
  for (let index = 0; index < count; index++) {
    const end = index + 1 === count ? table.rows : splitPoint(table, index + 1, count);
    const estimatedRows = expected(end) - expected(first);
    yield {
      table: table.name,
      index,
      start: index === 0 ? null : String(first),
      end: index + 1 === count ? null : String(end),
      leaseholder: pick(live, below(live.length, hash(table.salt, index, 2))).id,
      estimatedRows,
      estimatedBytes: Math.round(estimatedRows * table.rowBytes),
    };
    first = end;
  }
}

function splitPoint(table: SplitTable, index: number, count: number): number {
  const jitter = (hash(table.salt, index, 1) / 2 ** 32 - 0.5) * 2 * JITTER;
  return Math.floor(((index + jitter) * table.rows) / count);
}

/** The ordinals of a range's rows: the first, and the one after the last. Throws `internal` for bounds of others. */
export function ordinalsOf(range: TableRange, rows: number): { first: number; end: number } {
  const bound = (text: string | null, open: number): number => {
    if (text === null) return open;
    if (!/^\d{1,10}$/.test(text) || Number(text) > rows)
      throw new HoldfastError('internal', `'${text}' is not a bound of a simulated range`);
    return Number(text);
  };
  return { first: bound(range.start, 0), end: bound(range.end, rows) };
}
