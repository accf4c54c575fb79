import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ContainerClient } from '@azure/storage-blob';
import { type Asked, type Fault, type FaultProxy, startFaultProxy } from '../../testing/fault-proxy.ts';
import type { AzureServer } from './server.ts';
import { azureStore } from './store.ts';
import { parseLocation } from '../location.ts';
import type { AzureLocation } from '../locations/azure.ts';
import { StoreError, type Store } from '../store.ts';
import { pattern } from '../testing.ts';
import { DEFAULT_TUNING, type Tuning } from '../tuning.ts';

// What tests of the store for Azure share.

/** Waits are short, their number is the real one. */
export const EAGER: Tuning = {
  ...DEFAULT_TUNING,
  retry: { ...DEFAULT_TUNING.retry, firstWaitMs: 1, longestWaitMs: 5 },
};
/** Longer than Azurite needs for a block on a busy machine. */
export const STALL_MS = 2000;
/** Gives up soon what stands still. */
export const IMPATIENT: Tuning = { ...EAGER, stallMs: STALL_MS };

export type Credentials = { AZURE_ACCOUNT_KEY: string } | { AZURE_SAS_TOKEN: string } | { AUTH: 'implicit' };

export interface Opening {
  container: string;
  /** The server's account key. */
  credentials?: Credentials;
  /** The server's own. */
  endpoint?: string;
}

export function urlOf(azure: AzureServer, { container, credentials, endpoint }: Opening): string {
  const query = new URLSearchParams({
    AZURE_ACCOUNT_NAME: azure.account,
    AZURE_ENDPOINT: endpoint ?? azure.endpoint,
    ...(credentials ?? { AZURE_ACCOUNT_KEY: azure.key }),
  });
  return `azure://${container}/nightly/bank?${query}`;
}

export function locationOf(url: string): AzureLocation {
  const location = parseLocation(url);
  if (location.scheme !== 'azure') throw new Error(location.scheme);
  return location;
}

export function openAzure(azure: AzureServer, opening: Opening, tuning: Tuning = EAGER): Store {
  return azureStore(locationOf(urlOf(azure, opening)), tuning);
}

/** What was asked for: the method, and the kind of operation on a blob or a container; `''` for a blob itself. */
export interface Operation {
  method: string;
  comp: string;
  query: URLSearchParams;
}

export const isPut = ({ method, comp }: Operation): boolean => method === 'PUT' && comp === '';
export const isBlock = ({ comp }: Operation): boolean => comp === 'block';
export const isCommit = ({ method, comp }: Operation): boolean => method === 'PUT' && comp === 'blocklist';
export const isGet = ({ method, comp }: Operation): boolean => method === 'GET' && comp === '';
export const isHead = ({ method }: Operation): boolean => method === 'HEAD';
export const isList = ({ comp }: Operation): boolean => comp === 'list';

/** A way to the server on which things go wrong. */
export class Road {
  readonly operations: Operation[] = [];
  readonly #proxy: FaultProxy;
  readonly #account: string;

  static async to({ endpoint, account }: AzureServer): Promise<Road> {
    const { hostname, port } = new URL(endpoint);
    return new Road(await startFaultProxy({ host: hostname, port: Number(port) }), account);
  }

  private constructor(proxy: FaultProxy, account: string) {
    this.#proxy = proxy;
    this.#account = account;
    this.befall(null, () => false);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#proxy.port}/${this.#account}`;
  }

  count(about: (operation: Operation) => boolean): number {
    return this.operations.filter(about).length;
  }

  /** The first so many requests that it is about go wrong like that. */
  befall(fault: Fault | null, about: (operation: Operation) => boolean, times = 1): void {
    let left = times;
    this.#proxy.decide = (asked) => {
      const operation = operationOf(asked);
      this.operations.push(operation);
      return about(operation) && left-- > 0 ? fault : null;
    };
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}

function operationOf({ method, path }: Asked): Operation {
  const { searchParams: query } = new URL(path, 'http://proxy');
  return { method, comp: query.get('comp') ?? '', query };
}

/** Blobs of which there are only blocks: nobody sees them. */
export async function uncommitted(container: ContainerClient): Promise<string[]> {
  const whole = new Set<string>();
  for await (const { name } of container.listBlobsFlat()) whole.add(name);
  const blocks: string[] = [];
  for await (const { name } of container.listBlobsFlat({ includeUncommitedBlobs: true }))
    if (!whole.has(name)) blocks.push(name);
  return blocks;
}

/** So many MiB and a byte, in chunks of a MiB. */
export function bodyOf(mib: number): Readable {
  const chunks = Array.from({ length: mib }, (_, index) => pattern(index));
  return Readable.from([...chunks, Buffer.from('!')]);
}

export async function shaOf(body: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What it fails with. */
export async function errorOf(work: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof StoreError) return error;
  throw new Error('it did not fail with a StoreError', { cause: error });
}
