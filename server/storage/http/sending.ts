import { Readable } from 'node:stream';
import { said } from '../said.ts';
import { Fingerprint } from './fingerprint.ts';

/** A body that ends within this is held: it is sent with its length, and again where that is needed. */
const HELD_BYTES = 1024 * 1024;
/** What goes out at once: that one of these is taken is progress. */
const PIECE_BYTES = 64 * 1024;
/** A server may copy what it took before it answers: at this speed it is still waited for. */
const COPY_BYTES_PER_MS = (20 * 1024 * 1024) / 1000;

export type Body =
  | { kind: 'held'; bytes: Buffer }
  /** Can be read once. */
  | { kind: 'stream'; chunks: AsyncIterable<Uint8Array> };

/** Reads so much of a body that it is known whether it is small. */
export async function readAhead(chunks: AsyncIterable<Uint8Array>): Promise<Body> {
  const iterator = chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  for (let length = 0; length <= HELD_BYTES;) {
    const next = await iterator.next();
    if (next.done === true) return { kind: 'held', bytes: Buffer.concat(held) };
    held.push(next.value);
    length += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    for (let first = held.shift(); first !== undefined; first = held.shift()) yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { kind: 'stream', chunks: all() };
}

/** How long a server may take to answer that has to copy so much. */
export function answerMs(bytes: number, stallMs: number): number {
  return stallMs + bytes / COPY_BYTES_PER_MS;
}

/**
 * A body on its way in a request. What undici doesn't watch is watched here: a server that stops reading, or doesn't answer
 * once it has everything. A body that is slow to come is no stall.
 */
export class Outgoing {
  readonly stream: Readable;
  /** What was sent so far. */
  readonly sent = new Fingerprint();
  readonly #name: string;
  readonly #stallMs: number;
  readonly #stalled = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #complete = false;

  constructor(body: Body, name: string, stallMs: number) {
    this.#name = name;
    this.#stallMs = stallMs;
    const chunks = body.kind === 'held' ? [body.bytes] : body.chunks;
    this.stream = Readable.from(this.#pieces(chunks), { objectMode: false, highWaterMark: PIECE_BYTES });
    // It is destroyed with its request, and may fail after that.
    this.stream.on('error', () => {});
  }

  /** Aborts with a StoreError when the server stalls. */
  get signal(): AbortSignal {
    return this.#stalled.signal;
  }

  /** All of the body was handed over. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Some of it may have reached the server. */
  get begun(): boolean {
    return this.#complete || this.sent.bytes > 0;
  }

  /** The request is over: nothing is waited for any more. */
  end(): void {
    this.#expectNothing();
    this.stream.destroy();
  }

  async *#pieces(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.sent.add(chunk);
      for (let offset = 0; offset < chunk.length; offset += PIECE_BYTES) {
        this.#expect('the server takes no more of it', this.#stallMs);
        yield chunk.subarray(offset, offset + PIECE_BYTES);
      }
      this.#expectNothing();
    }
    this.#complete = true;
    this.#expect('the server took all of it and does not answer', answerMs(this.sent.bytes, this.#stallMs));
  }

  #expect(words: string, ms: number): void {
    this.#expectNothing();
    this.#timer = setTimeout(() => {
      this.#stalled.abort(said('transient', `${words} for ${Math.round(ms / 1000)} s`, this.#name));
    }, ms);
  }

  #expectNothing(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
