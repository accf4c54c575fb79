import { type Hash, randomBytes } from 'node:crypto';

const MIB = 1024 * 1024;

/** https://learn.microsoft.com/rest/api/storageservices/put-block#remarks */
const MOST_BLOCKS = 50_000;
const LARGEST_BLOCK = 4000 * MIB;

const SMALLEST_BLOCK = 8 * MIB;
/** A body may come out larger than was expected. */
const PLANNED_BLOCKS = 40_000;

/** How large the blocks are of a file of about so many bytes, or of a file of any size that isn't known. */
export function blockBytes(expectedBytes = 0): number {
  const planned = Math.ceil(expectedBytes / PLANNED_BLOCKS / MIB) * MIB;
  return Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, planned));
}

/**
 * Names for the blocks of one upload that no other has: a name's blocks may be those of several writers. All ids under one name
 * must be equally long, whoever writes, so that their length never changes between versions of Holdfast.
 */
export class BlockIds {
  readonly #upload = randomBytes(24).toString('base64url');

  /** Null: past the last one that a file may have. */
  at(index: number): string | null {
    if (index >= MOST_BLOCKS) return null;
    return Buffer.from(`${this.#upload}-${String(index).padStart(5, '0')}`).toString('base64');
  }

  /** Says of an id, as the service lists them, whether it is one of these. */
  has(id: string): boolean {
    return Buffer.from(id, 'base64').toString().startsWith(`${this.#upload}-`);
  }
}

/** The bytes of a body, taken out in portions of any length. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** What has come and wasn't taken, in order. */
  #waiting: Uint8Array[] = [];

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** All that is left, if that is at most so many bytes; else null, and nothing is taken. */
  async all(most: number): Promise<Buffer | null> {
    let bytes = 0;
    const seen: Uint8Array[] = [];
    while (bytes <= most) {
      const piece = await this.#next(most + 1);
      if (piece === null) return Buffer.concat(seen);
      seen.push(piece);
      bytes += piece.length;
    }
    this.#waiting.unshift(...seen);
    return null;
  }

  /** Fills the buffer, and the hash with the same; says how far it came, which is less than all of it at the end only. */
  async fill(buffer: Buffer, hash: Hash): Promise<number> {
    let filled = 0;
    while (filled < buffer.length) {
      const piece = await this.#next(buffer.length - filled);
      if (piece === null) break;
      buffer.set(piece, filled);
      hash.update(piece);
      filled += piece.length;
    }
    return filled;
  }

  async #next(most: number): Promise<Uint8Array | null> {
    let first = this.#waiting.shift();
    while (first === undefined || first.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return null;
      first = next.value;
    }
    if (first.length > most) this.#waiting.unshift(first.subarray(most));
    return first.subarray(0, most);
  }
}
