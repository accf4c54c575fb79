import type { Socket } from 'node:net';
import type { FrameReader } from './frames.ts';
import type { Output } from './session.ts';

/** Messages that wait for the one before them to be handled; past this the client has to wait. */
const MAX_WAITING_BYTES = 256 * 1024;
/** What a client has not read; past this, notices are dropped. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/**
 * The client's messages, one a chunk. The socket is read while a message is being handled, so that a client that
 * goes away is noticed; `onWireError` is called where its bytes stop making sense.
 */
export function messagesOf(
  socket: Socket,
  frames: FrameReader,
  onWireError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let open = true;
        const close = () => {
          if (open) controller.close();
          open = false;
        };
        socket.on('data', (chunk: Buffer) => {
          if (!open) return;
          try {
            for (const message of frames.push(chunk)) controller.enqueue(message);
          } catch (error) {
            close();
            onWireError(error);
          }
          if ((controller.desiredSize ?? 1) <= 0) socket.pause();
        });
        socket.on('end', close);
        socket.on('close', close);
      },
      pull() {
        socket.resume();
      },
    },
    { highWaterMark: MAX_WAITING_BYTES, size: (message) => message?.byteLength ?? 0 },
  );
}

/** Resolves when the socket takes more, or is gone. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (!socket.writable || socket.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** The way back to the client. None of it ever rejects: that the client is gone is told by the socket's events. */
export function outputOf(socket: Socket): Output & { stream: WritableStream<Uint8Array> } {
  return {
    send: (bytes) => write(socket, bytes),
    offer(bytes) {
      if (socket.writable && socket.writableLength < MAX_UNREAD_BYTES) socket.write(bytes);
    },
    stream: new WritableStream<Uint8Array>({
      write: (bytes) => write(socket, bytes),
      close: () => socket.destroySoon(),
      abort: () => void socket.destroy(),
    }),
  };
}
