import { HoldfastError } from '../../../errors.ts';

/** `PGCOPY\n\xff\r\n\0`, flags and the length of an extension: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4 */
const HEADER_BYTES = 19;

/** The values of a binary COPY of one column that is never NULL, each whole, however the stream is cut. */
export async function* copiedValues(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let rest: Buffer = Buffer.alloc(0);
  let headerRead = false;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    if (!headerRead && bytes.length >= HEADER_BYTES) {
      at = HEADER_BYTES + bytes.readUInt32BE(HEADER_BYTES - 4);
      headerRead = true;
    }
    while (headerRead && bytes.length - at >= 6) {
      const columns = bytes.readInt16BE(at);
      // The trailer, -1, has two bytes only and is what the stream ends with.
      if (columns !== 1) throw new HoldfastError('internal', 'a COPY of one column has more or none');
      const end = at + 6 + bytes.readInt32BE(at + 2);
      if (end > bytes.length) break;
      yield bytes.subarray(at + 6, end);
      at = end;
    }
    rest = bytes.subarray(at);
  }
}
