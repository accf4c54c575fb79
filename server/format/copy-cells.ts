import { copyUnescaped } from '../cluster/copy-escape.ts';
import { endOfValue, NEWLINE } from './copy-marks.ts';

/** One value of a row for people: null is NULL, a text is all of it, and what can't be shown so says how it is. */
export type Cell = string | null | PartialCell;

/** A value of which only the beginning is shown, or that is no text. */
export interface PartialCell {
  /** The beginning of it; in hex where it is no UTF-8. */
  shown: string;
  as: 'text' | 'hex';
  cut: boolean;
  /** How long all of it is as COPY text. */
  bytes: number;
}

/** How much of a value is shown. */
const CHARACTERS = 2_000;
/** What so many characters take at most, whether as UTF-8 or escaped. */
const KEPT_BYTES = 4 * CHARACTERS;
/** From so many characters in all on, no more is taken: a row that isn't whole by then is left out. */
const ALL_CHARACTERS = 4_000_000;

const NULL = Buffer.from('\\N');
const BACKSLASH = 92;

/**
 * The first rows of COPY text as cells. Holds what is shown of them and no more, however long a line or a value is and
 * however many columns a line has.
 */
export class CopyCells {
  readonly rows: Cell[][] = [];
  /** What makes a line no row of this table; nothing after it is read. */
  problem: string | null = null;
  readonly #columns: number;
  readonly #wanted: number;
  #row: Cell[] = [];
  /** Columns of the current line that have ended. */
  #ended = 0;
  /** What is kept of the current value, and how long it is until now. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #bytes = 0;
  /** Of the value that ended last. */
  #lastBytes = 0;
  #characters = 0;

  /** @param columns how many there are in a row */
  constructor(columns: number, wanted: number) {
    this.#columns = columns;
    this.#wanted = wanted;
  }

  /** Whether more text would change nothing. */
  get full(): boolean {
    return this.rows.length >= this.#wanted || this.#characters >= ALL_CHARACTERS || this.problem !== null;
  }

  /** Whether the text ended inside a row. */
  get insideRow(): boolean {
    return this.#ended > 0 || this.#bytes > 0;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.full;) {
      const end = endOfValue(chunk, at);
      this.#keep(chunk.subarray(at, end < 0 ? chunk.length : end));
      if (end < 0) return;
      this.#endValue();
      if (chunk[end] === NEWLINE) this.#endRow();
      at = end + 1;
    }
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#ended >= this.#columns) return;
    const kept = part.subarray(0, KEPT_BYTES - this.#keptBytes);
    if (kept.length === 0) return;
    // A copy: not with all of its chunk.
    this.#kept.push(Buffer.from(kept));
    this.#keptBytes += kept.length;
  }

  #endValue(): void {
    if (this.#ended < this.#columns) {
      const cell = cellOf(Buffer.concat(this.#kept), this.#bytes);
      this.#characters += typeof cell === 'string' ? cell.length : (cell?.shown.length ?? 0);
      this.#row.push(cell);
    }
    this.#ended += 1;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#lastBytes = this.#bytes;
    this.#bytes = 0;
  }

  #endRow(): void {
    // A table without columns has empty lines.
    const found = this.#columns === 0 && this.#ended === 1 && this.#lastBytes === 0 ? 0 : this.#ended;
    if (found === this.#columns) this.rows.push(this.#row);
    else this.problem = `line ${this.rows.length + 1} has ${found} columns instead of ${this.#columns}`;
    this.#row = [];
    this.#ended = 0;
  }
}

/** A value of which so many bytes were kept, all or the first ones. */
function cellOf(kept: Buffer, bytes: number): Cell {
  if (kept.equals(NULL)) return null;
  const whole = kept.length === bytes;
  const value = unescaped(whole ? kept : withoutHalfEscape(kept));
  const text = decoded(value, whole);
  if (text === null) {
    const shown = value.subarray(0, CHARACTERS / 2);
    return {
      shown: `\\x${shown.toString('hex')}`,
      as: 'hex',
      cut: !whole || shown.length < value.length,
      bytes,
    };
  }
  const shown = text.length <= CHARACTERS ? text : firstCharacters(text);
  return whole && shown.length === text.length ? text : { shown, as: 'text', cut: true, bytes };
}

/** Byte by byte: it may be no UTF-8. */
function unescaped(value: Buffer): Buffer {
  return value.includes(BACKSLASH) ? Buffer.from(copyUnescaped(value.toString('latin1')), 'latin1') : value;
}

function withoutHalfEscape(kept: Buffer): Buffer {
  let backslashes = 0;
  while (kept.at(-1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 0 ? kept : kept.subarray(0, -1);
}

/** Null where it is no UTF-8; one that is not whole may end inside a character. */
function decoded(value: Buffer, whole: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value, { stream: !whole });
  } catch {
    return null;
  }
}

function firstCharacters(text: string): string {
  const first = text.slice(0, CHARACTERS);
  return first.isWellFormed() ? first : first.slice(0, -1);
}
