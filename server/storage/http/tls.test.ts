import { rm, mkdtemp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SelfSigned, selfSigned } from '../../testing/certificates.ts';
import { textBody, textOf } from '../testing.ts';
import { plainServer } from './plain-server.ts';
import { openHttp, serve, type Served } from './testing.ts';

let directory: string;
let served: Served | null = null;
const trusted = getCACertificates('default');

async function start(certificate: SelfSigned, move: 'url' | 'path' | 'http' = 'url'): Promise<Served> {
  served = await serve(plainServer(directory, { move }), certificate);
  return served;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-tls-'));
  await mkdir(join(directory, 'files'));
});
afterEach(async () => {
  await served?.close();
  setDefaultCACertificates(trusted);
  await rm(directory, { recursive: true, force: true });
});

describe('over TLS', () => {
  it('a file goes both ways; its length tells that it arrived, and it is not read back', async () => {
    const certificate = selfSigned('127.0.0.1');
    const { origin, requests } = await start(certificate);
    setDefaultCACertificates([...trusted, certificate.cert]);
    const store = openHttp(`${origin}/nightly`);
    await store.put('a', textBody('hello'));
    expect(requests.filter((request) => request.startsWith('GET'))).toEqual([]);
    expect(await textOf(await store.get('a'))).toBe('hello');
    await store.close();
  });

  it.each(['path', 'http'] as const)(
    'a server behind a proxy that ends it is given a %s to move to',
    async (move) => {
      const certificate = selfSigned('127.0.0.1');
      const { origin, requests } = await start(certificate, move);
      setDefaultCACertificates([...trusted, certificate.cert]);
      const store = openHttp(`${origin}/nightly`);
      for (const name of ['a', 'b']) await store.put(name, textBody('hello'));
      expect(await textOf(await store.get('b'))).toBe('hello');
      expect(requests).not.toContain('PUT /nightly/a');
      // What it takes is remembered.
      expect(
        requests.slice(requests.indexOf('HEAD /nightly/b')).filter((one) => one.startsWith('MOVE')),
      ).toHaveLength(1);
      await store.close();
    },
  );

  it.each([
    ['untrusted', selfSigned('127.0.0.1'), false, "its TLS certificate isn't trusted", 'NODE_EXTRA_CA_CERTS'],
    ['expired', selfSigned('127.0.0.1', -3), true, 'its TLS certificate has expired', 'renewed'],
    ['for another host', selfSigned('elsewhere.example'), true, 'is for another host', 'the name that'],
  ])('a certificate that is %s is refused, in words', async (_, certificate, trust, words, hint) => {
    const { origin, requests } = await start(certificate);
    if (trust) setDefaultCACertificates([...trusted, certificate.cert]);
    const store = openHttp(`${origin.replace('//', '//root:secret@')}/nightly`);
    for (const work of [store.put('a', textBody('x')), store.stat('a'), store.get('a'), store.remove('a')]) {
      const error: unknown = await work.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'failed', file: 'a', message: expect.stringContaining(words) });
      expect(error).toMatchObject({ hint: expect.stringContaining(hint) });
    }
    expect(requests).toEqual([]);
    await store.close();
  });

  it('a server that speaks no TLS is told of, and one that speaks nothing else', async () => {
    const plain = await serve(plainServer(directory));
    const { origin } = await start(selfSigned('127.0.0.1'));
    const encrypted = openHttp(`${plain.origin.replace('http:', 'https:')}/nightly`);
    await expect(encrypted.stat('a')).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/^a: (it does not speak TLS|TLS cannot be agreed upon)/),
    });
    const open = openHttp(`${origin.replace('https:', 'http:')}/nightly`);
    await expect(open.stat('a')).rejects.toMatchObject({ file: 'a' });
    await Promise.all([encrypted.close(), open.close(), plain.close()]);
  });
});
