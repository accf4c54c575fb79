/**
 * Messages of the PostgreSQL protocol, version 3
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html), as far as a recording needs them.
 */

export interface Message {
  /** The byte that says what it is, as a letter; `startup` for the first one of a client, which has none. */
  kind: string;
  body: Buffer;
}

const LENGTH = 4;

/** Cuts a stream of bytes into messages. A client's first message has no kind. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #startup: boolean;

  constructor(side: 'client' | 'server') {
    this.#startup = side === 'client';
  }

  *read(chunk: Buffer): Generator<Message> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const header = this.#startup ? 0 : 1;
      if (this.#rest.length < header + LENGTH) return;
      const end = header + this.#rest.readUInt32BE(header);
      if (this.#rest.length < end) return;
      const kind = this.#startup ? 'startup' : this.#rest.toString('latin1', 0, 1);
      const body = this.#rest.subarray(header + LENGTH, end);
      this.#rest = this.#rest.subarray(end);
      this.#startup = false;
      yield { kind, body };
    }
  }
}

/** Reads a message's body front to back. */
export class Fields {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get done(): boolean {
    return this.#at >= this.#body.length;
  }

  text(): string {
    const end = this.#body.indexOf(0, this.#at);
    const text = this.#body.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  letter(): string {
    return this.#body.toString('latin1', this.#at, (this.#at += 1));
  }

  int16(): number {
    this.#at += 2;
    return this.#body.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#body.readInt32BE(this.#at - 4);
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** A value with its length before it; null for NULL. */
  value(): string | null {
    const length = this.int32();
    if (length < 0) return null;
    this.#at += length;
    return this.#body.toString('utf8', this.#at - length, this.#at);
  }
}

/** A message ready to be sent. */
export function encode(kind: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(1 + LENGTH);
  header.write(kind, 'latin1');
  header.writeUInt32BE(body.length + LENGTH, 1);
  return Buffer.concat([header, body]);
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function value(field: string | null): Buffer {
  if (field === null) return int32(-1);
  const bytes = Buffer.from(field);
  return Buffer.concat([int32(bytes.length), bytes]);
}
