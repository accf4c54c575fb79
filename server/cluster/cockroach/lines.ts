import type { Readable } from 'node:stream';

const NEWLINE = 10;

/** Splits COPY text into lines without their newlines, a chunk's lines at a time; escapes stay as they are. */
export async function* copyLines(source: Readable): AsyncGenerator<string[], void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = text.lastIndexOf(NEWLINE) + 1;
    rest = text.subarray(end);
    // Every newline in COPY text ends a line: those of values are escaped.
    if (end > 0) yield text.toString('utf8', 0, end - 1).split('\n');
  }
  if (rest.length > 0) yield [rest.toString('utf8')];
}
