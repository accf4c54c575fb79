import type { PrimaryIndex } from './keys/types.ts';

/**
 * The raw keys that rows of a primary index stand between. Interleaved rows stand between the rows of the outermost ancestor, in
 * its ranges.
 */
export function tableSpan(index: PrimaryIndex): { start: Buffer; end: Buffer } {
  const { tableId, indexId } = index.ancestors?.[0] ?? index;
  return { start: ascendingPrefix(tableId, indexId), end: ascendingPrefix(tableId, indexId + 1) };
}

/**
 * The front of raw keys: a table's id and an index's id, each an ascending unsigned varint
 * (EncodeUvarintAscending in pkg/util/encoding of CockroachDB): below 110 one byte, 136 more than the number; above
 * that a byte that tells the length (0xf6 for one byte) and the number, big-endian.
 */
export function ascendingPrefix(...ids: number[]): Buffer {
  return Buffer.concat(ids.map(uvarint));
}

const SMALL_BASE = 136;
const SMALL_MAX = 109;
const LENGTH_BASE = 0xf5;

function uvarint(value: number): Buffer {
  if (value <= SMALL_MAX) return Buffer.from([SMALL_BASE + value]);
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([LENGTH_BASE + bytes.length]), bytes]);
}
