import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** So much of a file's beginning tells whose it is. */
export const HEAD_BYTES = 64 * 1024;

/** What went over a wire: to be compared with what is there. */
export class Fingerprint {
  bytes = 0;
  readonly #hash = createHash('sha256');
  #head = Buffer.alloc(0);
  #digest: string | null = null;

  add(chunk: Uint8Array): void {
    if (this.#head.length < HEAD_BYTES)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  /** The first HEAD_BYTES, or all of it. */
  get head(): Buffer {
    return this.#head;
  }

  /** To be asked for when all was added. */
  get digest(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }

  equals(other: Fingerprint): boolean {
    return this.bytes === other.bytes && this.digest === other.digest;
  }
}

/** Reads a stream to its end. Not by `for await`, which copies chunks together. */
export async function fingerprintOf(stream: Readable): Promise<Fingerprint> {
  const fingerprint = new Fingerprint();
  stream.on('data', (chunk: Buffer) => fingerprint.add(chunk));
  await finished(stream);
  return fingerprint;
}
