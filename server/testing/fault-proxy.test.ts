import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';

let upstream: Server;
let proxy: FaultProxy;
let received: string[] = [];

beforeAll(async () => {
  upstream = createServer((request, response) => {
    text(request).then(
      (body) => {
        received.push(`${request.method} ${request.url} ${body.length}`);
        response.setHeader('x-host', request.headers.host ?? '');
        response.end(body === '' ? '0123456789' : body);
      },
      () => undefined,
    );
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  proxy = await startFaultProxy({ host: '127.0.0.1', port: (upstream.address() as AddressInfo).port });
});
beforeEach(() => {
  proxy.decide = () => null;
  received = [];
});
afterAll(async () => {
  await proxy.close();
  upstream.close();
});

const url = (path: string) => `http://127.0.0.1:${proxy.port}${path}`;
const put = (body: string, signal?: AbortSignal) => fetch(url('/x'), { method: 'PUT', body, signal });
const allFail = (fault: Fault) => {
  proxy.decide = () => fault;
};

it('passes everything through, the host too', async () => {
  const response = await fetch(url('/a?b=c'));
  expect(await response.text()).toBe('0123456789');
  expect(response.headers.get('x-host')).toBe(`127.0.0.1:${proxy.port}`);
  expect(await (await put('x'.repeat(300_000))).text()).toHaveLength(300_000);
  expect(received).toEqual(['GET /a?b=c 0', 'PUT /x 300000']);
});

it('answers in the place of the service', async () => {
  allFail({ kind: 'answer', status: 429, retryAfterSeconds: 7 });
  const response = await put('hello');
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
  expect(received).toEqual([]);
  expect(proxy.happened.at(-1)?.asked).toMatchObject({ method: 'PUT', path: '/x', bytes: 5 });
});

it('breaks off, either way', async () => {
  allFail({ kind: 'reset', where: 'request', after: 100_000 });
  await expect(put('x'.repeat(300_000))).rejects.toThrow('fetch failed');
  expect(received).toEqual([]);
  allFail({ kind: 'reset', where: 'response', after: 4 });
  await expect(fetch(url('/a')).then((response) => response.text())).rejects.toThrow('terminated');
});

it('lets answers get lost', async () => {
  allFail({ kind: 'lost-answer' });
  await expect(put('hello')).rejects.toThrow('fetch failed');
  expect(received).toEqual(['PUT /x 5']);
});

it('flips a bit, either way', async () => {
  allFail({ kind: 'corrupt', where: 'request', after: 1 });
  expect(await (await put('aaa')).text()).toBe('a`a');
  allFail({ kind: 'corrupt', where: 'response', after: 2 });
  expect(await (await fetch(url('/a'))).text()).toBe('0133456789');
});

it('stalls, either way', async () => {
  for (const where of ['request', 'response'] as const) {
    allFail({ kind: 'stall', where, after: 2 });
    const stalled = put('hello', AbortSignal.timeout(150)).then((response) => response.text());
    await expect(stalled).rejects.toThrow(/timeout/);
  }
});
