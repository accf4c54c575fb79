import { inspect } from 'node:util';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { parseLocation } from '../location.ts';
import type { S3Location } from '../locations/s3.ts';
import { DEFAULT_POLICY } from '../retry.ts';
import { s3Store } from './store.ts';
import { KEYS, S3Server, type Behaviour } from './server.ts';
import { StoreError, type Store } from '../store.ts';
import { listed, pattern, textBody } from '../testing.ts';
import { DEFAULT_TUNING, type Tuning } from '../tuning.ts';

// What tests of the S3 store share.

export const MIB = 1024 * 1024;
/** Where the locations are in their buckets. */
export const PATH = 'nightly/bänk no 1';

export let server: S3Server;
const opened: Store[] = [];

/** Has the tests of a file run with a server of their own; stores that they open are closed after each. */
export function withServer(): void {
  beforeAll(async () => {
    server = await S3Server.start();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(() => server.stop());
}

/** Parameters of a URL; null leaves one out. */
export type Parameters = Record<string, string | null>;

export function urlOf(bucket: string, parameters: Parameters = {}): string {
  const all: Parameters = {
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    AWS_ENDPOINT: `http://127.0.0.1:${server.port}`,
    ...parameters,
  };
  const query = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return `s3://${bucket}/${PATH}?${query.join('&')}`;
}

export function locationOf(bucket: string, parameters?: Parameters): S3Location {
  const location = parseLocation(urlOf(bucket, parameters));
  if (location.scheme !== 's3') throw new Error('no location of s3');
  return location;
}

/** Waits for nothing; `waits` are those that it would have waited. */
export function quick(changes: Partial<Tuning> = {}): { tuning: Tuning; waits: number[] } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return {
    waits,
    tuning: { ...DEFAULT_TUNING, retry: { ...DEFAULT_POLICY, attempts: 3, sleep }, ...changes },
  };
}

export async function open(
  behaviour: Partial<Behaviour> = {},
  parameters?: Parameters,
  tuning: Tuning = quick().tuning,
): Promise<{ bucket: string; store: Store }> {
  const bucket = await server.bucket(behaviour);
  return { bucket, store: reopen(bucket, parameters, tuning) };
}

export function reopen(bucket: string, parameters?: Parameters, tuning: Tuning = quick().tuning): Store {
  const store = s3Store(locationOf(bucket, parameters), tuning);
  opened.push(store);
  return store;
}

export function megabytes(count: number): Readable {
  return Readable.from(Array.from({ length: count }, (_, index) => pattern(index)));
}

export async function errorOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof StoreError) return error;
  throw new Error(`no StoreError: ${inspect(error)}`);
}

/** Every way to ask a store for something. */
export const CALLS: readonly [string, (store: Store) => Promise<unknown>][] = [
  ['put', (store) => store.put('a', textBody('x'))],
  ['get', (store) => store.get('a')],
  ['stat', (store) => store.stat('a')],
  ['list', (store) => listed(store)],
  ['remove', (store) => store.remove('a')],
];
