const MIB = 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MOST_PARTS = 10_000;
const LARGEST_PART = 5 * 1024 * MIB;
const SMALLEST_PART = 8 * MIB;
/** How many parts a file is planned for: it may turn out a ninth longer than was expected. */
const PLANNED_PARTS = 9_000;
const MOST_IN_HAND = 3;
/** What parts in hand may take together, as long as one alone doesn't take more. */
const IN_HAND_BYTES = 48 * MIB;

/** How a file is cut: parts of one size, the last one shorter (R2 wants that), so many of them in memory at once. */
export interface Cut {
  partBytes: number;
  inHand: number;
}

/** For a file of about so many bytes; of any that is short enough when that isn't known. */
export function cutFor(expectedBytes = 0): Cut {
  const needed = Math.ceil(expectedBytes / PLANNED_PARTS / MIB) * MIB;
  const partBytes = Math.min(Math.max(needed, SMALLEST_PART), LARGEST_PART);
  return { partBytes, inHand: Math.min(MOST_IN_HAND, Math.max(1, Math.floor(IN_HAND_BYTES / partBytes))) };
}

export interface Part {
  /** From 1. */
  number: number;
  bytes: Buffer;
  last: boolean;
  /** Gives its memory to a later part. */
  release: () => void;
}

/** A part that isn't full may be all there is: it begins small. */
const FIRST_BYTES = 64 * 1024;

/** Cuts a body into parts: at least one, and an empty one only of an empty body. */
export async function* inParts(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Part> {
  const free: Buffer<ArrayBuffer>[] = [];
  let memory = Buffer.allocUnsafeSlow(Math.min(FIRST_BYTES, size));
  let filled = 0;
  let number = 0;
  const part = (last: boolean): Part => {
    const whole = memory;
    return { number: ++number, bytes: whole.subarray(0, filled), last, release: () => void free.push(whole) };
  };
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) {
      if (filled === size) {
        yield part(false);
        memory = free.pop() ?? Buffer.allocUnsafeSlow(size);
        filled = 0;
      }
      // Nobody else has seen it yet: it may move.
      if (filled === memory.length)
        memory = Buffer.from(memory.buffer.transfer(Math.min(size, memory.length * 2)));
      const taken = Math.min(memory.length - filled, chunk.length - offset);
      memory.set(chunk.subarray(offset, offset + taken), filled);
      filled += taken;
      offset += taken;
    }
  }
  yield part(true);
}
