import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpLocation } from '../locations/http.ts';
import { patient } from '../patient.ts';
import { retry } from '../retry.ts';
import { StoreError, type Store } from '../store.ts';
import { codeOf, listed, pattern, textBody, textOf } from '../testing.ts';
import { filesBelow, startWebdav } from './servers.ts';
import { plainServer } from './plain-server.ts';
import { largeBody, openHttp, quick, serve, type Served } from './testing.ts';

const MIB = 1024 * 1024;

let directory: string;
let closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-http-'));
  await mkdir(join(directory, 'files'));
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
  await rm(directory, { recursive: true, force: true });
});

async function start(listener: RequestListener): Promise<Served> {
  const served = await serve(listener);
  closing.push(() => served.close());
  return served;
}

function open(url: string, options?: Parameters<typeof openHttp>[1]): Store {
  const store = openHttp(url, options);
  closing.push(() => store.close());
  return store;
}

/** What each method of a store fails with. */
async function failures(store: Store): Promise<StoreError[]> {
  return (await outcomes(store)).map((outcome) => outcome ?? fail());
}

/** Of each method: what it fails with, or null. */
async function outcomes(store: Store): Promise<(StoreError | null)[]> {
  const works = [
    store.put('a', textBody('x')),
    store.get('a'),
    store.stat('a'),
    store.remove('a'),
    listed(store),
  ];
  return Promise.all(works.map((work) => work.then(() => null, refusal)));
}

function refusal(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}

function fail(): never {
  throw new Error('it succeeded');
}

const answering =
  (status: number, headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-length': '0', ...headers }).end();
  };

/** As a plain server, but for one method. */
function except(method: string, listener: RequestListener, plain = plainServer(directory)): RequestListener {
  return (request, response) => {
    if (request.method === method) listener(request, response);
    else plain(request, response);
  };
}

