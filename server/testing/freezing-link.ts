import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What is about to go through: a chunk, who sends it, and the bytes that have gone before it in that connection and direction. */
export interface Passing {
  chunk: Buffer;
  from: 'client' | 'server';
  before: number;
}

/** A connection to a server that may freeze: it stays open, and nothing moves any more. */
export interface FreezingLink {
  port: number;
  /** Whether the connection freezes before this goes through; may be changed at any time. */
  freezes: (passing: Passing) => boolean;
  /** Connections that froze, and how many of them their client has let go of since. */
  frozen: number;
  letGo: number;
  close(): Promise<void>;
}

/** A proxy on 127.0.0.1 in front of any server, for tests of connections that are neither alive nor dead. */
export async function startFreezingLink(upstream: { host: string; port: number }): Promise<FreezingLink> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(upstream);
    let isFrozen = false;
    const end = () => {
      client.destroy();
      behind.destroy();
    };
    client.once('close', () => {
      if (isFrozen) link.letGo += 1;
    });
    for (const [from, to, who] of [
      [client, behind, 'client'],
      [behind, client, 'server'],
    ] as const) {
      sockets.add(from);
      let before = 0;
      from.setNoDelay(true);
      from.on('error', end).on('close', () => {
        sockets.delete(from);
        end();
      });
      from.on('data', (chunk: Buffer) => {
        // Taken off the socket, so that its end is heard, and gone.
        if (isFrozen) return;
        if (link.freezes({ chunk, from: who, before })) {
          isFrozen = true;
          link.frozen += 1;
          return;
        }
        before += chunk.length;
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link: FreezingLink = {
    port: (server.address() as AddressInfo).port,
    freezes: () => false,
    frozen: 0,
    letGo: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return link;
}
