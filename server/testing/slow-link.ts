import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes through at once, at most: small against what a test lets through in a second. */
const PIECE_BYTES = 64 * 1024;

/** A connection to a server by way of which only so much goes: what is read or written by it takes its time. */
export interface SlowLink {
  port: number;
  /** All connections and both directions together; may be changed at any time. */
  bytesPerSecond: number;
  close(): Promise<void>;
}

/** A proxy on 127.0.0.1 in front of any server, for tests of what happens while something is under way. */
export async function startSlowLink(
  upstream: { host: string; port: number },
  bytesPerSecond: number,
): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  let free = performance.now();
  /** Waits until these bytes may go, one after the other over all connections. */
  const turn = async (bytes: number): Promise<void> => {
    const now = performance.now();
    free = Math.max(free, now) + (bytes / link.bytesPerSecond) * 1000;
    if (free - now > 1) await sleep(free - now);
  };
  const server = createServer((client) => {
    const behind = connect(upstream);
    // Who is killed is gone at the other end at once, too.
    const end = () => {
      client.destroy();
      behind.destroy();
    };
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end).on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.pipe(inTurn(turn)).pipe(behind);
    behind.pipe(inTurn(turn)).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link: SlowLink = {
    port: (server.address() as AddressInfo).port,
    bytesPerSecond,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return link;
}

function inTurn(turn: (bytes: number) => Promise<void>): Transform {
  const pieces = async (chunk: Buffer, push: (piece: Buffer) => void): Promise<void> => {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      await turn(piece.length);
      push(piece);
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      pieces(chunk, (piece) => this.push(piece)).then(() => done(), done);
    },
  });
}
