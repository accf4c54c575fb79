import { Socket } from 'node:net';

const READ_BUFFER = 64 * 1024;

type Take = (chunk: Buffer) => void;

/**
 * A socket for connections that rows are read on. It reads into one buffer again and again: a new one for every read, as
 * sockets do by themselves, keeps the garbage collector busy with what is looked at once. Whoever diverts the bytes
 * must be done with a chunk when it returns; others get `data` events with copies.
 */
export class RowSocket extends Socket {
  #take: Take | null = null;

  constructor() {
    super({
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BUFFER),
        callback: (length, buffer) => {
          const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, length);
          if (this.#take === null) this.emit('data', Buffer.from(chunk));
          else this.#take(chunk);
          return true;
        },
      },
    });
  }

  /** Has everything that is read from now on go there instead of to the listeners of `data`; null ends that. */
  divert(take: Take | null): void {
    this.#take = take;
  }
}
