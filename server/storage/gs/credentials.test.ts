import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { parseLocation } from '../location.ts';
import { codeOf } from '../testing.ts';
import { DEFAULT_TUNING } from '../tuning.ts';
import { gsStore } from './store.ts';

/** What a machine of Google Cloud asks for its token, and a server that anybody may have put into a URL. */
let metadata: Server;
let elsewhere: Server;
let asked = 0;
let arrived: (string | undefined)[] = [];

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  metadata = createServer((request, response) => {
    asked++;
    response.writeHead(200, { 'metadata-flavor': 'Google', 'content-type': 'application/json' });
    const isToken = request.url?.includes('/token') === true;
    response.end(isToken ? '{"access_token":"ya29.machine","expires_in":3600,"token_type":"Bearer"}' : '{}');
  });
  elsewhere = createServer((request, response) => {
    arrived.push(request.headers.authorization);
    response.writeHead(200).end(JSON.stringify({ name: 'p/x', size: '1', generation: '1' }));
  });
  for (const server of [metadata, elsewhere]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${portOf(metadata)}`);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '');
});
beforeEach(() => {
  asked = 0;
  arrived = [];
});
afterAll(() => {
  vi.unstubAllEnvs();
  for (const server of [metadata, elsewhere]) {
    server.closeAllConnections();
    server.close();
  }
});

async function stat(parameters: string): Promise<void> {
  const location = parseLocation(
    `gs://bucket/p?GS_ENDPOINT=http://127.0.0.1:${portOf(elsewhere)}${parameters}`,
  );
  if (location.scheme !== 'gs') throw new Error('not a gs URL');
  const store = gsStore(location, DEFAULT_TUNING);
  expect(await codeOf(store.stat('x'))).toBe('no error');
  await store.close();
}

it.each(['', '&AUTH=implicit'])(
  "keeps a machine's token from servers that aren't Google's (%j)",
  async (auth) => {
    await stat(auth);
    expect(arrived).toEqual([undefined]);
    expect(asked).toBe(0);
  },
);

it('signs with a key for any server, and names the key', async () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const key = {
    type: 'service_account',
    client_email: 'me@acme.example',
    private_key: privateKey,
    private_key_id: '0123abcd',
  };
  await stat(`&CREDENTIALS=${encodeURIComponent(Buffer.from(JSON.stringify(key)).toString('base64'))}`);
  const header = /^Bearer ([\w-]+)\./.exec(arrived[0] ?? '')?.[1] ?? '';
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    alg: 'RS256',
    typ: 'JWT',
    kid: '0123abcd',
  });
});
