import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { HoldfastError } from '../../errors.ts';

export const CHUNK_BYTES = 64 * 1024;

/** Rows are looked at so many at a time before others get their turn, also where none is written. */
export const MOST_AT_ONCE = 4096;

/**
 * Streams the rows from `first` up to `end`, made as they are asked for; `write` answers null for one that isn't there.
 * Aborting or destroying it stops that.
 */
export function streamRows(
  write: (ordinal: number) => string | null,
  { first, end }: { first: number; end: number },
  signal: AbortSignal,
  doing: string,
): Readable {
  const stream = Readable.from(chunks(write, first, end), { objectMode: false });
  const abort = () => stream.destroy(canceled(signal, doing));
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', abort));
  return stream;
}

async function* chunks(
  write: (ordinal: number) => string | null,
  first: number,
  end: number,
): AsyncGenerator<Buffer, void> {
  let text = '';
  for (let ordinal = first; ordinal < end; ordinal++) {
    text += write(ordinal) ?? '';
    if (text.length >= CHUNK_BYTES) {
      yield Buffer.from(text);
      text = '';
    } else if (ordinal % MOST_AT_ONCE !== 0) continue;
    // Making rows waits for nothing: without this, nothing else in the process would get its turn.
    await setImmediate();
  }
  if (text !== '') yield Buffer.from(text);
}

/** What an abort means for a call in progress: the signal's own HoldfastError, else `canceled`. */
export function canceled(signal: AbortSignal, doing: string): HoldfastError {
  if (signal.reason instanceof HoldfastError) return signal.reason;
  return new HoldfastError('canceled', `canceled: ${doing}`, { cause: signal.reason });
}
