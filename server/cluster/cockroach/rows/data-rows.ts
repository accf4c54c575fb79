/**
 * The server's half of a PostgreSQL connection, cut into messages
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html): DataRows become COPY text at once, byte
 * by byte, without a JavaScript value or string for any field; all other messages are handed on as they are.
 */

const DATA_ROW = 0x44;
const READY_FOR_QUERY = 0x5a;
/** A message's kind and its length, which counts itself. */
const HEADER = 5;

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const CAPITAL_N = 0x4e;

/** What stands behind the backslash for a byte that COPY text can't hold as it is; 0 for all others. */
const ESCAPE = new Uint8Array(256);
for (const [byte, letter] of [
  [0x08, 'b'],
  [TAB, 't'],
  [NEWLINE, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [BACKSLASH, '\\'],
] as const) {
  ESCAPE[byte] = letter.charCodeAt(0);
}

export interface FramerEvents {
  /** Any message but a DataRow, whole. */
  message(bytes: Buffer): void;
  /** The server has answered everything that it was asked, and the message that says so was handed on last. */
  ready(bytes: Buffer): void;
}

/**
 * Text is gathered in blocks of this size: what compresses and writes it costs as much for a small piece as for a large
 * one. A row that doesn't fit gets a block of its own.
 */
const BLOCK = 256 * 1024;

/** Cuts chunks as they come off the socket. Holds back at most one unfinished message and one block of text. */
export class DataRowFramer {
  readonly #events: FramerEvents;
  #block: Buffer = Buffer.alloc(0);
  #written = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes that are needed before there is any sense in looking at what is held. */
  #needed = HEADER;

  constructor(events: FramerEvents) {
    this.#events = events;
  }

  /** Takes the next bytes; answers the blocks of COPY text that are full with them. */
  feed(chunk: Buffer): Buffer[] {
    let bytes = chunk;
    if (this.#heldBytes > 0) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes < this.#needed) return [];
      bytes = Buffer.concat(this.#held, this.#heldBytes);
      this.#held = [];
      this.#heldBytes = 0;
    }
    return this.#cut(bytes);
  }

  /** The COPY text of all rows so far that no block was answered with. */
  flush(): Buffer {
    const text = this.#block.subarray(0, this.#written);
    this.#block = this.#block.subarray(this.#written);
    this.#written = 0;
    return text;
  }

  #cut(bytes: Buffer): Buffer[] {
    const full: Buffer[] = [];
    let at = 0;
    this.#needed = HEADER;
    while (at + HEADER <= bytes.length) {
      const end = at + 1 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      const kind = bytes[at];
      if (kind === DATA_ROW) {
        // Every byte of a row becomes at most two, and what surrounds a field is never shorter than a tab or \N.
        const most = (end - at) * 2;
        if (this.#written + most > this.#block.length) {
          if (this.#written > 0) full.push(this.flush());
          this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK, most));
        }
        this.#written = appendRow(bytes, at + HEADER, this.#block, this.#written);
      } else if (kind === READY_FOR_QUERY) this.#events.ready(bytes.subarray(at, end));
      else this.#events.message(bytes.subarray(at, end));
      at = end;
    }
    if (at < bytes.length) {
      this.#held = [bytes.subarray(at)];
      this.#heldBytes = bytes.length - at;
    }
    return full;
  }
}

/** Writes one DataRow's body as a line of COPY text; answers where the next one goes. */
function appendRow(bytes: Buffer, body: number, out: Buffer, from: number): number {
  const fields = bytes.readUInt16BE(body);
  let at = body + 2;
  let to = from;
  for (let field = 0; field < fields; field++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (field > 0) out[to++] = TAB;
    if (length < 0) {
      out[to++] = BACKSLASH;
      out[to++] = CAPITAL_N;
      continue;
    }
    for (const end = at + length; at < end; at++) {
      const byte = bytes[at] ?? 0;
      const letter = ESCAPE[byte] ?? 0;
      if (letter === 0) {
        out[to++] = byte;
      } else {
        out[to++] = BACKSLASH;
        out[to++] = letter;
      }
    }
  }
  out[to++] = NEWLINE;
  return to;
}
