import { PROTOCOL_VIOLATION, WireError } from './wire-error.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the fields of one message, from `offset` on; every read past its end is a WireError. */
export class Body {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(message: Uint8Array, offset: number) {
    this.#bytes = message;
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    this.#at = offset;
  }

  /** Text up to the next zero byte. Throws WireError (22021) where it is not UTF-8. */
  cstring(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw new WireError(PROTOCOL_VIOLATION, 'unterminated string in a message');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    try {
      return decoder.decode(bytes);
    } catch {
      throw new WireError('22021', 'invalid byte sequence for encoding "UTF8"');
    }
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Unsigned: all of the protocol's counts are. */
  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Throws unless all was read: a message with something left over was not understood. */
  end(): void {
    if (this.#at !== this.#bytes.byteLength)
      throw new WireError(PROTOCOL_VIOLATION, 'a message is longer than its fields');
  }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.#bytes.byteLength) {
      throw new WireError(PROTOCOL_VIOLATION, 'a message is shorter than its fields');
    }
    this.#at += length;
    return at;
  }
}
