import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asked, type Fault, type FaultProxy, startFaultProxy } from '../../testing/fault-proxy.ts';
import { filesBelow, startPlain, startWebdav, temporariesBelow, type WebServer } from './servers.ts';
import type { Store } from '../store.ts';
import { codeOf, listed, textBody, textOf } from '../testing.ts';
import { largeBody, openHttp, quick } from './testing.ts';

const MIB = 1024 * 1024;

describe.each([
  { what: 'a server with MOVE', start: startWebdav, moves: true },
  { what: 'a server without MOVE', start: startPlain, moves: false },
])('over a bad line to $what', ({ start, moves }) => {
  let server: WebServer;
  let proxy: FaultProxy;
  let tuning: ReturnType<typeof quick>;
  let store: Store;

  beforeEach(async () => {
    server = await start();
    proxy = await startFaultProxy({ host: '127.0.0.1', port: Number(new URL(server.origin).port) });
    tuning = quick();
    store = openHttp(`http://127.0.0.1:${proxy.port}/nightly`, { tuning });
    // What the server can do is known from here on.
    await store.put('first', textBody('x'));
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
    await server.stop();
  });

  /** The first request that matches goes wrong, or so many. */
  function once(method: string, fault: Fault, times = 1): void {
    let left = times;
    proxy.decide = (asked: Asked) => (asked.method === method && left-- > 0 ? fault : null);
  }
  const held = async (): Promise<string[]> =>
    (await filesBelow(`${server.files}/nightly`)).filter((file) => file !== 'first 1');
  async function expectNothing(): Promise<void> {
    expect(await held()).toEqual([]);
    expect(await temporariesBelow(server.directory)).toEqual([]);
  }

  it.each([
    ['HEAD', { kind: 'answer', status: 503, retryAfterSeconds: 2 }],
    ['MKCOL', { kind: 'answer', status: 503, retryAfterSeconds: 2 }],
    ['PUT', { kind: 'answer', status: 503, retryAfterSeconds: 2 }],
    ['PUT', { kind: 'answer', status: 429, retryAfterSeconds: 2 }],
    ['GET', { kind: 'answer', status: 503, retryAfterSeconds: 2 }],
  ] satisfies [string, Fault][])('%s is asked again after %j', async (method, fault) => {
    once(method, fault);
    await store.put('data/a', textBody('hello'));
    expect(proxy.happened).toHaveLength(1);
    expect(tuning.waits).toEqual([2000]);
    expect(await held()).toEqual(['data/a 5']);
    expect(await temporariesBelow(server.directory)).toEqual([]);
  });

  it.each(['reset', 'lost-answer'] as const)('a small file gets there in spite of a %s', async (kind) => {
    for (const method of ['PUT', ...(moves ? ['MOVE'] : [])]) {
      const name = `${kind}-${method}`;
      once(method, kind === 'reset' ? { kind, where: 'request', after: 0 } : { kind });
      await store.put(name, textBody('hello'));
      expect(proxy.happened.at(-1)).toMatchObject({ fault: { kind }, asked: { method } });
      expect(await textOf(await store.get(name))).toBe('hello');
    }
    expect(await temporariesBelow(server.directory)).toEqual([]);
  });

  it('a name that somebody else took while the answer was lost is not called ours', async () => {
    let taken = false;
    proxy.decide = ({ method }) => {
      if (method !== (moves ? 'MOVE' : 'PUT') || taken) return null;
      taken = true;
      return { kind: 'reset', where: 'request', after: 0 };
    };
    const other = openHttp(`${server.origin}/nightly`);
    tuning.retry.sleep = () => other.put('a', textBody('other')).then(() => undefined);
    expect(await codeOf(store.put('a', textBody('mine!')))).toBe('exists');
    expect(await textOf(await store.get('a'))).toBe('other');
    expect(await temporariesBelow(server.directory)).toEqual([]);
    await other.close();
  });

  it('a large file that is reset in the middle leaves nothing, and may be sent again', async () => {
    once('PUT', { kind: 'reset', where: 'request', after: 6 * MIB });
    await expect(store.put('data/a', largeBody())).rejects.toMatchObject({
      code: 'transient',
      file: 'data/a',
      message: expect.stringContaining('broken off'),
    });
    await expectNothing();
    expect(await store.put('data/a', largeBody())).toEqual({ bytes: 8 * MIB });
    expect(await held()).toEqual([`data/a ${8 * MIB}`]);
  });

  it('a large file whose last answer was lost is there', async () => {
    once(moves ? 'MOVE' : 'PUT', { kind: 'lost-answer' });
    expect(await store.put('data/a', largeBody())).toEqual({ bytes: 8 * MIB });
    expect(proxy.happened).toHaveLength(1);
    expect(await held()).toEqual([`data/a ${8 * MIB}`]);
    expect(await temporariesBelow(server.directory)).toEqual([]);
  });

  it('a server that stops reading is noticed, and so is one that takes all and says nothing', async () => {
    const patient = quick({ stallMs: 400 });
    const brisk = openHttp(`http://127.0.0.1:${proxy.port}/nightly`, { tuning: patient });
    await brisk.put('second', textBody('x'));
    await brisk.remove('second');
    once('PUT', { kind: 'stall', where: 'request', after: MIB });
    await expect(brisk.put('data/a', largeBody(64))).rejects.toMatchObject({
      code: 'transient',
      message: expect.stringMatching(/takes no more of it|does not answer/),
    });
    // What is stuck in the proxy the server hasn't been told the end of.
    expect(await held()).toEqual([]);
    once('PUT', { kind: 'stall', where: 'request', after: 8 * MIB - 1 });
    await expect(brisk.put('data/a', largeBody())).rejects.toMatchObject({ code: 'transient' });
    expect(await held()).toEqual([]);
    if (moves) await expectNothing();
    await brisk.close();
  });

  it('a body that is slow to come is no stall', async () => {
    const brisk = openHttp(`http://127.0.0.1:${proxy.port}/nightly`, { tuning: quick({ stallMs: 400 }) });
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(5 * MIB);
      await sleep(1500);
      yield Buffer.alloc(1);
    }
    expect(await brisk.put('a', Readable.from(body()))).toEqual({ bytes: 5 * MIB + 1 });
    await brisk.close();
  });

  it('damaged bytes are noticed, and nothing of them stays', async () => {
    once('PUT', { kind: 'corrupt', where: 'request', after: 6 * MIB });
    await expect(store.put('data/a', largeBody())).rejects.toMatchObject({
      code: 'transient',
      message: 'data/a: what arrived at the server is not what was sent',
    });
    expect(proxy.happened).toHaveLength(1);
    await expectNothing();
    once('PUT', { kind: 'corrupt', where: 'request', after: 2 });
    await store.put('data/b', textBody('hello'));
    expect(proxy.happened).toHaveLength(2);
    expect(await textOf(await store.get('data/b'))).toBe('hello');
    expect(await temporariesBelow(server.directory)).toEqual([]);
  });

  it.runIf(moves)('damaged bytes never have the name of the file', async () => {
    const seen: string[][] = [];
    let corrupted = false;
    proxy.decide = ({ method }) => {
      if (method !== 'PUT' || corrupted) return null;
      corrupted = true;
      return { kind: 'corrupt', where: 'request', after: 2 };
    };
    tuning.retry.sleep = async () => void seen.push(await held());
    await store.put('a', textBody('hello'));
    expect(seen).toEqual([[]]);
    expect(await held()).toEqual(['a 5']);
  });

  it('a read that is cut off, or that hangs, says so', async () => {
    await store.put('a', largeBody());
    for (const kind of ['reset', 'stall'] as const) {
      const brisk = openHttp(`http://127.0.0.1:${proxy.port}/nightly`, { tuning: quick({ stallMs: 400 }) });
      once('GET', { kind, where: 'response', after: 2 * MIB });
      expect(await codeOf(textOf(await brisk.get('a')))).toBe('transient');
      await brisk.close();
    }
  });

  it.runIf(moves)('a listing that is cut off says so', async () => {
    for (let index = 0; index < 20; index++) await store.put(`${index}`, textBody('x'));
    once('PROPFIND', { kind: 'reset', where: 'response', after: 1500 });
    expect(await codeOf(listed(store))).toBe('transient');
    expect(await listed(store)).toHaveLength(21);
  });

  it('where nothing answers any more, a put fails for that', async () => {
    await proxy.close();
    await expect(store.put('a', textBody('x'))).rejects.toMatchObject({
      code: 'transient',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    proxy = await startFaultProxy({ host: '127.0.0.1', port: Number(new URL(server.origin).port) });
  });
});
