import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FrameReader } from './frames.ts';
import {
  fieldsOf,
  frame,
  PASSWORD,
  pgClient,
  RawClient,
  rejection,
  startTestServer,
  startup,
  withClient,
} from './testing.ts';
import type { TestServer } from './testing.ts';
import { WireError } from './wire-error.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const stillAnswers = async () => {
  const { rows } = await withClient(server, (client) => client.query('SHOW JOBS'));
  expect(rows.length).toBe(3);
};

describe('logging in', () => {
  it('tells the client what it needs to know', async () => {
    const client = new RawClient(server);
    const messages = await client.logIn();
    const parameters = messages
      .filter(({ type }) => type === 'S')
      .map(({ body }) => body.toString().split('\0'));
    expect(Object.fromEntries(parameters)).toMatchObject({
      server_version: '13.0.0',
      client_encoding: 'UTF8',
      standard_conforming_strings: 'on',
      TimeZone: 'UTC',
      integer_datetimes: 'on',
    });
    expect(messages.filter(({ type }) => type === 'K').length).toBe(1);
    client.send(frame('X'));
    await client.closed;
  });

  it.each([
    ['a wrong password', { password: 'wrong' }, '28P01', undefined],
    ['an empty password', { password: '' }, '28P01', undefined],
    ['another user', { user: 'maxroach' }, '28P01', undefined],
    ['too many attempts', { user: 'throttled' }, '53400', 'Wait a minute.'],
    ['an unknown cluster', { database: 'nothere' }, '3D000', expect.stringContaining('Clusters page')],
    ['no cluster', { database: 'root' }, '3D000', expect.stringContaining('psql -U root default')],
    ['replication', { replication: 'database' }, '0A000', undefined],
  ])('refuses %s', async (_what, overrides, code, hint) => {
    expect(await rejection(pgClient(server, overrides).connect())).toMatchObject({
      severity: 'FATAL',
      code,
      hint,
    });
    await stillAnswers();
  });

  it('takes the name of a cluster with letters past ASCII', async () => {
    const client = pgClient(server, { database: 'Zwölf' });
    await client.connect();
    await client.query('SHOW JOBS');
    expect(server.runner.contexts.at(-1)?.cluster).toBe('Zwölf');
    await client.end();
  });

  it('answers N to requests for TLS and GSSAPI, and goes on in clear text', async () => {
    const client = new RawClient(server);
    client.send(frame('', [0x04, 0xd2, 0x16, 0x30]));
    expect((await client.bytes(1)).toString()).toBe('N');
    client.send(frame('', [0x04, 0xd2, 0x16, 0x2f]));
    expect((await client.bytes(1)).toString()).toBe('N');
    expect((await client.logIn()).length).toBeGreaterThan(3);
    client.socket.destroy();
  });

  it('negotiates a newer 3.n down to 3.0', async () => {
    const client = new RawClient(server);
    client.send(startup({ user: 'root', database: 'default', '_pq_.new': '1' }, 0x30002));
    const [negotiation] = await client.until('R');
    expect(negotiation?.type).toBe('v');
    expect(negotiation?.body.toString('latin1')).toBe('\0\0\0\0\0\0\0\x01_pq_.new\0');
    await client.send(frame('p', PASSWORD)).until('Z');
    client.socket.destroy();
  });

  it('takes the start-up message and the password in one piece, and byte by byte', async () => {
    const bytes = Buffer.concat([
      startup({ user: 'root', database: 'default' }),
      frame('p', PASSWORD),
      frame('Q', 'SHOW JOBS'),
    ]);
    const whole = new RawClient(server);
    whole.send(bytes);
    await whole.until('C');
    whole.socket.destroy();
    const slow = new RawClient(server);
    slow.socket.setNoDelay(true);
    for (const byte of bytes) {
      slow.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await slow.until('C');
    slow.socket.destroy();
  });

  it('has a place for a client again when another has left', async () => {
    const own = await startTestServer({ maxConnections: 2 });
    const clients = [pgClient(own), pgClient(own)];
    await Promise.all(clients.map((client) => client.connect()));
    expect(await rejection(pgClient(own).connect())).toMatchObject({ severity: 'FATAL', code: '53300' });
    await clients[0]?.end();
    await vi.waitFor(() => withClient(own, (client) => client.query('SHOW JOBS')));
    await clients[1]?.end();
    await own.close();
  });

  it('drops a client that does not log in in time', async () => {
    const own = await startTestServer({ loginTimeout: 100 });
    const silent = new RawClient(own);
    const half = new RawClient(own).send(startup({ user: 'root' }).subarray(0, 9));
    const unsaid = new RawClient(own).send(startup({ user: 'root', database: 'default' }));
    await Promise.all([silent.closed, half.closed, unsaid.closed]);
    const client = pgClient(own);
    await client.connect();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await client.query('SHOW JOBS')).rows.length).toBe(3);
    await client.end();
    await own.close();
  });

  it('warns when it listens to the network', async () => {
    const own = await startTestServer({ host: '0.0.0.0' });
    expect(own.log()).toContain('without TLS');
    await own.close();
    expect(server.log()).not.toContain('without TLS');
  });

  it('rejects where the port is taken', async () => {
    expect(await rejection(startTestServer({ port: server.port }))).toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('hostile bytes', () => {
  const fatal = async (bytes: Buffer, loggedIn: boolean) => {
    const client = new RawClient(server);
    if (loggedIn) await client.logIn();
    const [error] = (await client.send(bytes).until('E')).slice(-1);
    await client.closed;
    return fieldsOf(error?.body ?? Buffer.alloc(0));
  };

  it.each([
    ['a huge first message', Buffer.from([0x7f, 0xff, 0xff, 0xff]), '54000'],
    ['a first message without length', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]), '08P01'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), '54000'],
    ['protocol 2', startup({ user: 'root' }, 0x20000), '0A000'],
    ['no user', startup({ database: 'default' }), '08000'],
    ['a start-up message cut off', frame('', [0, 3, 0, 0], 'user', [0x72]), '08P01'],
    ['a start-up message that is not UTF-8', frame('', [0, 3, 0, 0], 'user', [0xff, 0, 0]), '22021'],
  ])('ends the connection for %s', async (_what, bytes, code) => {
    expect(await fatal(bytes, false)).toMatchObject({ S: 'FATAL', C: code });
    await stillAnswers();
  });

  it.each([
    ['a query before the password', frame('Q', 'SHOW JOBS'), '08P01'],
    ['a password cut off', frame('p', [0x61]), '08P01'],
    ['a huge password', frame('p', 'x'.repeat(20_000)), '54000'],
  ])('ends the connection for %s', async (_what, bytes, code) => {
    const both = Buffer.concat([startup({ user: 'root', database: 'default' }), bytes]);
    expect(await fatal(both, false)).toMatchObject({ S: 'FATAL', C: code });
    await stillAnswers();
  });

  it.each([
    ['a message over 1 MiB', Buffer.from([0x51, 0, 0x10, 0, 1]), '54000'],
    ['a message of 4 GiB', Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff]), '54000'],
    ['a message of no length', Buffer.from([0x51, 0, 0, 0, 0]), '08P01'],
    ['an unknown message', frame('?'), '08P01'],
  ])('ends a session for %s', async (_what, bytes, code) => {
    expect(await fatal(bytes, true)).toMatchObject({ S: 'FATAL', C: code });
    await stillAnswers();
  });

  it('answers broken messages with errors, and goes on', async () => {
    const client = new RawClient(server);
    await client.logIn();
    const wrong: [Buffer, string][] = [
      [frame('Q', [0x41]), '08P01'],
      [frame('Q', [0xff, 0]), '22021'],
      [frame('Q', 'SHOW JOBS', [1]), '08P01'],
      [frame('P', 'a'), '08P01'],
      [frame('P', '', 'SHOW JOBS', [0xff, 0xff]), '08P01'],
      [frame('B', '', '', [0, 0, 0xff, 0xff]), '08P01'],
      [frame('D', [0x41], ''), '08P01'],
      [frame('E'), '08P01'],
      [frame('C'), '08P01'],
    ];
    for (const [bytes, code] of wrong) {
      const answers = await client.send(bytes, frame('S')).until('Z');
      const error = answers.find(({ type }) => type === 'E');
      expect(fieldsOf(error?.body ?? Buffer.alloc(0))).toMatchObject({ S: 'ERROR', C: code });
      if (bytes[0] === 0x51) await client.until('Z'); // the Sync's own
    }
    client.send(frame('Q', 'SHOW JOBS'));
    expect((await client.until('Z')).map(({ type }) => type).join('')).toBe('TDDDCZ');
    client.socket.destroy();
  });

  it('never breaks, whatever it is sent', async () => {
    const types = fc.constantFrom(...'QPBDECSHFXdcfp'.split(''), '?', '\0');
    const fragment = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(types, fc.uint8Array({ maxLength: 30 })).map(([type, body]) => frame(type, [...body])),
      fc.tuple(types, fc.string({ maxLength: 12 })).map(([type, text]) => frame(type, text, [0, 0, 0, 0])),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(fragment, { maxLength: 6 }), async (loggedIn, fragments) => {
        const client = new RawClient(server);
        if (loggedIn) await client.logIn();
        client.send(...fragments);
        client.socket.end();
        await client.closed;
      }),
      { numRuns: 300 },
    );
    await stillAnswers();
  }, 60_000);
});

