import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { watchedAgent } from './watched-agent.ts';

let server: Server;
beforeAll(async () => {
  server = createServer((asked, response) => {
    if (asked.url === '/swallows') return;
    asked.resume();
    if (asked.url === '/slow') {
      const timer = setInterval(() => response.write('x'), 50);
      setTimeout(() => {
        clearInterval(timer);
        response.end();
      }, 700);
    } else if (asked.url === '/stalls') {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('x'.repeat(100));
    } else response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const agent = watchedAgent(false, { connectMs: 300, stallMs: 300 });
afterAll(() => agent.destroy());

async function get(path: string, body = ''): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const asked = request({ host: '127.0.0.1', port, path, agent, method: body === '' ? 'GET' : 'PUT' });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  asked.on('error', () => undefined);
  return text(response);
}

it('keeps a connection for the next request', async () => {
  expect(await get('/')).toBe('hello');
  const connections = Object.values(agent.freeSockets).flat().length;
  expect(connections).toBe(1);
  expect(await get('/')).toBe('hello');
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
});

it('gives up an answer that stalls', async () => {
  // On a new connection, and on one that was kept.
  await expect(get('/stalls')).rejects.toThrow('aborted');
  await get('/');
  await expect(get('/stalls')).rejects.toThrow('aborted');
});

it('gives up a request that nobody takes', async () => {
  await expect(get('/swallows', 'x'.repeat(20_000_000))).rejects.toMatchObject({
    code: 'ETIMEDOUT',
  });
});

it('lets be what is slow but moves', async () => {
  expect(await get('/slow')).toMatch(/^x+$/);
});
