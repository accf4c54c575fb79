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
export async function* inParts(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Part, void> {
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