describe('credentials', () => {
  const PAIR = 'us er:pä ss/wörd';
  const SECRETS = ['wörd', 'w%C3%B6rd', Buffer.from(PAIR).toString('base64'), 'tok-secret-123'];
  const login = (credentials: HttpLocation['credentials'], origin: string): Store =>
    open(`${origin}/nightly`, { credentials });

  it('a user and a password open it', async () => {
    const { origin } = await start(plainServer(directory, { pair: PAIR }));
    const store = open(`${origin.replace('//', '//us%20er:p%C3%A4%20ss%2Fw%C3%B6rd@')}/nightly`);
    await store.put('a', textBody('x'));
    expect(await textOf(await store.get('a'))).toBe('x');
  });

  it('a token opens it', async () => {
    const seen = new Set<string>();
    const plain = plainServer(directory);
    const { origin } = await start((request, response) => {
      seen.add(String(request.headers.authorization));
      plain(request, response);
    });
    const store = login({ kind: 'bearer', token: 'tok-secret-123' }, origin);
    await store.put('a', textBody('x'));
    expect([...seen]).toEqual(['Bearer tok-secret-123']);
  });

  it.each<[HttpLocation['credentials'], string]>([
    [{ kind: 'unstated' }, 'the server wants a user and a password, or a token (HTTP 401)'],
    [{ kind: 'basic', user: 'us er', password: 'wörd' }, 'the user or the password is wrong (HTTP 401)'],
    [{ kind: 'bearer', token: 'tok-secret-123' }, 'the token is wrong, or has expired (HTTP 401)'],
  ])('wrong ones are told of, and never shown: %j', async (credentials, words) => {
    const { origin } = await start(plainServer(directory, { pair: PAIR }));
    for (const error of await failures(login(credentials, origin))) {
      expect(error.code).toBe('denied');
      expect(error.message.replace(/^a: /, '')).toBe(words);
      for (const secret of SECRETS) expect(shown(error)).not.toContain(secret);
    }
  });

  it('a server that wants another kind is told of', async () => {
    const { origin } = await start(answering(401, { 'www-authenticate': 'Digest realm="x", nonce="y"' }));
    for (const error of await failures(login({ kind: 'basic', user: 'u', password: 'p' }, origin)))
      expect(error.hint).toContain('Basic or Bearer');
  });

  it('a token that could not stand in a header is sent nowhere, and not shown', async () => {
    const { origin, requests } = await start(plainServer(directory));
    for (const token of ['tok-secret-123\r\nx: y', 'tok-secret-123 ', 'tok-secret-123é'])
      for (const error of await failures(login({ kind: 'bearer', token }, origin))) {
        expect(error.code).toBe('denied');
        expect(shown(error)).not.toContain('tok-secret-123');
      }
    expect(requests).toEqual([]);
  });

  it('no error shows them, whatever goes wrong', async () => {
    const listeners: RequestListener[] = [
      (request) => request.socket.destroy(),
      (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
      (request, response) => {
        // As pages of errors do.
        response.writeHead(500).end(`${request.headers.authorization} ${request.url}`);
      },
      answering(302, { location: 'https://login.example/?token=tok-secret-123' }),
      answering(404),
      answering(507),
    ];
    for (const listener of listeners) {
      const { origin } = await start(listener);
      const stores = [
        login({ kind: 'basic', user: 'us er', password: 'pä ss/wörd' }, origin),
        login({ kind: 'bearer', token: 'tok-secret-123' }, origin),
      ];
      for (const store of stores)
        for (const error of (await outcomes(store)).filter((outcome) => outcome !== null))
          for (const secret of SECRETS) expect(shown(error)).not.toContain(secret);
    }
  });

  it('go to no other place, and redirects are not followed', async () => {
    const other = await start(plainServer(directory));
    for (const status of [301, 302, 303, 307, 308]) {
      const { origin } = await start((request, response) =>
        answering(status, { location: `${other.origin}${request.url}?token=tok-secret-123` })(
          request,
          response,
        ),
      );
      const store = login({ kind: 'basic', user: 'u', password: 'wörd' }, origin);
      for (const error of await failures(store)) {
        expect(error.code).toBe('failed');
        expect(error.message).toContain(` to ${other.origin} (HTTP ${status})`);
        expect(error.hint).toContain('Redirects are not followed');
        for (const secret of SECRETS) expect(shown(error)).not.toContain(secret);
      }
    }
    expect(other.requests).toEqual([]);
  });

  function shown(error: StoreError): string {
    return `${error.message} ${error.hint} ${error.stack} ${inspect(error, { depth: 10, showHidden: true })}`;
  }
});

describe('what servers say', () => {
  it.each([
    [403, 'denied', 'the server does not allow it (HTTP 403 to PUT)', 'right to PUT'],
    [405, 'failed', 'the server takes no PUT (HTTP 405)', 'dav_methods'],
    [501, 'failed', 'the server takes no PUT (HTTP 501)', 'dav_methods'],
    [411, 'failed', "the server takes no files whose length isn't known", 'chunked'],
    [413, 'no-space', 'it is larger than the server takes (HTTP 413 to PUT)', 'client_max_body_size'],
    [414, 'invalid-name', 'its path is too long', ''],
    [423, 'transient', 'somebody has locked it', ''],
    [507, 'no-space', 'the server has no space left', ''],
    [500, 'transient', 'the server answered PUT with an error (HTTP 500)', ''],
    [503, 'transient', 'the server answered PUT with an error (HTTP 503)', ''],
    [400, 'failed', 'the server answered PUT with an error (HTTP 400)', ''],
    [
      404,
      'no-container',
      'there is no directory for it on the server (HTTP 404 to PUT)',
      'create_full_put_path',
    ],
    [
      409,
      'no-container',
      'there is no directory for it on the server (HTTP 409 to PUT)',
      'create_full_put_path',
    ],
  ])('%i to a PUT is %s', async (status, code, words, hint) => {
    const { origin } = await start(except('PUT', answering(status)));
    const store = open(`${origin}/nightly`);
    for (const body of [textBody('x'), largeBody()]) {
      const error = refusal(await store.put('a', body).then(fail, (reason: unknown) => reason));
      expect(error).toMatchObject({ code, file: 'a', message: expect.stringContaining(words) });
      expect(error.hint ?? '').toContain(hint);
    }
  });

  it('a right to remove that is missing is denied, also where there is no such method', async () => {
    for (const status of [403, 405, 501]) {
      const { origin } = await start(except('DELETE', answering(status)));
      const store = open(`${origin}/${status}`);
      await store.put('a', textBody('x'));
      expect(await codeOf(store.remove('a'))).toBe('denied');
      expect(await codeOf(store.remove('b'))).toBe('no error');
    }
  });

  it('a server that is asked to be left alone is, for as long as it says', async () => {
    const { origin } = await start(answering(429, { 'retry-after': '7' }));
    const tuning = quick();
    const store = open(`${origin}/nightly`, { tuning });
    expect(refusal(await store.stat('a').then(fail, (reason: unknown) => reason)).retryAfterMs).toBe(7000);
    expect(await codeOf(store.put('a', textBody('x')))).toBe('transient');
    expect(new Set(tuning.waits)).toEqual(new Set([7000]));
  });

  it('an answer that has no end is an answer', async () => {
    const { origin } = await start((request, response) => {
      request.resume();
      response.writeHead(request.method === 'OPTIONS' ? 200 : 404, { dav: '1' });
      if (request.method === 'HEAD') response.end();
      else response.write('<html>');
    });
    const store = open(`${origin}/nightly`, { tuning: quick({ stallMs: 60_000 }) });
    expect(await codeOf(store.stat('a'))).toBe('not-found');
    expect(await codeOf(store.get('a'))).toBe('not-found');
    // lighttpd 1.4.69 answers OPTIONS so.
    expect(await listed(store)).toEqual([]);
    expect(await codeOf(store.put('a', textBody('x')))).toBe('no-container');
  });

  it('nothing is repeated for bytes, which whoever gave them puts again', async () => {
    let left = 2;
    const plain = plainServer(directory);
    const { origin, requests } = await start((request, response) => {
      if (request.method === 'PUT' && left-- > 0) answering(503)(request, response);
      else plain(request, response);
    });
    const tuning = quick();
    const store = open(`${origin}/nightly`, { tuning });
    expect(await codeOf(store.put('a', Buffer.from('x')))).toBe('transient');
    expect(requests.filter((request) => request.startsWith('PUT'))).toHaveLength(1);
    expect(tuning.waits).toEqual([]);
    await patient(store, tuning).put('a', Buffer.from('x'));
    expect(await textOf(await store.get('a'))).toBe('x');
  });
});

describe('servers that can do less', () => {
  it('know no ranges', async () => {
    const { origin } = await start(plainServer(directory, { noRanges: true }));
    const store = open(`${origin}/nightly`);
    await store.put('digits', textBody('0123456789'));
    expect(await textOf(await store.get('digits', { start: 3, end: 6 }))).toBe('3456');
    expect(await textOf(await store.get('digits', { start: 8, end: 100 }))).toBe('89');
    expect(await codeOf(store.get('digits', { start: 10, end: 12 }))).toBe('failed');
    await store.put('big', Readable.from([pattern(1), pattern(2), pattern(3)]));
    const middle = await textOf(await store.get('big', { start: MIB - 1, end: 2 * MIB }));
    expect(middle).toBe(
      Buffer.concat([pattern(1), pattern(2), pattern(3)])
        .subarray(MIB - 1, 2 * MIB + 1)
        .toString(),
    );
  });

  it('send less than was asked for', async () => {
    const content = '0123456789';
    const { origin } = await start((request, response) => {
      const [, from = '', to = ''] = /(\d+)-(\d+)/.exec(request.headers.range ?? '0-9') ?? [];
      const start = Number(from);
      // Three bytes at most, and it says so.
      const end = Math.min(Number(to), start + 2, 9);
      const range = { 'content-range': `bytes ${start}-${end}/10` };
      if (request.method === 'HEAD') answering(200, { 'content-length': '10' })(request, response);
      else if (request.headers.range === undefined)
        response.writeHead(200, { 'content-length': '10' }).end(content);
      else response.writeHead(206, range).end(content.slice(start, end + 1));
    });
    const tuning = quick();
    const store = open(`${origin}/nightly`, { tuning });
    expect(await codeOf(textOf(await store.get('a', { start: 2, end: 8 })))).toBe('transient');
    expect(await textOf(await store.get('a', { start: 2, end: 4 }))).toBe('234');
    expect(await textOf(await patient(store, tuning).get('a', { start: 2, end: 20 }))).toBe('23456789');
  });

  it('tell no length', async () => {
    const { origin } = await start(plainServer(directory, { noLengths: true }));
    const store = open(`${origin}/nightly`);
    await store.put('a', textBody('hello'));
    expect(await store.stat('a')).toEqual({ name: 'a', bytes: 5 });
    await store.put('empty', Readable.from([]));
    expect(await store.stat('empty')).toEqual({ name: 'empty', bytes: 0 });
    const none = await start(plainServer(directory, { noLengths: true, noRanges: true }));
    const worse = open(`${none.origin}/nightly`);
    expect(await textOf(await worse.get('a'))).toBe('hello');
    expect(await textOf(await worse.get('a', { start: 1, end: 3 }))).toBe('ell');
    await expect(worse.stat('a')).rejects.toMatchObject({
      code: 'failed',
      message: 'a: the server does not tell its length',
    });
  });

  it('take only what has a length: small files, and words for others', async () => {
    const { origin } = await start(plainServer(directory, { lengthRequired: true }));
    const store = open(`${origin}/nightly`);
    for (const bytes of [0, 1, 4 * MIB]) {
      await store.put(`${bytes}`, Readable.from(bytes === 0 ? [] : [Buffer.alloc(bytes, 'x')]));
      expect(await store.stat(`${bytes}`)).toEqual({ name: `${bytes}`, bytes });
    }
    await expect(
      store.put('large', Readable.from([Buffer.alloc(4 * MIB), Buffer.alloc(1)])),
    ).rejects.toMatchObject({
      code: 'failed',
      message: "large: the server takes no files whose length isn't known before (HTTP 411 to PUT)",
    });
    expect(await codeOf(store.stat('large'))).toBe('not-found');
  });

  it.each(['url', 'path', 'http'] as const)(
    'know MOVE to a URL or a path (%s): files are written aside',
    async (move) => {
      const { origin, requests } = await start(plainServer(directory, { move }));
      const store = open(`${origin}/nightly`);
      await store.put('a', textBody('x'));
      await store.put('b', textBody('x'));
      expect(requests.filter((request) => request.startsWith('PUT')).at(-1)).toBe('PUT /nightly/…');
      expect(await filesBelow(directory)).toEqual(['files/nightly/a 1', 'files/nightly/b 1']);
      // What was found out is not asked for again.
      expect(requests.slice(-4)).toEqual([
        'HEAD /nightly/b',
        'PUT /nightly/…',
        'GET /nightly/…',
        'MOVE /nightly/…',
      ]);
    },
  );

  it.each([403, 500, 400, 200])('answer any MOVE with %i: files are written in place', async (status) => {
    const { origin, requests } = await start(except('MOVE', answering(status)));
    const store = open(`${origin}/nightly`);
    await store.put('a', textBody('x'));
    expect(requests).toContain('PUT /nightly/a');
    expect(await readdir(join(directory, 'files/nightly'))).toEqual(['a']);
  });

  it('seem to know MOVE, and do not', async () => {
    // Looks for the file first, and at the method afterwards.
    const plain = plainServer(directory);
    let looked = false;
    const { origin } = await start(
      except('MOVE', (request, response) => {
        answering(looked ? 405 : 404)(request, response);
        looked = true;
      }),
    );
    expect(plain).toBeTypeOf('function');
    const store = open(`${origin}/nightly`);
    await store.put('a', textBody('x'));
    expect(await textOf(await store.get('a'))).toBe('x');
    looked = false;
    const other = open(`${origin}/nightly`);
    expect(await codeOf(other.put('b', largeBody()))).toBe('transient');
    expect(await other.put('b', largeBody())).toEqual({ bytes: 8 * MIB });
    expect((await readdir(join(directory, 'files/nightly'))).sort()).toEqual(['a', 'b']);
  });

  it('answer before they have all of it', async () => {
    const { origin } = await start(
      except('PUT', (_, response) => {
        response.writeHead(201, { 'content-length': '0' }).end();
      }),
    );
    const store = open(`${origin}/nightly`);
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(256 * 1024));
      },
    });
    await expect(store.put('a', endless)).rejects.toMatchObject({
      code: 'failed',
      message: 'a: the server answered before it had all of it',
    });
  });

  it('keep less than they were sent: nothing of it stays', async () => {
    const files = new Map<string, string>();
    const { origin } = await start((request, response) => {
      const path = String(request.url);
      if (request.method === 'PUT') {
        files.set(path, 'hel');
        answering(201)(request, response);
      } else if (request.method === 'DELETE') {
        files.delete(path);
        answering(204)(request, response);
      } else if (request.method === 'GET' || request.method === 'HEAD') {
        const held = files.get(path);
        if (held === undefined) answering(404)(request, response);
        else response.end(request.method === 'HEAD' ? undefined : held);
      } else answering(405)(request, response);
    });
    const store = open(`${origin}/nightly`);
    await expect(store.put('a', textBody('hello'))).rejects.toMatchObject({
      code: 'transient',
      message: 'a: what arrived at the server is not what was sent',
    });
    expect([...files]).toEqual([]);
  });

  it('overwrite at a PUT: the file of another writer is left alone', async () => {
    const files = new Map<string, string>();
    const { origin } = await start((request, response) => {
      const path = String(request.url);
      const held = files.get(path);
      if (request.method === 'PUT') {
        // Another writer comes right after.
        files.set(path, 'what the other has written');
        answering(201)(request, response);
      } else if (request.method === 'DELETE') {
        files.delete(path);
        answering(204)(request, response);
      } else if (request.method !== 'GET' && request.method !== 'HEAD') answering(405)(request, response);
      else if (held === undefined) answering(404)(request, response);
      else response.end(held);
    });
    const store = open(`${origin}/nightly`);
    expect(await codeOf(store.put('a', textBody('hello')))).toBe('exists');
    expect([...files.values()]).toEqual(['what the other has written']);
  });
});

