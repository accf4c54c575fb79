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
  /** The beginning of a message that the next chunk goes on with: its first `#have` bytes, and room for as many as are known. */
  #unfinished: Buffer = Buffer.alloc(HEADER);
  #have = 0;

  constructor(events: FramerEvents) {
    this.#events = events;
  }

  /** Takes the next bytes; answers the blocks of COPY text that are full with them. */
  feed(chunk: Buffer): Buffer[] {
    const full: Buffer[] = [];
    let at = this.#finish(chunk, full);
    for (;;) {
      const end = at + HEADER <= chunk.length ? at + lengthOf(chunk, at) : Number.POSITIVE_INFINITY;
      if (end > chunk.length) break;
      this.#handle(chunk, at, end, full);
      at = end;
    }
    if (at < chunk.length) this.#hold(chunk, at);
    return full;
  }

  /** The COPY text of all rows so far that no block was answered with. */
  flush(): Buffer {
    const text = this.#block.subarray(0, this.#written);
    this.#block = this.#block.subarray(this.#written);
    this.#written = 0;
    return text;
  }

  /** Completes what the last chunk began, and handles it; answers where the next message begins. */
  #finish(chunk: Buffer, full: Buffer[]): number {
    if (this.#have === 0) return 0;
    let at = this.#append(chunk, 0, HEADER);
    if (this.#have < HEADER) return at;
    const length = lengthOf(this.#unfinished, 0);
    if (this.#unfinished.length < length) {
      const whole = Buffer.allocUnsafeSlow(length);
      this.#unfinished.copy(whole, 0, 0, this.#have);
      this.#unfinished = whole;
    }
    at = this.#append(chunk, at, length);
    if (this.#have < length) return at;
    const message = this.#unfinished;
    this.#unfinished = Buffer.alloc(HEADER);
    this.#have = 0;
    this.#handle(message, 0, length, full);
    return at;
  }

  /** Copies from the chunk until `upTo` bytes of the message are there, or the chunk is at its end; answers where. */
  #append(chunk: Buffer, at: number, upTo: number): number {
    const end = Math.min(chunk.length, at + Math.max(0, upTo - this.#have));
    this.#have += chunk.copy(this.#unfinished, this.#have, at, end);
    return end;
  }

  #hold(chunk: Buffer, at: number): void {
    const known = at + HEADER <= chunk.length ? lengthOf(chunk, at) : HEADER;
    this.#unfinished = Buffer.allocUnsafeSlow(known);
    this.#have = 0;
    this.#append(chunk, at, known);
  }

  #handle(bytes: Buffer, at: number, end: number, full: Buffer[]): void {
    const kind = bytes[at];
    if (kind === READY_FOR_QUERY) this.#events.ready(bytes.subarray(at, end));
    else if (kind !== DATA_ROW) this.#events.message(bytes.subarray(at, end));
    else {
      // Every byte of a row becomes at most two, and what surrounds a field is never shorter than a tab or \N.
      const most = (end - at) * 2;
      if (this.#written + most > this.#block.length) {
        if (this.#written > 0) full.push(this.flush());
        this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK, most));
      }
      this.#written = appendRow(bytes, at + HEADER, this.#block, this.#written);
    }
  }
}

/** How long the message that begins there is, its kind included. */
function lengthOf(bytes: Buffer, at: number): number {
  return 1 + bytes.readUInt32BE(at + 1);
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
    // Hardly any field has something to escape: it is copied as if it had nothing, and again where that was wrong.
    const end = at + length;
    let escapes = 0;
    for (let source = at, target = to; source < end; source++, target++) {
      const byte = bytes[source] ?? 0;
      out[target] = byte;
      escapes |= ESCAPE[byte] ?? 0;
    }
    to = escapes === 0 ? to + length : appendEscaped(bytes, at, end, out, to);
    at = end;
  }
  out[to++] = NEWLINE;
  return to;
}

function appendEscaped(bytes: Buffer, from: number, end: number, out: Buffer, at: number): number {
  let to = at;
  for (let source = from; source < end; source++) {
    const byte = bytes[source] ?? 0;
    const letter = ESCAPE[byte] ?? 0;
    if (letter === 0) {
      out[to++] = byte;
    } else {
      out[to++] = BACKSLASH;
      out[to++] = letter;
    }
  }
  return to;
}
