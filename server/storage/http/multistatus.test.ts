import { describe, expect, it } from 'vitest';
import { type Member, MultistatusError, readMultistatus } from './multistatus.ts';

/** Cut into pieces of so many bytes. */
async function read(text: string, size = 1 << 20): Promise<Member[]> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
  }
  const members: Member[] = [];
  for await (const member of readMultistatus(chunks())) members.push(member);
  return members;
}

const APACHE = `<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:" xmlns:ns0="DAV:">
<D:response xmlns:lp1="DAV:" xmlns:g0="DAV:">
<D:href>/a%20b/</D:href>
<D:propstat>
<D:prop>
<lp1:resourcetype><D:collection/></lp1:resourcetype>
</D:prop>
<D:status>HTTP/1.1 200 OK</D:status>
</D:propstat>
<D:propstat>
<D:prop><g0:getcontentlength/></D:prop>
<D:status>HTTP/1.1 404 Not Found</D:status>
</D:propstat>
</D:response>
<D:response xmlns:lp1="DAV:">
<D:href>/a%20b/K%c3%b6ln.zst</D:href>
<D:propstat>
<D:prop><lp1:resourcetype/><lp1:getcontentlength>1234</lp1:getcontentlength></D:prop>
<D:status>HTTP/1.1 200 OK</D:status>
</D:propstat>
</D:response>
</D:multistatus>`;

describe('a multistatus', () => {
  it.each([1 << 20, 1, 7, 64])('is read, in pieces of %i bytes', async (size) => {
    expect(await read(APACHE, size)).toEqual([
      { parts: ['a b'], directory: true, bytes: null, status: 200 },
      { parts: ['a b', 'Köln.zst'], directory: false, bytes: 1234, status: 200 },
    ]);
  });

  const response = (href: string, inside = ''): string =>
    `<multistatus xmlns="DAV:"><response><href>${href}</href>${inside}</response></multistatus>`;
  const props = (inside: string): string =>
    `<propstat><prop>${inside}</prop><status>HTTP/1.1 200 OK</status></propstat>`;

  it.each([
    ['/a/b', ['a', 'b']],
    ['http://host:8080/a/b', ['a', 'b']],
    ['/a/100%25%20sure%3f%23', ['a', '100% sure?#']],
    // Some servers encode no more than a URL as a whole needs.
    ['/a/what?#+;=', ['a', 'what?#+;=']],
    ['/a/x&amp;y&#39;&#x22;&lt;z', ['a', 'x&y\'"<z']],
    ['/a/%E0%A4%A', ['a', '%E0%A4%A']],
    ['  /a/b  ', ['a', 'b']],
    ['/%F0%9F%90%98/cafe%CC%81', ['🐘', 'cafe\u0301']],
  ])('has the path %s', async (href, parts) => {
    expect(await read(response(href, props('<resourcetype/>')))).toMatchObject([{ parts }]);
  });

  it('believes only what is in the namespace of WebDAV', async () => {
    const text = `<x:multistatus xmlns:x="DAV:" xmlns:o="urn:other"><x:response><o:href>/wrong</o:href><x:href>/a</x:href>
      <x:propstat><x:prop><o:getcontentlength>9</o:getcontentlength><o:resourcetype><o:collection/></o:resourcetype>
      <getcontentlength xmlns="DAV:">5</getcontentlength></x:prop><x:status>HTTP/1.1 200 OK</x:status></x:propstat>
      </x:response></x:multistatus>`;
    expect(await read(text)).toEqual([{ parts: ['a'], directory: false, bytes: 5, status: 200 }]);
  });

  it('takes a slash at the end for a directory', async () => {
    expect(await read(response('/a/'))).toMatchObject([{ directory: true }]);
  });

  it('tells which of its files it has nothing of', async () => {
    expect(await read(response('/a', '<status>HTTP/1.1 403 Forbidden</status>'))).toMatchObject([
      { status: 403 },
    ]);
  });

  it('may have nobody in it', async () => {
    expect(await read('<D:multistatus xmlns:D="DAV:"/>')).toEqual([]);
    expect(await read('<D:multistatus xmlns:D="DAV:"></D:multistatus>')).toEqual([]);
  });

  it.each([
    ['', false],
    ['<html><body>Hello</body></html>', false],
    ['<multistatus xmlns="DAV:"><response></response></multistatus>', false],
    [APACHE.slice(0, -20), true],
    [APACHE.slice(0, APACHE.indexOf('</D:response>') + 20), true],
  ])('is refused where it is none or not all of one', async (text, cutOff) => {
    const error = await read(text).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MultistatusError);
    expect(error).toMatchObject({ cutOff });
  });

  it('is given out while it comes', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('<multistatus xmlns="DAV:"><response><href>/a</href></response><resp');
      throw new Error('later');
    }
    const members = readMultistatus(chunks());
    expect(await members.next()).toMatchObject({ value: { parts: ['a'] } });
    await expect(members.next()).rejects.toThrow('later');
  });
});
