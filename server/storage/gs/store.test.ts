import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Asked, type Fault, type FaultProxy, startFaultProxy } from '../../testing/fault-proxy.ts';
import { storeConformance } from '../conformance.ts';
import { parseLocation } from '../location.ts';
import { openStore } from '../open.ts';
import { DEFAULT_POLICY } from '../retry.ts';
import { StoreError, type Store } from '../store.ts';
import { codeOf, listed, textBody, textOf } from '../testing.ts';
import type { Tuning } from '../tuning.ts';
import { type GsServer, startGsServer } from './server.ts';
import { gsStore } from './store.ts';

let server: GsServer;
let places = 0;

beforeAll(async () => {
  server = await startGsServer();
});
afterAll(() => server.stop());

storeConformance('gs', {
  bufferMib: 64,
  open() {
    const path = `nightly/${++places}`;
    const url = `gs://bucket/${path}?GS_ENDPOINT=${server.endpoint}`;
    const open = () => openStore(parseLocation(url), { externDir: '' });
    return Promise.resolve({
      store: open(),
      url,
      reopen: () => Promise.resolve(open()),
      leftovers: async () => Array.from({ length: await server.openSessions(path) }, () => 'a session'),
      expires: true,
      cleanup: () => Promise.resolve(),
    });
  },
});

const QUICK: Tuning = {
  retry: { ...DEFAULT_POLICY, firstWaitMs: 5, longestWaitMs: 20 },
  connectMs: 2_000,
  stallMs: 500,
};
const MIB = 1024 * 1024;

function storeAt(url: string): Store {
  const location = parseLocation(url);
  if (location.scheme !== 'gs') throw new Error('not a gs URL');
  // Bare: only what the store itself does is looked at.
  return gsStore(location, QUICK);
}

async function failure(work: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await work.then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw error;
  return error;
}

describe('an upload', () => {
  let proxy: FaultProxy;
  let store: Store;
  let place: string;
  const body = randomBytes(20 * MIB);
  beforeAll(async () => {
    proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
  });
  beforeEach(() => {
    place = `uploads/${++places}`;
    store = storeAt(`gs://bucket/${place}?GS_ENDPOINT=http://127.0.0.1:${proxy.port}`);
  });
  afterEach(async () => {
    proxy.decide = () => null;
    await store.close();
  });
  afterAll(() => proxy.close());

  /** The fault for the nth request of that kind. */
  function nth(count: number, kind: (asked: Asked) => boolean, fault: Fault): FaultProxy['decide'] {
    let seen = 0;
    return (asked) => (kind(asked) && ++seen === count ? fault : null);
  }
  const isChunk = ({ method }: Asked) => method === 'PUT';
  const put = () => store.put('file', Readable.from([body], { objectMode: false }));
  async function expectThere(): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of await store.get('file')) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
    expect(await server.openSessions(place)).toBe(0);
  }

  it.each<[string, number, Fault]>([
    ['is refused for a moment', 1, { kind: 'answer', status: 503 }],
    ['is broken off in a chunk', 2, { kind: 'reset', where: 'request', after: 3 * MIB }],
    ['stalls in a chunk', 2, { kind: 'stall', where: 'request', after: 3 * MIB }],
    ['gets no answer to a chunk', 2, { kind: 'lost-answer' }],
    ['gets no answer to the last chunk', 3, { kind: 'lost-answer' }],
    ['gets half an answer to the last chunk', 3, { kind: 'reset', where: 'response', after: 20 }],
  ])('that %s goes on', async (_what, count, fault) => {
    proxy.decide = nth(count, isChunk, fault);
    expect(await put()).toEqual({ bytes: body.length });
    expect(proxy.happened.at(-1)?.fault).toBe(fault);
    await expectThere();
  });

  it('of a small file is known again when its answer was lost', async () => {
    proxy.decide = nth(1, ({ method }) => method === 'POST', { kind: 'lost-answer' });
    expect(await store.put('small', textBody('hello'))).toEqual({ bytes: 5 });
    expect(await textOf(await store.get('small'))).toBe('hello');
    // What somebody else wrote is not ours.
    expect(await codeOf(store.put('small', textBody('hello')))).toBe('exists');
  });

  it.each([1, 3])('damaged in chunk %i is refused, and leaves nothing', async (count) => {
    proxy.decide = nth(count, isChunk, { kind: 'corrupt', where: 'request', after: 1000 });
    expect(await failure(put())).toMatchObject({
      code: 'transient',
      message: 'file: it was damaged on its way to the service',
    });
    expect(await listed(store)).toEqual([]);
    expect(await server.openSessions(place)).toBe(0);
  });

  it('of a small file that was damaged is sent again', async () => {
    proxy.decide = nth(1, ({ method }) => method === 'POST', {
      kind: 'corrupt',
      where: 'request',
      // In the body, past what stands before it.
      after: 600,
    });
    const text = 'x'.repeat(1000);
    await store.put('small', textBody(text));
    expect(await textOf(await store.get('small'))).toBe(text);
  });

  it('that fails for good cancels its session', async () => {
    proxy.decide = (asked) => (isChunk(asked) ? { kind: 'answer', status: 403 } : null);
    expect(await codeOf(put())).toBe('denied');
    expect(await server.openSessions(place)).toBe(0);
  });

  it('is left alone as long as the service asks', async () => {
    proxy.decide = nth(1, isChunk, { kind: 'answer', status: 429, retryAfterSeconds: 1 });
    const started = performance.now();
    await put();
    expect(performance.now() - started).toBeGreaterThan(1000);
  });
});