describe('FrameReader', () => {
  it('cuts the same messages wherever the bytes are cut', () => {
    const body = fc.uint8Array({ maxLength: 50 });
    fc.assert(
      fc.property(fc.array(body), fc.array(fc.nat({ max: 20 }), { minLength: 1 }), (bodies, cuts) => {
        const messages = [startup({ user: 'x' }), ...bodies.map((bytes) => frame('Q', [...bytes]))];
        const all = Buffer.concat(messages);
        const reader = new FrameReader();
        const read: Buffer[] = [];
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const end = at + 1 + (cuts[turn % cuts.length] ?? 0);
          for (const message of reader.push(all.subarray(at, end))) read.push(Buffer.from(message));
          at = end;
        }
        expect(read).toEqual(messages);
      }),
    );
  });

  it('allows long messages only after the login', () => {
    const query = frame('Q', 'x'.repeat(20_000));
    const push = (reader: FrameReader, bytes: Buffer) => [...reader.push(bytes)].length;
    const early = new FrameReader();
    push(early, startup({ user: 'x' }));
    expect(() => push(early, query)).toThrow(WireError);
    const reader = new FrameReader();
    push(reader, startup({ user: 'x' }));
    reader.loggedIn();
    expect(push(reader, query)).toBe(1);
  });
});
