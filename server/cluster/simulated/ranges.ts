import type { NodeId, TablePiece, TableRange } from '../cluster.ts';
import type { ObjectName } from '../names.ts';
import { countUp, Overlaps } from '../overlaps.ts';
import { HoldfastError } from '../../errors.ts';
import type { World } from './model.ts';
import type { Nodes } from './nodes.ts';
import { below, hash } from './random.ts';
import type { Unrest } from './unrest.ts';

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

/** A range by its ordinals: the first, and the one after the last. */
interface LedOrdinals {
  first: number;
  end: number;
  leaseholder: NodeId;
}

/** What the hashes of bounds are told apart by. 1 places them, 2 and 3 choose who holds the lease of what begins there. */
const PLACE = 1;
const LEASE = 2;
const HALF_LEASE = 3;
const HALF = 4;
const THERE = 5;
const PHASE = 6;
/** A bound that comes and goes is gone for one period in so many, and a range is cut in half for one in so many. */
const GONE_ONE_IN = 4;
const CUT_ONE_IN = 3;

/**
 * A table's ranges at any time: where it is split and who holds the leases are functions of its salt and of the time, in
 * milliseconds since 1970. Bounds are ordinals of rows, so that what was a range once can be read ever after.
 *
 * There are fixed places for bounds: those between even ranges, give or take, and one somewhere within each of these. A place
 * has a bound or has none, and that may change once in each period; the range from there on, and its lease, go by the place.
 */
export class RangeLayout {
  readonly #table: SplitTable;
  readonly #nodes: Nodes;
  readonly #unrest: Unrest;
  readonly #count: number;

  constructor(table: SplitTable, nodes: Nodes, { rangeBytes, unrest }: Pick<World, 'rangeBytes' | 'unrest'>) {
    this.#table = table;
    this.#nodes = nodes;
    this.#unrest = unrest;
    const wanted = Math.round((table.rows * table.rowBytes) / rangeBytes);
    this.#count = Math.max(1, Math.min(wanted, Math.floor(table.rows / MIN_AVERAGE_ROWS)));
  }

  /** The ranges of that time, in key order. */
  *at(time: number): Generator<TableRange, void> {
    const { name, rows, share, rowBytes } = this.#table;
    const expected = (ordinals: number): number => Math.round(ordinals * share);
    let index = 0;
    for (const { first, end, leaseholder } of this.between(0, rows, time)) {
      const estimatedRows = expected(end) - expected(first);
      yield {
        table: name,
        index,
        start: index === 0 ? null : String(first),
        end: end === rows ? null : String(end),
        leaseholder,
        estimatedRows,
        estimatedBytes: Math.round(estimatedRows * rowBytes),
      };
      index += 1;
    }
  }

  /** The ranges of that time that have ordinals from `from` up to `to`, in key order; one at least. */
  *between(from: number, to: number, time: number): Generator<LedOrdinals, void> {
    let place = this.#placeOf(from, time);
    let first = this.#ordinal(place);
    for (let next = place + 1; next <= 2 * this.#count; next++) {
      const last = next === 2 * this.#count;
      if (!last && !this.#isBound(next, time)) continue;
      const end = last ? this.#table.rows : this.#ordinal(next);
      yield { first, end, leaseholder: this.#leaseholder(place, time) };
      if (end >= to) return;
      [place, first] = [next, end];
    }
  }

  /** The node that serves the row at that time. */
  leaseholderOf(ordinal: number, time: number): NodeId {
    return this.#leaseholder(this.#placeOf(ordinal, time), time);
  }

  /** Where the range begins that has the row at that time. */
  #placeOf(ordinal: number, time: number): number {
    // Bounds are less than a range from where even ones would be.
    const even = Math.floor((ordinal * this.#count) / Math.max(1, this.#table.rows));
    let place = 2 * Math.min(this.#count, even + 2) - 1;
    while (place > 0 && !(this.#isBound(place, time) && this.#ordinal(place) <= ordinal)) place--;
    return place;
  }

  #leaseholder(place: number, time: number): NodeId {
    const { leaseSeconds } = this.#unrest;
    const at = [Math.floor(place / 2), place % 2 === 0 ? LEASE : HALF_LEASE];
    if (leaseSeconds !== null) at.push(this.#period(place, time, leaseSeconds));
    return this.#nodes.liveAt(hash(this.#table.salt, ...at), time);
  }

  #isBound(place: number, time: number): boolean {
    const { splitSeconds } = this.#unrest;
    const half = place % 2 === 1;
    if (place === 0 || splitSeconds === null) return !half;
    const choice = hash(this.#table.salt, place, THERE, this.#period(place, time, splitSeconds));
    if (!half) return below(GONE_ONE_IN, choice) !== 0;
    return below(CUT_ONE_IN, choice) === 0 && this.#ordinal(place + 1) - this.#ordinal(place - 1) > 1;
  }

  /** Of the periods of that length, the one that the time is in; they don't begin at the same time everywhere. */
  #period(place: number, time: number, seconds: number): number {
    const phase = hash(this.#table.salt, place, PHASE) / 2 ** 32;
    return Math.floor(time / (seconds * 1000) + phase);
  }

  /** Where a place is: even ones are between even ranges, an odd one within the range around it. */
  #ordinal(place: number): number {
    const { rows, salt } = this.#table;
    const index = Math.floor(place / 2);
    if (place % 2 === 1) {
      const [first, end] = [this.#ordinal(place - 1), this.#ordinal(place + 1)];
      return first + 1 + below(end - first - 1, hash(salt, index, HALF));
    }
    if (index === 0) return 0;
    if (index === this.#count) return rows;
    const jitter = (hash(salt, index, PLACE) / 2 ** 32 - 0.5) * 2 * JITTER;
    return Math.floor(((index + jitter) * rows) / this.#count);
  }
}

/** The ordinals of a range's rows: the first, and the one after the last. Throws `internal` for bounds of others. */
export function ordinalsOf(range: TablePiece, rows: number): { first: number; end: number } {
  const bound = (text: string | null, open: number): number => {
    if (text === null) return open;
    if (!/^\d{1,10}$/.test(text) || Number(text) > rows)
      throw new HoldfastError('internal', `'${text}' is not a bound of a simulated range`);
    return Number(text);
  };
  return { first: bound(range.start, 0), end: bound(range.end, rows) };
}

/** Implements Cluster.leaseholders. */
export function leaseholdersOf(
  layout: RangeLayout,
  rows: number,
  pieces: readonly TablePiece[],
  time: number,
): Map<NodeId, number>[] {
  const counts = pieces.map(() => new Map<NodeId, number>());
  // A table without rows has a range all the same.
  const spanOf = ({ first, end }: { first: number; end: number }) => ({
    start: first,
    end: Math.max(end, first + 1),
  });
  const spans = pieces.map((piece) => spanOf(ordinalsOf(piece, rows)));
  const [from, to] = [spans[0]?.start ?? 0, spans.at(-1)?.end ?? 0];
  const overlaps = new Overlaps(spans, (one, other) => one - other);
  for (const range of layout.between(from, to, time))
    for (const place of overlaps.of(spanOf(range))) countUp(counts[place], range.leaseholder);
  return counts;
}
