/** What lies between two keys; the end is not in it. */
export interface Span<Key> {
  start: Key;
  end: Key;
}

/** Finds which pieces spans overlap that come in key order. The pieces are disjoint and in key order, too. */
export class Overlaps<Key> {
  readonly #pieces: readonly Span<Key>[];
  readonly #compare: (one: Key, other: Key) => number;
  /** Those before it end before all that is still to come. */
  #first = 0;

  constructor(pieces: readonly Span<Key>[], compare: (one: Key, other: Key) => number) {
    this.#pieces = pieces;
    this.#compare = compare;
  }

  /** The places of the pieces that the span overlaps. */
  of(span: Span<Key>): number[] {
    const found: number[] = [];
    for (let place = this.#first; ; place++) {
      const piece = this.#pieces[place];
      if (piece === undefined || this.#compare(piece.start, span.end) >= 0) return found;
      if (this.#compare(piece.end, span.start) > 0) found.push(place);
      else if (place === this.#first) this.#first += 1;
    }
  }
}

/** Counts one more for the node. */
export function countUp<Node>(counts: Map<Node, number> | undefined, node: Node, by = 1): void {
  counts?.set(node, (counts.get(node) ?? 0) + by);
}
