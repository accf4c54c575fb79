import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** Counts and hashes the stored bytes that go through, on their way to a store or from one. */
export class StoredBytes extends Transform {
  bytes = 0;
  readonly #hash = createHash('sha256');
  readonly #check: (bytes: number, sha256: string) => Error | null;
  /** Hex; set once everything has gone through. */
  sha256 = '';

  /** `check` sees length and hash before the end is passed on; the error it answers takes the place of the end. */
  constructor(check: (bytes: number, sha256: string) => Error | null = () => null) {
    super();
    this.#check = check;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.sha256 = this.#hash.digest('hex');
    done(this.#check(this.bytes, this.sha256));
  }
}
