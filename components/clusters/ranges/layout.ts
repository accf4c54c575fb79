/** A piece of one range on one line of the map; `x` and `width` from 0 to 1 of the line. */
export interface Piece {
  range: number;
  line: number;
  x: number;
  width: number;
}

/** However small, a range has this part of the average's width: it must be there to be pointed at. */
const SMALLEST = 0.2;
const RANGES_A_LINE = { wide: 48, narrow: 18 } as const;
const MOST_LINES = 16;

/** How many lines so many ranges are readable on. */
export function linesFor(ranges: number, narrow: boolean): number {
  const wanted = Math.ceil(ranges / RANGES_A_LINE[narrow ? 'narrow' : 'wide']);
  return Math.min(MOST_LINES, Math.max(1, wanted));
}

/**
 * Lays ranges out in order, as wide as they are large, over lines of equal length: where a line ends, the range goes on
 * with the next one.
 */
export function layOut(sizes: readonly number[], lines: number): Piece[] {
  const sum = sizes.reduce((total, size) => total + Math.max(0, size), 0);
  const smallest = sum === 0 ? 1 : (sum / sizes.length) * SMALLEST;
  const widths = sizes.map((size) => Math.max(size, smallest));
  const total = widths.reduce((all, width) => all + width, 0);
  const pieces: Piece[] = [];
  let at = 0;
  for (const [range, width] of widths.entries()) {
    const end = range + 1 === widths.length ? lines : at + (width / total) * lines;
    while (at < end - 1e-9) {
      const line = Math.min(lines - 1, Math.floor(at + 1e-9));
      const stop = Math.min(end, line + 1);
      pieces.push({ range, line, x: at - line, width: stop - at });
      at = stop;
    }
  }
  return pieces;
}

/** The range at a place of a line; null beside the map. */
export function rangeAt(pieces: readonly Piece[], line: number, x: number): number | null {
  return (
    pieces.find((piece) => piece.line === line && x >= piece.x && x < piece.x + piece.width)?.range ?? null
  );
}

/** The range on the line above or below (`by` -1 or 1) that is nearest to this one; itself where there is none. */
export function rangeBeside(pieces: readonly Piece[], range: number, by: -1 | 1): number {
  const own = pieces.filter((piece) => piece.range === range);
  const from = by === 1 ? own.at(-1) : own[0];
  if (from === undefined) return range;
  return rangeAt(pieces, from.line + by, from.x + from.width / 2) ?? range;
}
