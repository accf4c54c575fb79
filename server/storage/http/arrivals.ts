import { StoreError } from '../store.ts';
import type { Files } from './files.ts';
import { type Fingerprint, fingerprintOf, HEAD_BYTES } from './fingerprint.ts';

/** Compares what is at the server with what was sent. Throws StoreError where that can't be seen. */
export class Arrivals {
  readonly #files: Files;
  readonly #guarded: boolean;

  constructor(files: Files, guarded: boolean) {
    this.#files = files;
    this.#guarded = guarded;
  }

  /**
   * Whether all of it arrived. TLS sees to it that each byte does as it was, so that its length tells; without TLS there is TCP's
   * checksum, which one damaged packet of some 65,000 passes: then it is read back.
   */
  async isWhole(path: string, name: string, sent: Fingerprint, signal: AbortSignal): Promise<boolean> {
    if (this.#guarded) {
      const seen = await this.#files.look(path, name, { signal });
      if (seen.kind !== 'file') return false;
      if (seen.bytes !== null) return seen.bytes === sent.bytes;
    }
    return this.isSame(path, name, sent, signal);
  }

  /** Whether it is just these bytes, seen by reading it. */
  async isSame(path: string, name: string, sent: Fingerprint, signal?: AbortSignal): Promise<boolean> {
    try {
      const stream = await this.#files.read(path, name, undefined, signal);
      return sent.equals(await fingerprintOf(stream));
    } catch (error) {
      if (error instanceof StoreError && error.code === 'not-found') return false;
      throw error;
    }
  }

  /**
   * Whether it is what was sent, or the beginning of that, or as long (and damaged). Another writer's file is neither, unless it
   * has the same in it.
   */
  async isOurs(path: string, name: string, sent: Fingerprint): Promise<boolean> {
    const seen = await this.#files.look(path, name);
    if (seen.kind !== 'file') return false;
    const bytes = seen.bytes ?? (await this.#files.sizeOf(path, name));
    if (bytes === sent.bytes || bytes === 0) return true;
    if (bytes > sent.bytes) return false;
    const start = await fingerprintOf(await this.#files.read(path, name, { start: 0, end: HEAD_BYTES - 1 }));
    return sent.head.subarray(0, start.bytes).equals(start.head);
  }
}
