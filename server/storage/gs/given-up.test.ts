import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../testing/fault-proxy.ts';
import { parseLocation } from '../location.ts';
import { DEFAULT_POLICY } from '../retry.ts';
import type { Store } from '../store.ts';
import { codeOf, listed, pattern, textBody } from '../testing.ts';
import type { Tuning } from '../tuning.ts';
import { type GsServer, startGsServer } from './server.ts';
import { gsStore } from './store.ts';

/** Longer than a test may take: nothing here ends because a connection stalled. */
const TUNING: Tuning = { retry: DEFAULT_POLICY, connectMs: 5_000, stallMs: 60_000 };

function storeAt(url: string): Store {
  const location = parseLocation(url);
  if (location.scheme !== 'gs') throw new Error('not a gs URL');
  return gsStore(location, TUNING);
}

function bigBody(): Readable {
  return Readable.from(
    (function* () {
      for (let index = 0; index < 20; index++) yield pattern(index);
    })(),
    { objectMode: false },
  );
}

describe('an upload that is aborted', () => {
  let server: GsServer;
  let proxy: FaultProxy;
  let store: Store;
  /** At the same place, past the proxy. */
  let direct: Store;
  let place: string;
  let places = 0;
  beforeAll(async () => {
    server = await startGsServer();
    proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
  });
  beforeEach(() => {
    place = `aborted/${++places}`;
    store = storeAt(`gs://bucket/${place}?GS_ENDPOINT=http://127.0.0.1:${proxy.port}`);
    direct = storeAt(`gs://bucket/${place}?GS_ENDPOINT=${server.endpoint}`);
  });
  afterEach(async () => {
    proxy.decide = () => null;
    await store.close();
    await direct.close();
  });
  afterAll(async () => {
    await proxy.close();
    await server.stop();
  });

  it.each<[string, () => Readable, (method: string, count: number) => boolean]>([
    ['a small file', () => textBody('hello'), (method) => method === 'POST'],
    ['the last chunk', bigBody, (method, count) => method === 'PUT' && count === 3],
  ])('when all of %s has arrived, and its answer has not, leaves nothing', async (_what, body, isLast) => {
    let puts = 0;
    proxy.decide = ({ method }) => {
      if (method === 'PUT') puts++;
      return isLast(method, puts) ? { kind: 'stall', where: 'response', after: 0 } : null;
    };
    const aborting = new AbortController();
    const writing = codeOf(store.put('file', body(), { signal: aborting.signal }));
    while ((await listed(direct)).length === 0) await sleep(20);
    aborting.abort();
    expect(await writing).toBe('failed');
    expect(await listed(direct)).toEqual([]);
    expect(await server.openSessions(place)).toBe(0);
  });

  it('ends soon, also when nothing answers any more', { timeout: 60_000 }, async () => {
    let chunks = 0;
    const hanging = new Promise<void>((resolve) => {
      proxy.decide = ({ method }) => {
        if (method === 'DELETE') return { kind: 'stall', where: 'request', after: 0 };
        if (method !== 'PUT' || ++chunks === 1) return null;
        resolve();
        return { kind: 'stall', where: 'request', after: 1000 };
      };
    });
    const aborting = new AbortController();
    const writing = codeOf(store.put('file', bigBody(), { signal: aborting.signal }));
    await hanging;
    const aborted = performance.now();
    aborting.abort();
    expect(await writing).toBe('failed');
    // It is taken back for five seconds, and the deadline of a connection is a minute.
    expect(performance.now() - aborted).toBeLessThan(30_000);
  });

  it('takes back its own file only', async () => {
    await direct.put('file', textBody('theirs'));
    const aborting = new AbortController();
    proxy.decide = ({ method }) => {
      if (method !== 'POST') return null;
      setTimeout(() => aborting.abort(), 50);
      return { kind: 'stall', where: 'response', after: 0 };
    };
    expect(await codeOf(store.put('file', textBody('ours'), { signal: aborting.signal }))).toBe('failed');
    expect(await listed(direct)).toEqual(['file 6']);
  });
});

it('does not take the whole for a part, where ranges are not known', async () => {
  const server = createServer((_request, response) => response.end('0123456789'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const store = storeAt(
    `gs://bucket/p?GS_ENDPOINT=http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  expect(await codeOf(store.get('file'))).toBe('no error');
  expect(await codeOf(store.get('file', { start: 5, end: 7 }))).toBe('failed');
  await store.close();
  server.closeAllConnections();
  server.close();
});

it('takes no name that Google keeps for itself', async () => {
  const store = storeAt('gs://bucket/.well-known?GS_ENDPOINT=http://127.0.0.1:9');
  expect(await codeOf(store.stat('acme-challenge/x'))).toBe('invalid-name');
  await store.close();
});
