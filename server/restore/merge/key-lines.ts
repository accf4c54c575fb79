import { lacksKey, notRows } from '../../format/pick-columns.ts';

const TAB = 9;
const NEWLINE = 10;
const NOTHING: Buffer = Buffer.alloc(0);

/** Whether the row is kept whose key stands between these places. */
export type Keep = (bytes: Buffer, start: number, end: number) => boolean;

/**
 * Takes COPY text apart into rows, by their keys, without making anything of a row: those that `keep` says no to are left out.
 * Tabs and newlines in values are escaped, so those that stand there bare end a column and a row. A row that lacks a
 * column of the key is `corrupt-backup`.
 *
 * A row is decided on once its key is there; of one that isn't, what has come so far is held.
 */
export class KeyLines {
  readonly #finder: KeyFinder;
  readonly #keep: Keep;
  /** The beginning of a row whose key has not come to its end, in parts. */
  #undecided: Buffer[] = [];
  /** What becomes of the rest of a row whose key was in an earlier chunk; null at the beginning of one. */
  #rest: boolean | null = null;
  /** Rows that were left out. */
  dropped = 0;

  /** `positions`: of the key's columns in a line, in the key's order. */
  constructor(positions: readonly number[], keep: Keep) {
    this.#finder = new KeyFinder(positions);
    this.#keep = keep;
  }

  /** Answers what is kept of the next chunk, and of what was held before it. */
  take(chunk: Buffer): Buffer {
    const kept = new KeptRuns();
    let text = chunk;
    let at = 0;
    if (this.#rest !== null) {
      const end = chunk.indexOf(NEWLINE) + 1;
      if (end === 0) return this.#rest ? chunk : NOTHING;
      if (!this.#rest) kept.leaveOut(0, end);
      this.#rest = null;
      at = end;
    } else if (this.#undecided.length > 0) {
      // Joined only when that may decide something: a long value comes in very many chunks.
      if (!chunk.includes(TAB) && !chunk.includes(NEWLINE)) {
        this.#undecided.push(chunk);
        return NOTHING;
      }
      text = Buffer.concat([...this.#undecided, chunk]);
      this.#undecided = [];
    }
    while (at < text.length) {
      const after = this.#finder.find(text, at);
      if (after < 0) {
        this.#undecided.push(text.subarray(at));
        kept.leaveOut(at, text.length);
        break;
      }
      const { bytes, start, end } = this.#finder;
      const keep = this.#keep(bytes, start, end);
      if (!keep) this.dropped += 1;
      const next = text[after] === NEWLINE ? after + 1 : text.indexOf(NEWLINE, after) + 1;
      if (!keep) kept.leaveOut(at, next === 0 ? text.length : next);
      if (next === 0) {
        this.#rest = keep;
        break;
      }
      at = next;
    }
    return kept.of(text);
  }

  /** There is no further chunk. Throws `corrupt-backup` where the text ends inside a row. */
  end(): void {
    if (this.#undecided.length > 0 || this.#rest !== null) throw notRows('the text ends inside a row');
  }
}

/** What is left of a text from which some pieces are left out, in their order. */
class KeptRuns {
  readonly #runs: number[] = [];
  #from = 0;

  leaveOut(start: number, end: number): void {
    if (start > this.#from) this.#runs.push(this.#from, start);
    this.#from = end;
  }

  of(text: Buffer): Buffer {
    if (this.#runs.length === 0) return text.subarray(this.#from);
    this.leaveOut(text.length, text.length);
    if (this.#runs.length === 2) return text.subarray(this.#runs[0], this.#runs[1]);
    const kept = Buffer.allocUnsafe(text.length);
    let length = 0;
    for (let run = 0; run < this.#runs.length; run += 2)
      length += text.copy(kept, length, this.#runs[run], this.#runs[run + 1]);
    return kept.subarray(0, length);
  }
}

/** Finds a row's key: the values of its columns, in the key's order, with tabs between. */
class KeyFinder {
  /** The key that was found last: this text's bytes from `start` to before `end`. */
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;
  readonly #positions: readonly number[];
  readonly #first: number;
  readonly #last: number;
  /** The key stands in the row as it is. */
  readonly #together: boolean;
  /** Where the columns of the row begin, and one more. */
  readonly #begins: Float64Array;

  constructor(positions: readonly number[]) {
    this.#positions = positions;
    this.#first = positions[0] ?? 0;
    this.#last = Math.max(...positions);
    this.#together = positions.every((position, place) => position === this.#first + place);
    this.#begins = new Float64Array(this.#last + 2);
  }

  /**
   * Looks for the key of the row that begins there. Answers where the tab or newline is that ends the key's last column;
   * -1 where that has not come yet.
   */
  find(text: Buffer, from: number): number {
    const begins = this.#begins;
    const last = this.#last;
    begins[0] = from;
    let column = 0;
    for (let at = from; at < text.length; at++) {
      const byte = text[at] ?? 0;
      if (byte > NEWLINE || (byte !== TAB && byte !== NEWLINE)) continue;
      column += 1;
      begins[column] = at + 1;
      if (column > last) {
        this.#take(text, at);
        return at;
      }
      if (byte === NEWLINE) throw lacksKey(column, last + 1);
    }
    return -1;
  }

  #take(text: Buffer, end: number): void {
    if (this.#together) {
      this.bytes = text;
      this.start = this.#begins[this.#first] ?? 0;
      this.end = end;
      return;
    }
    const values = this.#positions.map((position) =>
      text.subarray(this.#begins[position], (this.#begins[position + 1] ?? 0) - 1),
    );
    this.bytes = Buffer.concat(
      values.flatMap((value, place) => (place === 0 ? [value] : [TABULATOR, value])),
    );
    this.start = 0;
    this.end = this.bytes.length;
  }
}

const TABULATOR = Buffer.from('\t');
