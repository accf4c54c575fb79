import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { StatementRunner } from '../statement/answers.ts';
import { Cancels } from './cancels.ts';
import { ClientConnection } from './connection.ts';

export interface WireServerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Whether the password is the user's and the user may log in here. May throw HoldfastError (`throttled`). */
  authenticate(user: string, password: string): Promise<boolean>;
  runner: StatementRunner;
  clusterExists(name: string): Promise<boolean>;
  logger: Logger;
  /** Clients at a time; the next one is refused. */
  maxConnections?: number;
  /** Milliseconds from connecting to being logged in. */
  loginTimeout?: number;
}

export interface WireServer {
  port: number;
  /** Stops listening and lets every client go. Jobs are not touched. */
  close(): Promise<void>;
}

/** Sockets beyond the clients' places: they may cancel, or be told that there is no place. */
const SPARE_SOCKETS = 50;
/** Milliseconds that clients have to read their last message at the end. */
const CLOSE_GRACE = 1000;

/**
 * The PostgreSQL wire endpoint: takes the backup statements from psql and PostgreSQL drivers, the cluster's name
 * being the database. Passwords come in clear text: listen on loopback. Rejects where it can't listen.
 */
export async function startWireServer(options: WireServerOptions): Promise<WireServer> {
  const { host, port, logger, maxConnections = 100, loginTimeout = 10_000 } = options;
  const cancels = new Cancels();
  const connections = new Set<{ shutDown(): void; destroy(): void }>();
  let places = maxConnections;

  const server = createServer((socket) => {
    let taken = false;
    const client = new ClientConnection(socket, {
      ...options,
      cancels,
      loginTimeout,
      takePlace() {
        if (places === 0 || socket.destroyed) return false;
        taken = true;
        places--;
        return true;
      },
    });
    const connection = { shutDown: () => client.shutDown(), destroy: () => socket.destroy() };
    connections.add(connection);
    socket.on('close', () => {
      connections.delete(connection);
      if (taken) places++;
    });
  });
  server.maxConnections = maxConnections + SPARE_SOCKETS;

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => logger.error({ err: error }, 'the SQL port failed'));
  if (!isLoopback(host)) {
    logger.warn(
      { host },
      'the SQL port is open to the network without TLS: passwords and URLs travel in clear text',
    );
  }

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.shutDown();
      const timer = setTimeout(() => {
        for (const connection of connections) connection.destroy();
      }, CLOSE_GRACE);
      await closed;
      clearTimeout(timer);
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
