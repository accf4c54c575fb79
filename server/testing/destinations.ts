import { startGsServer } from '../storage/gs/server.ts';

/** The kinds of destination behind a network. */
export const REMOTE_KINDS = ['gs'] as const;
export type RemoteKind = (typeof REMOTE_KINDS)[number];

/** A server that backups can go to, for tests; in a process of its own. */
export interface TestDestination {
  upstream: { host: string; port: number };
  /** The URL of a path there, with all that opens it; by way of another port of this machine where one is given. */
  url(path: string, port?: number): string;
  stop(): Promise<void>;
}

const START: Record<RemoteKind, () => Promise<TestDestination>> = {
  async gs() {
    const server = await startGsServer();
    return {
      upstream: { host: '127.0.0.1', port: server.port },
      url: (path, port = server.port) => `gs://bucket/${path}?GS_ENDPOINT=http://127.0.0.1:${port}`,
      stop: () => server.stop(),
    };
  },
};

export function startDestination(kind: RemoteKind): Promise<TestDestination> {
  return START[kind]();
}
