import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';

/** A running Azurite (server.fixture.ts) with one account. */
export interface AzureServer {
  /** `http://127.0.0.1:port/account` */
  endpoint: string;
  account: string;
  key: string;
  credential: StorageSharedKeyCredential;
  /** Makes a container that no other test knows. */
  container(): Promise<ContainerClient>;
  /** Waits until what came so far has been dealt with, also what a client sent that is dead by now. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

const ACCOUNT = 'holdfasttest';
const FIXTURE = join(import.meta.dirname, 'server.fixture.ts');

/** Starts it in a process of its own, on a free port of 127.0.0.1, with its files in a temporary directory. */
export async function startAzure(): Promise<AzureServer> {
  const key = randomBytes(64).toString('base64');
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-azurite-'));
  const child = spawn(
    process.execPath,
    [
      FIXTURE,
      ...['--blobHost', '127.0.0.1', '--blobPort', '0', '--location', directory],
      // Nothing leaves this machine; no line for each request.
      ...['--disableTelemetry', '--silent'],
      // The client may speak a newer version of the API than the emulator knows.
      '--skipApiVersionCheck',
    ],
    {
      env: { ...process.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  const endpoint = `${await address(child)}/${ACCOUNT}`;
  const credential = new StorageSharedKeyCredential(ACCOUNT, key);
  return {
    endpoint,
    account: ACCOUNT,
    key,
    credential,
    async container() {
      const name = `test-${randomBytes(8).toString('hex')}`;
      const container = new ContainerClient(`${endpoint}/${name}`, credential);
      await container.create();
      return container;
    },
    async quiet() {
      const answered = once(child, 'message');
      child.send('quiet');
      await answered;
    },
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** It says where it listens once it does. Its output is read on, lest it breaks on a closed pipe. */
function address(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /successfully listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(`Azurite did not start: ${said}`)));
  });
}
