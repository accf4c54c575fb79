import { dateText, intervalText, quoted, timestampText, timeText, typed } from './literals.ts';
import type { KeyReader } from './reader.ts';
import { MARKER } from './reader.ts';
import { UndecodableKey } from './types.ts';
import type { IndexColumn } from './types.ts';

type Decode = (reader: KeyReader, descending: boolean) => string;

/** The values that a DATE's key has for its infinities. */
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);
const NANOS_A_DAY = 86_400_000_000_000n;

const integer: Decode = (reader, descending) => typed(reader.varint(descending).toString(), 'INT8');
const text: Decode = (reader, descending) => typed(utf8(reader.escaped(descending)), 'STRING');
/** OIDs are annotated as numbers: a string would be looked up as a name. */
const oid: Decode = (reader, descending) => `${reader.varint(descending)}:::OID`;

const DECODERS: Record<string, Decode> = {
  INT2: integer,
  INT4: integer,
  INT8: integer,
  BOOL: (reader, descending) => (reader.varint(descending) === 0n ? 'false' : 'true'),
  STRING: text,
  VARCHAR: text,
  CHAR: text,
  '"char"': text,
  NAME: text,
  BYTES: (reader, descending) => `x'${reader.escaped(descending).toString('hex')}'`,
  UUID: (reader, descending) => typed(uuidText(reader.escaped(descending)), 'UUID'),
  INET: (reader, descending) => typed(inetText(reader.escaped(descending)), 'INET'),
  DATE: (reader, descending) => typed(dateOrInfinity(reader.varint(descending)), 'DATE'),
  TIME: (reader, descending) => typed(timeText(reader.varint(descending)), 'TIME'),
  TIMESTAMP: (reader, descending) => typed(timestamp(reader, descending, ''), 'TIMESTAMP'),
  TIMESTAMPTZ: (reader, descending) => typed(timestamp(reader, descending, '+00:00'), 'TIMESTAMPTZ'),
  INTERVAL: interval,
  DECIMAL: (reader, descending) => typed(decimal(reader, descending), 'DECIMAL'),
  FLOAT4: (reader, descending) => typed(floatText(float(reader, descending)), 'FLOAT8'),
  FLOAT8: (reader, descending) => typed(floatText(float(reader, descending)), 'FLOAT8'),
  BIT: bits,
  VARBIT: bits,
  OID: oid,
  REGCLASS: oid,
  REGNAMESPACE: oid,
  REGPROC: oid,
  REGPROCEDURE: oid,
  REGROLE: oid,
  REGTYPE: oid,
  BOX2D: box2D,
};

/**
 * The next value of a key as an SQL literal. Throws UndecodableKey for types whose keys don't hold the value
 * (collated strings), for enums without members, and for everything that isn't encoded as its type would be.
 */
export function decodeValue(reader: KeyReader, column: IndexColumn): string {
  if (column.enumMembers !== undefined) return enumMember(reader, column, column.enumMembers);
  if (/ COLLATE /.test(column.type)) {
    throw new UndecodableKey(
      `Column ${column.name} is a collated string, whose key doesn't hold the string.`,
    );
  }
  if (familyOf(column.type) === 'TIMETZ') {
    // `k < '00:00:00+00'` scans up to 23:59:59.999999 on 21.1, and `k < '01:00:00+00'` leaves out rows at that very
    // moment in zones further east: the optimizer takes the clock's previous microsecond for the value before.
    throw new UndecodableKey(
      `Column ${column.name} is a TIMETZ, which CockroachDB can't scan up to a bound.`,
    );
  }
  const decode = DECODERS[familyOf(column.type)];
  if (decode === undefined) {
    throw new UndecodableKey(`Keys of type ${column.type} (column ${column.name}) can't be decoded.`);
  }
  return decode(reader, column.descending);
}

/** `DECIMAL` of `DECIMAL(12,2)`, `INTERVAL` of `INTERVAL YEAR TO MONTH`: what decides the encoding. */
function familyOf(type: string): string {
  return type.startsWith('INTERVAL ') ? 'INTERVAL' : type.replace(/\(\d+(,\s*\d+)?\)$/, '');
}

/** The physical representation stands in the key as bytes; a bare literal takes the column's type. */
function enumMember(
  reader: KeyReader,
  column: IndexColumn,
  members: { label: string; physical: string }[],
): string {
  const physical = reader.escaped(column.descending).toString('hex');
  const member = members.find((candidate) => candidate.physical.toLowerCase() === physical);
  if (member === undefined) {
    throw new UndecodableKey(
      `The enum ${column.type} (column ${column.name}) has no member for 0x${physical}.`,
    );
  }
  return quoted(member.label);
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UndecodableKey(`The key has the string 0x${bytes.toString('hex')}, which isn't UTF-8.`);
  }
}

