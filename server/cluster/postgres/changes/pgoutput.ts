import { HoldfastError } from '../../../errors.ts';

/** `n`, `u` and `t`: how a value of a tuple is told. */
const [NULL, UNCHANGED, TEXT] = [0x6e, 0x75, 0x74];

/** Longer values are left to be looked up: whole rows are held while they are read. */
const LONGEST_VALUE = 1024 * 1024;

/**
 * A value of a tuple, each byte of its text a character; null: NULL; undefined: not told, since it is stored out of line
 * and didn't change, or since it is too long.
 */
export type TupleValue = string | null | undefined;

/** A message of the plugin pgoutput, protocol version 1, as far as changed rows need it. */
export type Message =
  | { kind: 'begin'; xid: number }
  | { kind: 'commit' }
  | {
      kind: 'relation';
      oid: number;
      /** All columns of the old row are told (REPLICA IDENTITY FULL). */
      full: boolean;
      /** `key`: a column of the replica identity. */
      columns: { name: string; key: boolean }[];
    }
  | { kind: 'insert'; oid: number; row: TupleValue[] }
  /** `before`: the old row or its key, told where the key changed. */
  | { kind: 'update'; oid: number; before: TupleValue[] | null; row: TupleValue[] }
  | { kind: 'delete'; oid: number; before: TupleValue[] }
  | { kind: 'truncate'; oids: number[] }
  | { kind: 'other' };

/** Reads one message: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html */
export function parseMessage(bytes: Buffer): Message {
  const read = new Reader(bytes);
  const type = read.char();
  switch (type) {
    case 'B':
      // The position of the commit and its time.
      read.skip(16);
      return { kind: 'begin', xid: read.int32() };
    case 'C':
      return { kind: 'commit' };
    case 'R': {
      const oid = read.int32();
      // The names of its schema and itself: tables are told apart by oid.
      read.text();
      read.text();
      const full = read.char() === 'f';
      const columns = Array.from({ length: read.int16() }, () => {
        const key = (read.byte() & 1) === 1;
        const name = read.text();
        // Type and modifier.
        read.skip(8);
        return { name, key };
      });
      return { kind: 'relation', oid, full, columns };
    }
    case 'I': {
      const oid = read.int32();
      read.skip(1);
      return { kind: 'insert', oid, row: read.tuple() };
    }
    case 'U': {
      const oid = read.int32();
      let before: TupleValue[] | null = null;
      if (read.char() !== 'N') {
        before = read.tuple();
        read.skip(1);
      }
      return { kind: 'update', oid, before, row: read.tuple() };
    }
    case 'D': {
      const oid = read.int32();
      read.skip(1);
      return { kind: 'delete', oid, before: read.tuple() };
    }
    case 'T': {
      const count = read.int32();
      read.skip(1);
      return { kind: 'truncate', oids: Array.from({ length: count }, () => read.int32()) };
    }
    default:
      return { kind: 'other' };
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  char(): string {
    return String.fromCharCode(this.byte());
  }

  int16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** Up to a byte 0. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw malformed();
    return this.#bytes.toString('utf8', this.#take(end + 1 - this.#at), end);
  }

  tuple(): TupleValue[] {
    const values: TupleValue[] = [];
    for (let left = this.int16(); left > 0; left--) values.push(this.#value());
    return values;
  }

  #value(): TupleValue {
    const kind = this.byte();
    if (kind === NULL) return null;
    if (kind === UNCHANGED) return undefined;
    if (kind !== TEXT) throw malformed();
    const length = this.int32();
    const start = this.#take(length);
    return length > LONGEST_VALUE ? undefined : this.#bytes.toString('latin1', start, start + length);
  }

  #take(bytes: number): number {
    const start = this.#at;
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw malformed();
    return start;
  }
}

function malformed(): HoldfastError {
  return new HoldfastError('internal', 'a message of the replication slot could not be understood');
}
