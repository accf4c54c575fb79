import { Transform, type TransformCallback } from 'node:stream';
import { HoldfastError } from '../errors.ts';
import { endOfValue, NEWLINE, TAB } from './copy-marks.ts';

const TAB_BYTE = Buffer.from('\t');
const NEWLINE_BYTE = Buffer.from('\n');

/**
 * Picks columns out of COPY text, in the order of `positions` (from 0). Tabs and newlines in values are escaped, so
 * those that stand there bare end a column and a row, and what is between goes through as it is. Holds the picked values
 * of one row, however wide the rows are. Fails with `corrupt-backup` on a row that lacks a column.
 */
export class PickColumns extends Transform {
  readonly #positions: readonly number[];
  readonly #last: number;
  /** The current row's picked values so far, in parts, by position; null for columns that are not picked. */
  readonly #values: (Buffer[] | null)[];
  #column = 0;

  constructor(positions: readonly number[]) {
    super();
    this.#positions = positions;
    this.#last = Math.max(...positions);
    this.#values = Array.from({ length: this.#last + 1 }, (_, position) =>
      positions.includes(position) ? [] : null,
    );
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const picked: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      const value = this.#values[this.#column] ?? null;
      // Past the last one picked, only the end of the row matters.
      const end = this.#column > this.#last ? chunk.indexOf(NEWLINE, at) : endOfValue(chunk, at);
      const stop = end < 0 ? chunk.length : end;
      if (value !== null && stop > at) value.push(chunk.subarray(at, stop));
      if (end < 0) break;
      at = end + 1;
      if (chunk[end] === TAB) {
        this.#column += 1;
        continue;
      }
      if (this.#column < this.#last) {
        done(lacksKey(this.#column + 1, this.#last + 1));
        return;
      }
      this.#endRow(picked);
    }
    // What a row has so far may be held for long: not with all of its chunk.
    for (const value of this.#values)
      if (value !== null && value.length > 0) value.splice(0, Infinity, Buffer.concat(value));
    done(null, picked.length === 0 ? undefined : Buffer.concat(picked));
  }

  #endRow(picked: Buffer[]): void {
    for (const [index, position] of this.#positions.entries()) {
      if (index > 0) picked.push(TAB_BYTE);
      picked.push(...(this.#values[position] ?? []));
    }
    picked.push(NEWLINE_BYTE);
    for (const value of this.#values) value?.splice(0);
    this.#column = 0;
  }
}

/** A row has so many columns only, and its key's last one is a later one; both counted from 1. */
export function lacksKey(columns: number, keyColumn: number): HoldfastError {
  return notRows(`a row has ${columns} columns, but its key is in column ${keyColumn}`);
}

/** What should be rows in COPY text isn't. */
export function notRows(problem: string): HoldfastError {
  return new HoldfastError('corrupt-backup', problem, {
    hint: 'Do not restore from this backup. Use another one, or another copy of it.',
  });
}
