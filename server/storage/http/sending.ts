import { Readable } from 'node:stream';
import type { RetryPolicy } from '../retry.ts';
import { said } from '../said.ts';
import { Fingerprint } from './fingerprint.ts';

/** So much of a body is held: one that ends within it is sent with its length, and any other again as long as no more of it went out. */
const HELD_BYTES = 4 * 1024 * 1024;
/** What goes out at once: that one of these is taken is progress. */
const PIECE_BYTES = 64 * 1024;
/** A server may copy what it took before it answers: at this speed it is still waited for. */
const COPY_BYTES_PER_MS = (20 * 1024 * 1024) / 1000;

/** What is to be sent. */
export interface Body {
  /** Null where it isn't known before the end. */
  readonly length: number | null;
  /** Whether it can be sent once more, from its beginning. */
  readonly repeatable: boolean;
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export const EMPTY: Body = { length: 0, repeatable: true, chunks: () => [] };

/** Reads so much of a body that it is known whether it is small. */
export async function readAhead(chunks: AsyncIterable<Uint8Array>): Promise<Body> {
  const rest = chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  while (length <= HELD_BYTES) {
    const next = await rest.next();
    if (next.done === true) return { length, repeatable: true, chunks: () => held };
    held.push(next.value);
    length += next.value.length;
  }
  return new Streamed(held, rest);
}

class Streamed implements Body {
  readonly length = null;
  #held: Uint8Array[];
  readonly #rest: AsyncIterator<Uint8Array>;
  #repeatable = true;

  constructor(held: Uint8Array[], rest: AsyncIterator<Uint8Array>) {
    this.#held = held;
    this.#rest = rest;
  }

  get repeatable(): boolean {
    return this.#repeatable;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    yield* this.#held;
    this.#repeatable = false;
    this.#held = [];
    for (let next = await this.#rest.next(); next.done !== true; next = await this.#rest.next())
      yield next.value;
  }
}

/** Repeats what fails only as long as the body can be sent again. */
export function whileRepeatable(body: Body, policy: RetryPolicy): RetryPolicy {
  return {
    ...policy,
    get attempts() {
      return body.repeatable ? policy.attempts : 1;
    },
  };
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
    this.stream = Readable.from(this.#pieces(body.chunks()), {
      objectMode: false,
      highWaterMark: PIECE_BYTES,
    });
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