describe('directories', () => {
  it('are never removed, however a server shows them', async () => {
    const shown: RequestListener[] = [
      answering(200, { 'content-type': 'text/html', 'content-length': '500' }),
      answering(200),
      answering(403),
      answering(405),
      answering(301, { location: '/nightly/dir/' }),
      answering(301, { location: 'https://by-another-name.example/nightly/dir/' }),
    ];
    for (const head of shown) {
      const removed: string[] = [];
      const { origin } = await start((request, response) => {
        if (request.method === 'HEAD' || request.method === 'GET') head(request, response);
        else if (request.method === 'PROPFIND') {
          response.writeHead(207);
          response.end(
            `<multistatus xmlns="DAV:"><response><href>/nightly/dir/</href><propstat><prop><resourcetype><collection/>
             </resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`,
          );
        } else {
          removed.push(String(request.method));
          answering(204)(request, response);
        }
      });
      const store = open(`${origin}/nightly`);
      expect(await codeOf(store.stat('dir'))).toBe('not-found');
      expect(await codeOf(store.get('dir'))).toBe('not-found');
      await store.remove('dir');
      expect(removed).toEqual([]);
    }
  });

  it('are not removed either where they look like files', async () => {
    const server = await startWebdav();
    closing.push(() => server.stop());
    const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const body = request.method === 'PROPFIND' ? await text(request) : undefined;
      const asked = { method: request.method, body, headers: { depth: '0' } };
      const answer = await fetch(`${server.origin}${request.url}`, asked);
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    };
    const file = answering(200, { 'content-type': 'application/octet-stream', 'content-length': '4096' });
    const { origin } = await start((request, response) => {
      if (request.method === 'HEAD') file(request, response);
      else void passOn(request, response);
    });
    await mkdir(join(server.files, 'nightly/dir'), { recursive: true });
    await writeFile(join(server.files, 'nightly/dir/a'), 'x');
    await open(`${origin}/nightly`).remove('dir');
    expect(await filesBelow(server.files)).toEqual(['nightly/dir/a 1']);
  });

  it('that somebody removed are made again', async () => {
    const server = await startWebdav();
    closing.push(() => server.stop());
    const store = open(`${server.origin}/nightly`);
    await store.put('data/t/a', textBody('x'));
    await rm(join(server.files, 'nightly'), { recursive: true });
    await store.put('data/t/b', textBody('x'));
    expect(await listed(store)).toEqual(['data/t/b 1']);
    await rm(join(server.files, 'nightly'), { recursive: true });
    // What has gone out can't be sent again here.
    const { bytes } = await retry(() => store.put('data/t/c', largeBody()), quick().retry);
    expect(bytes).toBe(8 * MIB);
  });

  it('that are whole servers are written to, too', async () => {
    const server = await startWebdav();
    closing.push(() => server.stop());
    const store = open(`${server.origin}/x`);
    const whole = openHttp(`${server.origin}/x`);
    await store.put('a', textBody('x'));
    await whole.close();
    expect(await filesBelow(server.files)).toEqual(['x/a 1']);
  });
});

