import { startAzure } from '../storage/azure/server.ts';
import { startGsServer } from '../storage/gs/server.ts';
import { startPlain, startWebdav, type WebServer } from '../storage/http/servers.ts';
import { KEYS, S3Server } from '../storage/s3/server.ts';

/** The kinds of destination behind a network. */
export const REMOTE_KINDS = ['s3', 'azure', 'gs', 'http', 'webdav'] as const;
export type RemoteKind = (typeof REMOTE_KINDS)[number];

/** A server that backups can go to, for tests; in a process of its own. */
export interface TestDestination {
  upstream: { host: string; port: number };
  /** The URL of a path there, with all that opens it; by way of another port of this machine where one is given. */
  url(path: string, port?: number): string;
  stop(): Promise<void>;
}

const START: Record<RemoteKind, () => Promise<TestDestination>> = {
  async s3() {
    const server = await S3Server.start();
    const bucket = await server.bucket();
    const keys = `AWS_ACCESS_KEY_ID=${KEYS.accessKeyId}&AWS_SECRET_ACCESS_KEY=${encodeURIComponent(KEYS.secretAccessKey)}`;
    return {
      upstream: { host: '127.0.0.1', port: server.port },
      url: (path, port = server.port) =>
        `s3://${bucket}/${path}?AWS_ENDPOINT=http://127.0.0.1:${port}&AWS_REGION=us-east-1&${keys}`,
      stop: () => server.stop(),
    };
  },
  async azure() {
    const server = await startAzure();
    const { containerName } = await server.container();
    const { hostname: host, port, pathname } = new URL(server.endpoint);
    const key = encodeURIComponent(server.key);
    return {
      upstream: { host, port: Number(port) },
      url: (path, at = Number(port)) =>
        `azure://${containerName}/${path}?AZURE_ENDPOINT=http://${host}:${at}${pathname}&AZURE_ACCOUNT_NAME=${server.account}&AZURE_ACCOUNT_KEY=${key}`,
      stop: () => server.stop(),
    };
  },
  async gs() {
    const server = await startGsServer();
    return {
      upstream: { host: '127.0.0.1', port: server.port },
      url: (path, port = server.port) => `gs://bucket/${path}?GS_ENDPOINT=http://127.0.0.1:${port}`,
      stop: () => server.stop(),
    };
  },
  http: async () => web(await startPlain()),
  webdav: async () => web(await startWebdav()),
};

function web(server: WebServer): TestDestination {
  const { hostname: host, port } = new URL(server.origin);
  return {
    upstream: { host, port: Number(port) },
    url: (path, at = Number(port)) => `http://${host}:${at}/backups/${path}`,
    stop: () => server.stop(),
  };
}

export function startDestination(kind: RemoteKind): Promise<TestDestination> {
  return START[kind]();
}
