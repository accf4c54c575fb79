import { HoldfastError } from '../../../errors.ts';

/** `PGCOPY\n\xff\r\n\0`, flags and the length of an extension: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4 */
const HEADER_BYTES = 19;
/** Before each value: how many columns the row has, and how long the value is. */
const ROW_BYTES = 6;

/**
 * The values of a binary COPY of one column that is never NULL, each whole, however the stream is cut: so many at a time
 * as a chunk brings.
 */
export async function* copiedValues(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer[], void> {
  let waiting: Buffer[] = [];
  let have = 0;
  let need = HEADER_BYTES;
  let headerRead = false;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    have += chunk.length;
    // Joined only when that completes something: a long value comes in very many chunks.
    if (have < need) continue;
    const bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    let at = 0;
    if (!headerRead) {
      at = HEADER_BYTES + bytes.readUInt32BE(HEADER_BYTES - 4);
      headerRead = true;
    }
    const values: Buffer[] = [];
    need = ROW_BYTES;
    while (bytes.length - at >= ROW_BYTES) {
      const columns = bytes.readInt16BE(at);
      // The trailer, -1, has two bytes only and is what the stream ends with.
      if (columns !== 1) throw new HoldfastError('internal', 'a COPY of one column has more or none');
      const end = at + ROW_BYTES + bytes.readInt32BE(at + 2);
      if (end > bytes.length) {
        need = end - at;
        break;
      }
      values.push(bytes.subarray(at + ROW_BYTES, end));
      at = end;
    }
    const rest = bytes.subarray(at);
    waiting = [rest];
    have = rest.length;
    if (values.length > 0) yield values;
  }
}
