import { Transform, type TransformCallback } from 'node:stream';
import { countNewlines } from '../cluster/newlines.ts';

const NEWLINE = 10;

export interface CopyTextOptions {
  /** Called for every chunk with what has gone through so far. */
  onProgress?: (bytes: number, rows: number) => void;
  /** Sees the final counts before the end is passed on; the error it answers takes the place of the end. */
  check?: (text: CopyText) => Error | null;
}

/**
 * Counts the rows and bytes of COPY text that goes through. In COPY text (not CSV, not binary) a row is a line:
 * newlines in values are escaped as `\n`, so every byte 0x0A ends one, and the last row has its own.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"
 */
export class CopyText extends Transform {
  rows = 0;
  bytes = 0;
  readonly #options: CopyTextOptions;
  #last = NEWLINE;

  constructor(options: CopyTextOptions = {}) {
    super();
    this.#options = options;
  }

  /** Whether what has gone through ends with a whole row (or is nothing). */
  get complete(): boolean {
    return this.#last === NEWLINE;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.rows += countNewlines(chunk);
    this.bytes += chunk.length;
    this.#last = chunk.at(-1) ?? this.#last;
    this.#options.onProgress?.(this.bytes, this.rows);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    done(this.#options.check?.(this) ?? null);
  }
}
