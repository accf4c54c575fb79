import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { DataRowFramer } from './data-rows.ts';
import { RowSocket } from './row-socket.ts';

/**
 * Runs one SELECT and gives its rows as PostgreSQL COPY text: a line a row, fields between tabs, \N for NULL.
 * CockroachDB 21.1 has neither COPY TO nor cursors; this reads the answer's DataRows off the socket. The socket is
 * paused while the stream is full, and the server waits: memory is a few socket buffers (or one row, where a row is
 * larger), whatever the size of the answer.
 *
 * The client must be connected and idle, and belongs to the stream until the stream has closed:
 * - ended, or failed with an error of the server's (pg's DatabaseError: a syntax error, a node gone, "batch
 *   timestamp … must be after replica GC threshold …"): the client can be used again. An error may come after rows.
 * - destroyed or aborted before that, or connection lost: the client has ended. Closing the socket is what stops the
 *   query on the server: 21.1 ignores PostgreSQL's cancel requests, and notices a closed socket at the next write.
 *
 * Values come as the client's session prints them: without `extra_float_digits = 3` floats lose their last digits.
 */
export function streamCopyText(
  client: pg.Client,
  sql: string,
  signal: AbortSignal,
  { gather = true }: CopyTextOptions = {},
): Readable {
  const rows = new CopyTextStream(client, sql, signal, gather);
  if (!rows.destroyed) client.query(rows);
  return rows;
}

export interface CopyTextOptions {
  /** False: rows are given as they come, for answers that never end. */
  gather?: boolean;
}

type Listener = (chunk: Buffer) => void;

/**
 * The stream and, for pg, the query in one (pg's Submittable). While it runs, it stands in the place of pg's own
 * listener on the socket and hands that every message that isn't a row.
 */
class CopyTextStream extends Readable {
  readonly #client: pg.Client;
  readonly #text: string;
  readonly #gather: boolean;
  /** While the query runs: from the moment it is sent until the server is ready for another one. */
  #running: { socket: Duplex; pgListener: Listener; giveBack: () => void } | undefined;
  #failure: Error | undefined;

  constructor(client: pg.Client, text: string, signal: AbortSignal, gather: boolean) {
    super({ signal, highWaterMark: 1024 * 1024 });
    this.#gather = gather;
    this.#client = client;
    this.#text = text;
  }

  // What pg calls.

  submit(connection: pg.Connection): Error | null {
    if (this.destroyed) return new Error('The rows are not wanted any more.');
    const socket = connection.stream;
    const [pgListener, ...others] = socket.listeners('data');
    if (pgListener === undefined || others.length > 0)
      return new Error('Something else reads the connection.');
    const framer = new DataRowFramer({
      // Copied: the chunk that it stands in may be overwritten.
      message: (bytes) => (pgListener as Listener)(Buffer.from(bytes)),
      ready: (bytes) => this.#finish(Buffer.from(bytes)),
    });
    const giveBack = divert(socket, pgListener as Listener, (chunk) => this.#take(chunk, socket, framer));
    this.#running = { socket, pgListener: pgListener as Listener, giveBack };
    connection.query(this.#text);
    return null;
  }

  /** An error of the server's, which is going to say that it is ready again, or of the connection. */
  handleError(error: Error): void {
    this.#failure = error;
    if (error instanceof pg.DatabaseError && this.#running !== undefined) return;
    this.#running = undefined;
    this.destroy(error);
  }

  handleRowDescription(): void {}
  handleCommandComplete(): void {}
  handleReadyForQuery(): void {}

  // What Readable calls.

  override _read(): void {
    this.#running?.socket.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) {
      // An answer is on its way that nobody wants: the connection goes with it. pg is told, so that it is no error.
      void this.#client.end();
      running.socket.destroy();
    }
    callback(error);
  }

  #take(chunk: Buffer, socket: Duplex, framer: DataRowFramer): void {
    const blocks = framer.feed(chunk);
    // At its end, and where rows trickle in, nothing is held back.
    if (this.#running === undefined || !this.#gather) {
      const text = framer.flush();
      if (text.length > 0) blocks.push(text);
    }
    let full = false;
    for (const text of blocks) if (!this.destroyed) full = !this.push(text);
    if (this.#running === undefined) this.#end();
    // After an error nothing but "ready" comes any more, and nobody reads on to get it.
    else if (full && this.#failure === undefined) socket.pause();
  }

  /** Gives pg its socket back. "Ready" comes last: it is what lets pg send the next query. */
  #finish(ready: Buffer): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.giveBack();
    running.pgListener(ready);
  }

  #end(): void {
    if (this.#failure !== undefined) this.destroy(this.#failure);
    else if (!this.destroyed) this.push(null);
  }
}

/** Puts `listener` in the place of pg's on the socket; answers how to undo that. */
function divert(socket: Duplex, pgListener: Listener, listener: Listener): () => void {
  if (socket instanceof RowSocket) {
    socket.divert(listener);
    return () => socket.divert(null);
  }
  socket.off('data', pgListener);
  socket.on('data', listener);
  return () => {
    socket.off('data', listener);
    socket.on('data', pgListener);
  };
}