describe('listing', () => {
  const multistatus =
    (...hrefs: string[]): RequestListener =>
    (request, response) => {
      request.resume();
      const responses = hrefs.map(
        (href) =>
          `<response><href>${href}</href><propstat><prop><getcontentlength>1</getcontentlength></prop>` +
          '<status>HTTP/1.1 200 OK</status></propstat></response>',
      );
      response.writeHead(207).end(`<multistatus xmlns="DAV:">${responses.join('')}</multistatus>`);
    };

  it('takes names as servers write them, and leaves out what no file of ours is called', async () => {
    const { origin } = await start(
      multistatus(
        'https://by-another-name.example/nightly/',
        '/nightly/a%20b',
        'http://host/nightly/c',
        '/nightly/back%5Cslash',
        '/nightly/.holdfast-tmp-0123456789abcdef-0',
        '/nightly/far/below',
      ),
    );
    expect(await listed(open(`${origin}/nightly`))).toEqual(['a b 1', 'c 1']);
  });

  it('of another path is refused', async () => {
    const { origin } = await start(multistatus('/', '/a'));
    await expect(listed(open(`${origin}/proxied/nightly`))).rejects.toMatchObject({
      code: 'failed',
      hint: expect.stringContaining('proxy'),
    });
  });

  it.each([403, 404, 405, 501])(
    'is not there where PROPFIND is %i, whatever is asked for',
    async (status) => {
      const { origin } = await start(except('PROPFIND', answering(status)));
      const store = open(`${origin}/nightly/bank`);
      const expected = status === 403 ? 'denied' : 'no-listing';
      expect(await codeOf(listed(store))).toBe(expected);
      await store.put('a', textBody('x'));
      expect(await codeOf(listed(store, 'data/'))).toBe(expected);
      expect(await textOf(await store.get('a'))).toBe('x');
      await store.remove('a');
      await store.remove('a');
    },
  );

  it('of a place that is not there yet is empty where the server can list', async () => {
    const server = await startWebdav();
    closing.push(() => server.stop());
    expect(await listed(open(`${server.origin}/not/there/yet`))).toEqual([]);
    await mkdir(join(server.files, 'there'));
    await writeFile(join(server.files, 'there/a'), 'x');
    expect(await listed(open(`${server.origin}/there`), 'sub/')).toEqual([]);
    expect(await listed(open(`${server.origin}/there`))).toEqual(['a 1']);
  });
});
