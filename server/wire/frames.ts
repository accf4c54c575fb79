import { PROTOCOL_VIOLATION, WireError } from './wire-error.ts';

/** As in PostgreSQL: nobody needs more before being logged in. */
const MAX_BEFORE_LOGIN = 10_000;
const MAX_AFTER_LOGIN = 1024 * 1024;

/** Codes that stand where a start-up message has its version: https://www.postgresql.org/docs/current/protocol-message-formats.html */
export const SSL_REQUEST = 80877103;
export const GSSENC_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** What the first messages of a connection are. `3.n` for a start-up message of protocol 3. */
export function startCode(message: Uint8Array): number {
  return message.byteLength < 8 ? 0 : view(message).getUint32(4);
}

export function isStartup(code: number): boolean {
  return code >>> 16 === 3;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Cuts a client's bytes into whole messages, each in memory of its own. Until the start-up message a message has
 * no type byte. Lengths are checked before anything is kept: a client can't make the server hold more than one
 * message of the allowed size.
 */
export class FrameReader {
  /** Whether messages have their type byte: from the one after the start-up message on. */
  #typed = false;
  #limit = MAX_BEFORE_LOGIN;
  #header = new Uint8Array(5);
  #message: Uint8Array | null = null;
  #filled = 0;

  /** Larger messages are fine from now on. */
  loggedIn(): void {
    this.#limit = MAX_AFTER_LOGIN;
  }

  /** Yields the messages that these bytes complete. Throws WireError; then the reader is of no more use. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    let rest = chunk;
    while (rest.byteLength > 0) {
      const headerLength = this.#typed ? 5 : 4;
      const target = this.#message ?? this.#header.subarray(0, headerLength);
      const part = rest.subarray(0, target.byteLength - this.#filled);
      target.set(part, this.#filled);
      this.#filled += part.byteLength;
      rest = rest.subarray(part.byteLength);
      if (this.#filled < target.byteLength) return;

      if (this.#message === null) {
        this.#message = this.#start(target);
        if (this.#filled < this.#message.byteLength) continue;
      }
      const message = this.#message;
      this.#message = null;
      this.#filled = 0;
      if (!this.#typed && isStartup(startCode(message))) this.#typed = true;
      yield message;
    }
  }

  /** Memory for the message whose header is complete, with the header in it. */
  #start(header: Uint8Array): Uint8Array {
    const length = view(header).getUint32(header.byteLength - 4);
    // The length counts itself. A start-up packet has a version or a request code too.
    const least = this.#typed ? 4 : 8;
    if (length < least) throw new WireError(PROTOCOL_VIOLATION, 'invalid length of a message');
    if (length > this.#limit) {
      throw new WireError('54000', `message of ${length} bytes is longer than ${this.#limit} bytes`);
    }
    const message = new Uint8Array(length + header.byteLength - 4);
    message.set(header);
    return message;
  }
}