function uuidText(bytes: Buffer): string {
  if (bytes.length !== 16) throw new UndecodableKey(`The key has ${bytes.length} bytes for a UUID.`);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Family (0: IPv4, 1: IPv6), prefix length, address. */
function inetText(bytes: Buffer): string {
  const [family, prefix, ...address] = bytes;
  if (family === 0 && address.length === 4) return `${address.join('.')}/${prefix}`;
  if (family !== 1 || address.length !== 16) {
    throw new UndecodableKey(`The key has 0x${bytes.toString('hex')} for an INET.`);
  }
  const groups = bytes.subarray(2).toString('hex').match(/.{4}/g) ?? [];
  return `${groups.join(':')}/${prefix}`;
}

function dateOrInfinity(days: bigint): string {
  if (days === MAX_INT64) return 'infinity';
  return days === MIN_INT64 ? '-infinity' : dateText(days);
}

function timestamp(reader: KeyReader, descending: boolean, zone: string): string {
  reader.expect(MARKER.time);
  const seconds = reader.varint(descending);
  return timestampText(seconds, reader.varint(descending), zone);
}

/**
 * Total nanoseconds with a month of 30 days, then months and days. As keys '30 days' and '1 mon' are two values, in
 * SQL they are equal, and a row between two equal bounds would be in no range. Therefore only one form of every
 * length is a bound: as few days and nanoseconds as there can be. Any other is not decodable.
 */
function interval(reader: KeyReader, descending: boolean): string {
  reader.expect(MARKER.duration);
  const total = reader.varint(descending);
  const months = reader.varint(descending);
  const days = reader.varint(descending);
  const nanos = total - (months * 30n + days) * NANOS_A_DAY;
  // From about 292 years on the total wraps round (21.1): such a key doesn't sort where its value does, and has
  // never the form that its total would give.
  if (months !== total / (30n * NANOS_A_DAY) || days !== (total / NANOS_A_DAY) % 30n) {
    throw new UndecodableKey('The key has an interval that equals others in SQL, but not as a key.');
  }
  return typed(intervalText(months, days, nanos), 'INTERVAL');
}

/** Infinities, NaN and zero are a marker alone; the rest a power of 100 and a mantissa in base 100. */
function decimal(reader: KeyReader, descending: boolean): string {
  const marker = reader.byte();
  switch (marker) {
    case MARKER.decimalNaN:
    case MARKER.decimalNaNDescending:
      return 'NaN';
    case MARKER.decimalInfinity:
      return descending ? '-Infinity' : 'Infinity';
    case MARKER.decimalNegativeInfinity:
      return descending ? 'Infinity' : '-Infinity';
    case MARKER.decimalZero:
      return '0';
    default:
  }
  if (marker <= MARKER.decimalNegativeInfinity || marker >= MARKER.decimalInfinity) {
    throw new UndecodableKey(`The key has 0x${marker.toString(16)} where a decimal was expected.`);
  }
  const negative = marker < MARKER.decimalZero;
  const power = decimalPower(reader, marker);
  let digits = '';
  for (const byte of reader.untilZero()) {
    digits += ((negative ? byte ^ 0xff : byte) >> 1).toString().padStart(2, '0');
  }
  if (digits === '' || /[^0-9]/.test(digits))
    throw new UndecodableKey('The key has a decimal without digits.');
  const significant = digits.replace(/0+$/, '');
  const coefficient = significant.replace(/^0+/, '');
  // Descending keys are those of the number with its sign turned.
  return `${negative === descending ? '' : '-'}${coefficient}E${power * 2n - BigInt(significant.length)}`;
}

/** The power of 100 that 0.mantissa is multiplied with: in the marker for 0 … 10, else as a number of its own. */
function decimalPower(reader: KeyReader, marker: number): bigint {
  if (marker === MARKER.decimalNegativeLarge) return reader.uvarint(true);
  if (marker === MARKER.decimalPositiveLarge) return reader.uvarint();
  if (marker === MARKER.decimalNegativeSmall) return -reader.uvarint();
  if (marker === MARKER.decimalPositiveSmall) return -reader.uvarint(true);
  if (marker < MARKER.decimalZero) return BigInt(MARKER.decimalNegativeMedium - marker);
  return BigInt(marker - MARKER.decimalPositiveMedium);
}

/** IEEE 754's bits, complemented for negative numbers; descending keys are those of the number with its sign turned. */
function float(reader: KeyReader, descending: boolean): number {
  const marker = reader.byte();
  if (marker === MARKER.floatNaN || marker === MARKER.floatNaNDescending) return Number.NaN;
  if (marker === MARKER.floatZero) return 0;
  if (marker !== MARKER.floatNegative && marker !== MARKER.floatPositive) {
    throw new UndecodableKey(`The key has 0x${marker.toString(16)} where a float was expected.`);
  }
  const raw = Buffer.from(reader.take(8));
  if (marker === MARKER.floatNegative) raw.forEach((byte, index) => (raw[index] = byte ^ 0xff));
  const value = raw.readDoubleBE();
  return descending ? -value : value;
}

/** JavaScript's shortest form that reads back as the same number; `Infinity` and `NaN` are SQL's words too. */
function floatText(value: number): string {
  return String(value);
}

/** Words of 64 bits, most significant bit first, an end marker, and how many bits of the last word count. */
function bits(reader: KeyReader, descending: boolean): string {
  reader.expect(descending ? MARKER.bitsDescending : MARKER.bits);
  const terminator = descending ? MARKER.nullDescending : MARKER.null;
  let out = '';
  while (reader.peek() !== terminator) out += reader.uvarint(descending).toString(2).padStart(64, '0');
  reader.expect(terminator);
  const used = Number(reader.uvarint(descending));
  return `B'${out === '' ? '' : out.slice(0, out.length - 64 + used)}'`;
}

/** Four floats: low x, high x, low y, high y. */
function box2D(reader: KeyReader, descending: boolean): string {
  reader.expect(MARKER.box2D);
  const [lowX, highX, lowY, highY] = [0, 1, 2, 3].map(() => floatText(float(reader, descending)));
  return typed(`BOX(${lowX} ${lowY},${highX} ${highY})`, 'BOX2D');
}
