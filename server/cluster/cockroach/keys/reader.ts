import { UndecodableKey } from './types.ts';

/** Markers of CockroachDB's ordered key encoding. One byte says what follows it. */
export const MARKER = {
  null: 0x00,
  notNull: 0x01,
  floatNaN: 0x02,
  floatNegative: 0x03,
  floatZero: 0x04,
  floatPositive: 0x05,
  floatNaNDescending: 0x06,
  bytes: 0x12,
  bytesDescending: 0x13,
  time: 0x14,
  duration: 0x16,
  decimalNaN: 0x18,
  decimalNegativeInfinity: 0x19,
  decimalNegativeLarge: 0x1a,
  decimalNegativeMedium: 0x25,
  decimalNegativeSmall: 0x26,
  decimalZero: 0x27,
  decimalPositiveSmall: 0x28,
  decimalPositiveMedium: 0x29,
  decimalPositiveLarge: 0x34,
  decimalInfinity: 0x35,
  decimalNaNDescending: 0x36,
  bits: 0x3a,
  bitsDescending: 0x3b,
  box2D: 0x41,
  /** 0x80 … 0xfd: integers; `intZero` is 0, up to `intZero + intSmall` the number itself. */
  intMin: 0x80,
  intZero: 0x88,
  intMax: 0xfd,
  /** Not-null of a descending column, tenant prefix at a key's start, and sentinel before an interleaved child. */
  sentinel: 0xfe,
  nullDescending: 0xff,
} as const;

/** Integers from 0 to this are one byte. */
const INT_SMALL = MARKER.intMax - MARKER.intZero - 8;

/** Reads encoded values off a key, front to back. Whatever isn't as expected throws UndecodableKey. */
export class KeyReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next byte without taking it; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new UndecodableKey('The key ends in the middle of a value.');
    this.#at += 1;
    return byte;
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) {
      throw new UndecodableKey('The key ends in the middle of a value.');
    }
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  expect(marker: number): void {
    const found = this.byte();
    if (found !== marker) {
      throw new UndecodableKey(`The key has the byte ${hex(found)} where ${hex(marker)} was expected.`);
    }
  }

  /** A signed integer. Descending integers are stored as their ones' complement. */
  varint(descending = false): bigint {
    const value = this.#ascendingVarint();
    return descending ? ~value : value;
  }

  #ascendingVarint(): bigint {
    const marker = this.peek();
    if (marker === undefined || marker < MARKER.intMin || marker > MARKER.intMax) {
      throw new UndecodableKey(`The key has ${hex(marker)} where an integer was expected.`);
    }
    if (marker >= MARKER.intZero) return BigInt.asIntN(64, this.uvarint());
    this.#at += 1;
    const width = MARKER.intZero - marker;
    // Negative numbers keep only as many of their two's complement bytes as aren't all ones.
    return bigEndian(this.take(width)) - (1n << BigInt(8 * width));
  }

  /** An unsigned integer of up to 64 bits. */
  uvarint(descending = false): bigint {
    const marker = this.byte();
    if (descending) {
      const width = MARKER.intZero - marker;
      if (width < 0 || width > 8)
        throw new UndecodableKey(`The key has ${hex(marker)} for a descending integer.`);
      return complement(bigEndian(this.take(width)), width);
    }
    const value = marker - MARKER.intZero;
    if (value < 0 || marker > MARKER.intMax) {
      throw new UndecodableKey(`The key has ${hex(marker)} where an unsigned integer was expected.`);
    }
    return value <= INT_SMALL ? BigInt(value) : bigEndian(this.take(value - INT_SMALL));
  }

  /** Bytes in which 0x00 stands as 00 ff and whose end is 00 01; all of it complemented when descending. */
  escaped(descending: boolean): Buffer {
    this.expect(descending ? MARKER.bytesDescending : MARKER.bytes);
    const flip = descending ? 0xff : 0x00;
    const out: number[] = [];
    for (;;) {
      const byte = this.byte() ^ flip;
      if (byte !== 0x00) {
        out.push(byte);
        continue;
      }
      const escape = this.byte() ^ flip;
      if (escape === 0x01) return Buffer.from(out);
      if (escape !== 0xff) throw new UndecodableKey(`The key has the unknown escape 00 ${hex(escape)}.`);
      out.push(0x00);
    }
  }

  /** Every byte before the next 0x00, which is taken as well. */
  untilZero(): Buffer {
    const end = this.#bytes.indexOf(0x00, this.#at);
    if (end < 0) throw new UndecodableKey('The key ends in the middle of a value.');
    const bytes = this.take(end - this.#at);
    this.#at += 1;
    return bytes;
  }
}

function bigEndian(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function complement(value: bigint, width: number): bigint {
  return (1n << BigInt(8 * width)) - 1n - value;
}

function hex(byte: number | undefined): string {
  return byte === undefined ? 'its end' : `0x${byte.toString(16).padStart(2, '0')}`;
}
