import { addAbortSignal, Readable } from 'node:stream';
import { messageOf } from '../errors.ts';
import { said } from './said.ts';
import type { PutOptions, StoreError } from './store.ts';

/** What a store sends: the body's bytes, and the signal that ends it all. */
export interface Sending {
  /** Fails when the body does. */
  chunks: AsyncIterable<Uint8Array>;
  /** Aborts when the caller's does, or the body has failed. */
  signal: AbortSignal;
}

/**
 * What putting a file is, wherever it goes: the body is made bytes of and counted, it is destroyed in the end whatever
 * happened, and why it failed is told apart: the body (`failed`, with what it said as the cause, whatever code that
 * carries), the caller's signal (`failed`), or the store (`explain`). `send` has to leave nothing behind when it throws.
 */
export async function putBody(
  name: string,
  given: Readable | Uint8Array,
  { signal }: PutOptions,
  send: (sending: Sending) => Promise<void>,
  explain: (error: unknown) => StoreError,
): Promise<{ bytes: number }> {
  const body = given instanceof Readable ? given : Readable.from([given], { objectMode: false });
  // The body may fail while nobody reads it yet; reading it finds that out again.
  body.on('error', () => {});
  const over = new AbortController();
  let failure: StoreError | null = null;
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const iterator: AsyncIterator<unknown> = body[Symbol.asyncIterator]();
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await iterator.next();
      } catch (error) {
        failure = bodyFailed(name, error);
        over.abort(failure);
        throw failure;
      }
      if (next.done) return;
      const chunk = toBytes(next.value);
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    throwIfAborted(name, signal);
    if (signal !== undefined) addAbortSignal(signal, body);
    await send({
      chunks: chunks(),
      signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
    });
    return { bytes };
  } catch (error) {
    throwIfAborted(name, signal);
    throw failure ?? explain(error);
  } finally {
    body.destroy();
  }
}

function throwIfAborted(name: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw said('failed', 'writing it was aborted', name, { cause: signal.reason });
}

function bodyFailed(name: string, error: unknown): StoreError {
  return said('failed', `what was to be written failed: ${messageOf(error)}`, name, { cause: error });
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === 'string') return Buffer.from(chunk);
  throw new TypeError(`a stream of ${typeof chunk}s can't be written to a file`);
}
