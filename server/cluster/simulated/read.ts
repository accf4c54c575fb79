import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { HoldfastError } from '../../errors.ts';
import type { Passage } from './passage.ts';

export const CHUNK_BYTES = 64 * 1024;

/** Rows are looked at so many at a time before others get their turn, also where none is written. */
export const MOST_AT_ONCE = 4096;

/**
 * Streams the rows from `first` up to `end`, made as they are asked for; `write` answers null for one that isn't there.
 * Aborting or destroying it stops that, also while it waits. `passage` has begun.
 */
export function streamRows(
  write: (ordinal: number) => string | null,
  { first, end }: { first: number; end: number },
  passage: Passage,
  signal: AbortSignal,
  doing: string,
): Readable {
  const stopped = new AbortController();
  const rows = chunks(write, first, end, passage, stopped.signal);
  const stream = new Readable({
    read() {
      rows.next().then(
        ({ value, done }) => stream.push(done === true ? null : value),
        (error: unknown) => stream.destroy(error as Error),
      );
    },
    destroy(error, done) {
      stopped.abort();
      signal.removeEventListener('abort', abort);
      done(error);
    },
  });
  const abort = () => stream.destroy(canceled(signal, doing));
  signal.addEventListener('abort', abort, { once: true });
  return stream;
}

async function* chunks(
  write: (ordinal: number) => string | null,
  first: number,
  end: number,
  passage: Passage,
  stopped: AbortSignal,
): AsyncGenerator<Buffer, void> {
  let text = '';
  let looked = 0;
  for (let ordinal = first; ordinal < end; ordinal++) {
    if (looked === MOST_AT_ONCE || text.length >= CHUNK_BYTES) {
      if (text !== '') yield Buffer.from(text);
      [text, looked] = ['', 0];
      // Making rows waits for nothing: without this, nothing else in the process would get its turn.
      await setImmediate();
      await passage.goOn(ordinal, stopped);
    }
    if (ordinal === passage.strikesAt) {
      if (text !== '') yield Buffer.from(text);
      await passage.strike(stopped);
    }
    text += write(ordinal) ?? '';
    looked += 1;
  }
  if (text !== '') yield Buffer.from(text);
}

/** What an abort means for a call in progress: the signal's own HoldfastError, else `canceled`. */
export function canceled(signal: AbortSignal, doing: string): HoldfastError {
  if (signal.reason instanceof HoldfastError) return signal.reason;
  return new HoldfastError('canceled', `canceled: ${doing}`, { cause: signal.reason });
}
