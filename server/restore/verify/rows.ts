import { Writable } from 'node:stream';
import type { Column } from '../../cluster/descriptor.ts';
import { formOf, unescaped, type ValueForm } from './values.ts';

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const BACKSLASH = 92;
const CAPITAL_N = 78;
/** What may follow a backslash: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format" */
const ESCAPES = new Set([...'bfnrtv\\'].map((letter) => letter.charCodeAt(0)));

/** A file with more bad rows than this is bad enough: only its rows are counted on. */
export const MOST_BAD_ROWS = 10;

export interface BadRow {
  /** From 1. */
  line: number;
  /** Null where it is not one column's. */
  column: string | null;
  reason: string;
}

export type RowColumn = Pick<Column, 'name' | 'type' | 'nullable'>;

/**
 * Parses COPY text against the columns that its rows have: how many there are, escapes, NULL where none may be, and the form of
 * values of common types. Counts rows and bytes. Holds one value at most, and of that no more than is looked into.
 */
export class RowCheck extends Writable {
  rows = 0;
  bytes = 0;
  readonly bad: BadRow[] = [];
  readonly #columns: readonly RowColumn[];
  readonly #forms: readonly (ValueForm | null)[];
  readonly #onProgress: (bytes: number, rows: number) => void;
  #column = 0;
  /** Of the current value: what is held of it, how long it is, whether a backslash came last. */
  #held = '';
  #length = 0;
  #escaped = false;
  #isNull = false;
  #midRow = false;
  /** The current row is known to be bad: one reason is enough. */
  #isBad = false;

  constructor(columns: readonly RowColumn[], onProgress: (bytes: number, rows: number) => void = () => {}) {
    super();
    this.#columns = columns;
    this.#forms = columns.map(({ type }) => formOf(type));
    this.#onProgress = onProgress;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // A character a byte: what is looked for is ASCII, and slices of a text cost less than those of a buffer.
    const text = chunk.toString('latin1');
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const byte = text.charCodeAt(at);
      // Everything else stands for itself.
      if (byte > RETURN && byte !== BACKSLASH && !this.#escaped) continue;
      // A newline ends a row, whatever is before it.
      if (this.#escaped && byte !== NEWLINE) this.#escape(byte, this.#length + at - from === 1);
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === TAB || byte === NEWLINE) {
        this.#take(text, from, at);
        this.#endValue();
        from = at + 1;
        if (byte === TAB) this.#column += 1;
        else this.#endRow();
      } else if (byte === RETURN || byte === 0)
        this.#tell(`an unescaped character ${byte === 0 ? 'NUL' : 'CR'}`);
    }
    this.#take(text, from, text.length);
    this.#midRow = this.#column > 0 || this.#length > 0;
    this.bytes += chunk.length;
    this.#onProgress(this.bytes, this.rows);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#midRow) this.#tell('the file ends in the middle of this row', null);
    done();
  }

  #escape(byte: number, second: boolean): void {
    this.#escaped = false;
    if (byte === CAPITAL_N && second) this.#isNull = true;
    else if (!ESCAPES.has(byte)) this.#tell('an unknown escape');
  }

  #take(text: string, from: number, to: number): void {
    this.#length += to - from;
    const form = this.#forms[this.#column];
    // What is left of a bad row is only gone through.
    if (from === to || !form || this.#isBad) return;
    if (this.#length > form.longest) this.#held = '';
    else this.#held += text.slice(from, to);
  }

  #endValue(): void {
    const column = this.#columns[this.#column];
    const form = this.#forms[this.#column];
    if (this.#escaped) this.#tell('an escape of nothing');
    if (this.#columns.length === 0 && this.#length > 0) this.#tell('it has a value, and its table no column');
    if (column !== undefined && !this.#isBad) {
      if (this.#isNull) {
        if (this.#length !== 2) this.#tell('a NULL with something behind it');
        else if (!column.nullable) this.#tell('it is NULL, which it must not be');
      } else if (form && this.#length <= form.longest) {
        const problem = form.check(unescaped(this.#held));
        if (problem !== null) this.#tell(problem);
      }
    }
    this.#held = '';
    this.#length = 0;
    this.#escaped = false;
    this.#isNull = false;
  }

  #endRow(): void {
    const { length } = this.#columns;
    if (this.#column + 1 !== length && !(length === 0 && this.#column === 0))
      this.#tell(`it has ${this.#column + 1} columns instead of ${length}`, null);
    this.rows += 1;
    this.#column = 0;
    this.#isBad = false;
  }

  #tell(reason: string, column: string | null = this.#columns[this.#column]?.name ?? null): void {
    if (this.#isBad) return;
    this.#isBad = true;
    this.#held = '';
    if (this.bad.length < MOST_BAD_ROWS) this.bad.push({ line: this.rows + 1, column, reason });
  }
}
