import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GsServer {
  port: number;
  /** `http://127.0.0.1:…` */
  endpoint: string;
  /** How many resumable uploads to names below that path are neither done nor cancelled. */
  openSessions(path: string): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts a server with the bucket `bucket` for tests, in a process of its own, since the memory of this one is measured. With
 * `publicKey`, requests need tokens that are signed for it.
 */
export async function startGsServer({ publicKey = '' } = {}): Promise<GsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-gs-'));
  const fixture = join(import.meta.dirname, 'server.fixture.ts');
  const child = spawn(process.execPath, [fixture, directory, publicKey], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    port,
    endpoint,
    async openSessions(path) {
      const url = `${endpoint}/-/sessions?prefix=${encodeURIComponent(`${path}/`)}`;
      return (await (await fetch(url)).json()) as number;
    },
    async stop() {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
