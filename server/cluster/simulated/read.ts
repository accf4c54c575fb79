import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { HoldfastError } from '../../errors.ts';

const CHUNK_BYTES = 64 * 1024;

/** Streams the rows from `first` up to `end`, made as they are asked for. Aborting or destroying it stops that. */
export function streamRows(
  write: (ordinal: number) => string,
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
  write: (ordinal: number) => string,
  first: number,
  end: number,
): AsyncGenerator<Buffer, void> {
  let text = '';
  for (let ordinal = first; ordinal < end; ordinal++) {
    text += write(ordinal);
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
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