describe('what it says', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const other = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  let guarded: GsServer;
  beforeAll(async () => {
    guarded = await startGsServer({ publicKey });
  });
  afterAll(() => guarded.stop());

  function urlWith(key: string, bucket = 'bucket'): string {
    const account = { type: 'service_account', client_email: 'me@acme.example', private_key: key };
    const credentials = encodeURIComponent(Buffer.from(JSON.stringify(account)).toString('base64'));
    return `gs://${bucket}/said/${++places}?GS_ENDPOINT=${guarded.endpoint}&CREDENTIALS=${credentials}`;
  }
  /** Everything that can be seen of an error. */
  const seen = (error: unknown) => inspect(error, { depth: 10, showHidden: true });

  it('is nothing where the key is right', async () => {
    const store = storeAt(urlWith(privateKey));
    await store.put('file', textBody('hello'));
    expect(await textOf(await store.get('file'))).toBe('hello');
    await store.close();
  });

  it('of a wrong key', async () => {
    const store = storeAt(urlWith(other.privateKey));
    for (const work of [() => store.put('x', textBody('x')), () => store.stat('x'), () => listed(store)]) {
      const error = await failure(work());
      expect(error.code).toBe('denied');
      expect(error.message).toContain('it does not take these credentials: Invalid Credentials (HTTP 401)');
      expect(error.hint).toContain('clock');
      expect(seen(error)).not.toMatch(/Bearer|PRIVATE KEY|eyJ/);
    }
    await store.close();
  });

  it('of a key that is none', async () => {
    const store = storeAt(urlWith('-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n'));
    const error = await failure(store.stat('x'));
    expect(error).toMatchObject({
      code: 'denied',
      message: 'x: the private key in CREDENTIALS can’t be read',
    });
    expect(seen(error)).not.toContain('nonsense');
    await store.close();
  });

  it('of no credentials where some are wanted', async () => {
    const store = storeAt(`gs://bucket/said?GS_ENDPOINT=${guarded.endpoint}`);
    expect(await failure(store.stat('x'))).toMatchObject({ code: 'denied' });
    await store.close();
  });

  it('of a bucket that is not there', async () => {
    const store = storeAt(urlWith(privateKey, 'nowhere'));
    for (const work of [
      () => store.put('x', textBody('x')),
      () => store.get('x'),
      () => store.stat('x'),
      () => store.remove('x'),
      () => listed(store),
    ])
      expect(await codeOf(work())).toBe('no-container');
    await store.close();
  });

  it('of a server that is not there', async () => {
    const store = storeAt('gs://bucket/said?GS_ENDPOINT=http://127.0.0.1:9');
    const error = await failure(store.stat('x'));
    expect(error).toMatchObject({
      code: 'transient',
      message: 'x: nothing takes connections there (ECONNREFUSED)',
    });
    await store.close();
  });
});

it('refuses names that are too long for the service', async () => {
  const store = storeAt(`gs://bucket/${'ä'.repeat(120)}/${'b'.repeat(250)}?GS_ENDPOINT=${server.endpoint}`);
  const name = Array.from({ length: 3 }, () => 'x'.repeat(200)).join('/');
  expect(await codeOf(store.stat(name))).toBe('invalid-name');
  expect(await codeOf(store.put(name, textBody('x')))).toBe('invalid-name');
  expect(await codeOf(store.stat('x'.repeat(200)))).toBe('not-found');
  await store.close();
});
