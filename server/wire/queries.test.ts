import type { QueryConfig } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { JOB_COLUMNS, SHOW_JOBS_COLUMNS } from '../statement/answers.ts';
import { fieldsOf, frame, pgClient, RawClient, rejection, startTestServer, withClient } from './testing.ts';
import type { TestServer } from './testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.runner.ran.length = 0;
  server.runner.jobs = 3;
  server.runner.aborted = 0;
});

/** `queryMode` and `binary` are not in pg's types. */
const extended = (text: string, more: object = {}): QueryConfig =>
  ({ text, queryMode: 'extended', ...more }) as QueryConfig;
const names = (columns: readonly { name: string }[]) => columns.map(({ name }) => name);

describe('simple queries', () => {
  it('answers a BACKUP with its columns and row', async () => {
    const result = await withClient(server, (client) => client.query("BACKUP bank.accounts TO 'u'"));
    expect(names(result.fields)).toEqual(names(JOB_COLUMNS));
    expect(result.fields.map((field) => field.dataTypeID)).toEqual([20, 25, 701, 20, 20, 20]);
    expect(result.rows).toEqual([
      {
        job_id: '1229718866879676417',
        status: 'succeeded',
        fraction_completed: 1,
        rows: '10',
        index_entries: '7',
        bytes: '1090',
      },
    ]);
    expect(result.command).toBe('BACKUP');
    expect(result.rowCount).toBe(1);
    expect(server.runner.contexts.at(-1)).toMatchObject({ cluster: 'default', user: 'root' });
  });

  it('answers several statements in one message, in order', async () => {
    // With several statements pg answers an array, which its types don't say.
    const results: unknown = await withClient(server, (client) =>
      client.query("SHOW JOBS; BACKUP a.b TO 'u'; PAUSE JOBS (1, 2);"),
    );
    expect(results).toMatchObject([
      { command: 'SHOW', rows: [{ job_id: '1', error: '' }, {}, {}] },
      { command: 'BACKUP', rowCount: 1 },
      { command: 'PAUSE', rows: [], fields: [] },
    ]);
  });

  it('leaves NULLs and letters past ASCII whole', async () => {
    const { rows } = await withClient(server, (client) => client.query('SHOW JOBS'));
    expect(rows[0]).toMatchObject({
      description: "BACKUP TABLE a.b TO 'ü'",
      running_status: null,
      coordinator_id: null,
    });
  });

  it('sends many rows', async () => {
    server.runner.jobs = 12_345;
    const { rows } = await withClient(server, (client) => client.query('SHOW JOBS'));
    expect(rows.length).toBe(12_345);
    expect(rows.at(-1)).toMatchObject({ job_id: '12345' });
  });

  it('answers an empty query, a ping, and nothing else that is not ours', async () => {
    await withClient(server, async (client) => {
      expect((await client.query('')).rows).toEqual([]);
      expect((await client.query(' ; -- nothing')).rows).toEqual([]);
      expect((await client.query(' select  1 ; ')).rows).toEqual([{ '?column?': '1' }]);
      expect(await rejection(client.query('SELECT 2'))).toMatchObject({ code: '42601' });
      expect(await rejection(client.query('BEGIN'))).toMatchObject({ code: '0A000' });
      expect(await rejection(client.query("SET application_name = 'x'"))).toMatchObject({
        code: '42601',
        hint: expect.stringContaining('cluster itself') as string,
      });
    });
    expect(server.runner.ran).toEqual([]);
  });

  it('runs nothing of a message with a syntax error, and says where it is', async () => {
    await withClient(server, async (client) => {
      const error = await rejection(client.query("SHOW JOBS; BACKUP 😀.b TOO 'u'"));
      expect(error).toMatchObject({
        severity: 'ERROR',
        code: '42601',
        message: 'at or near "too": syntax error',
        position: '23',
      });
      expect(server.runner.ran).toEqual([]);
      expect((await client.query('SHOW JOBS')).rows.length).toBe(3);
    });
  });

  it('stops at the statement that fails, and goes on with the next message', async () => {
    await withClient(server, async (client) => {
      const error = await rejection(client.query("SHOW JOBS; BACKUP a.b TO 'refused'; PAUSE JOB 1"));
      expect(error).toMatchObject({
        severity: 'ERROR',
        code: '58P02',
        message: 'nodelocal://1/x already holds a backup',
        hint: 'Choose another URL.',
      });
      expect(server.runner.ran.map(({ kind }) => kind)).toEqual(['show-jobs', 'backup']);
      expect((await client.query('PAUSE JOB 1')).command).toBe('PAUSE');
    });
  });

  it('shows nothing of an unforeseen error, and logs it', async () => {
    await withClient(server, async (client) => {
      const error = await rejection(client.query("BACKUP a.b TO 'broken'"));
      expect(error).toMatchObject({ code: 'XX000', message: 'internal error' });
      expect(JSON.stringify(error)).not.toContain('hush');
    });
    expect(server.log()).toContain('a statement failed');
  });

  it('sends notices while a statement runs', async () => {
    const client = pgClient(server);
    await client.connect();
    const notices: unknown[] = [];
    const first = new Promise((resolve) => {
      client.on('notice', (notice) => {
        notices.push([notice.severity, notice.message, notice.code]);
        resolve(undefined);
      });
    });
    const query = rejection(client.query("BACKUP a.b TO 'slow'"));
    await first;
    expect(notices).toEqual([['WARNING', 'still at it', '01000']]);
    server.runner.contexts.at(-1)?.notice('half of it');
    await vi.waitFor(() => expect(notices[1]).toEqual(['NOTICE', 'half of it', '00000']));
    client.connection.stream.destroy();
    await query;
  });
});

describe('extended queries', () => {
  it('takes a prepared statement several times', async () => {
    await withClient(server, async (client) => {
      const backup = { name: 'b', text: "BACKUP a.b TO 'u'", values: [] };
      expect((await client.query(backup)).rows[0]).toMatchObject({ status: 'succeeded' });
      expect((await client.query(backup)).rows[0]).toMatchObject({ status: 'succeeded' });
      expect((await client.query(extended('SHOW JOBS'))).rows.length).toBe(3);
      const paused = await client.query(extended('PAUSE JOB 1'));
      expect(paused).toMatchObject({ command: 'PAUSE', rows: [], fields: [] });
      expect((await client.query(extended(''))).rows).toEqual([]);
    });
    expect(server.runner.ran.length).toBe(4);
  });

  it('refuses parameters and binary results, and goes on', async () => {
    await withClient(server, async (client) => {
      expect(await rejection(client.query('SHOW JOB $1', ['1']))).toMatchObject({
        code: '42601',
        position: '10',
      });
      expect(await rejection(client.query('SHOW JOBS', ['1']))).toMatchObject({ code: '08P01' });
      expect(await rejection(client.query(extended('SHOW JOBS', { binary: true })))).toMatchObject({
        code: '0A000',
      });
      expect((await client.query('SHOW JOBS')).rows.length).toBe(3);
    });
  });

  it('describes before it runs, fetches in parts, and never runs a portal twice', async () => {
    const client = new RawClient(server);
    await client.logIn();
    client.send(frame('P', 's', 'SHOW JOBS', [0, 0]), frame('D', [0x53], 's'), frame('H'));
    const described = await client.until('T');
    expect(described.map(({ type }) => type)).toEqual(['1', 't', 'T']);
    expect(described.at(-1)?.body.readInt16BE(0)).toBe(SHOW_JOBS_COLUMNS.length);
    expect(server.runner.ran).toEqual([]);

    client.send(frame('B', 'p', 's', [0, 0, 0, 0, 0, 0]), frame('D', [0x50], 'p'));
    const fetch = frame('E', 'p', [0, 0, 0, 2]);
    client.send(fetch, fetch, fetch, frame('E', '', [0, 0, 0, 0]), frame('S'));
    const answers = await client.until('Z');
    expect(answers.map(({ type }) => type).join('')).toBe('2TDDsDCEZ');
    expect(fieldsOf(answers.at(-2)?.body ?? Buffer.alloc(0))).toMatchObject({ C: '55000' });
    expect(server.runner.ran.length).toBe(1);
    client.socket.destroy();
  });

  it('skips everything up to Sync after an error', async () => {
    const client = new RawClient(server);
    await client.logIn();
    const execute = [frame('B', '', '', [0, 0, 0, 0, 0, 0]), frame('E', '', [0, 0, 0, 0])];
    client.send(frame('P', '', 'NONSENSE', [0, 0]), ...execute, frame('S'));
    expect((await client.until('Z')).map(({ type }) => type).join('')).toBe('EZ');
    client.send(frame('P', '', 'SHOW JOBS; SHOW JOBS', [0, 0]), frame('S'));
    expect((await client.until('Z')).map(({ type }) => type).join('')).toBe('EZ');
    client.send(frame('C', [0x53], 'never there'), frame('D', [0x50], 'nor this'), frame('S'));
    expect((await client.until('Z')).map(({ type }) => type).join('')).toBe('3EZ');
    client.send(frame('F', [0, 0, 0, 1]));
    expect((await client.until('Z')).map(({ type }) => type).join('')).toBe('EZ');
    client.send(frame('P', '', 'SHOW JOBS', [0, 0]), ...execute, frame('S'));
    expect((await client.until('Z')).map(({ type }) => type).join('')).toBe('12DDDCZ');
    client.socket.destroy();
  });
});

describe('the end of a wait', () => {
  const running = async () => {
    await vi.waitFor(() => expect(server.runner.ran.length).toBeGreaterThan(0));
  };

  it('a cancel request ends the wait with 57014; the session goes on', async () => {
    const client = new RawClient(server);
    const key = (await client.logIn()).find(({ type }) => type === 'K')?.body ?? Buffer.alloc(8);
    client.send(frame('Q', "BACKUP a.b TO 'slow'; SHOW JOBS"));
    await running();

    const wrong = Buffer.from(key);
    wrong.writeInt32BE(~key.readInt32BE(4), 4);
    for (const sent of [wrong, key.subarray(0, 7), key]) {
      expect(server.runner.aborted).toBe(0);
      const request = Buffer.concat([Buffer.from([0x04, 0xd2, 0x16, 0x2e]), sent]);
      const canceler = new RawClient(server);
      await canceler.send(frame('', [...request])).closed;
    }
    const answers = await client.until('Z');
    const error = answers.find(({ type }) => type === 'E');
    expect(fieldsOf(error?.body ?? Buffer.alloc(0))).toMatchObject({
      S: 'ERROR',
      C: '57014',
      M: 'canceled the wait; the job goes on',
    });
    expect(server.runner.ran.length).toBe(1);
    client.send(frame('Q', 'SHOW JOBS'));
    expect((await client.until('Z')).map(({ type }) => type).join('')).toBe('TDDDCZ');
    client.socket.destroy();
  });

  it('a client that goes away ends the wait, and starts nothing more', async () => {
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      server.runner.ran.length = 0;
      server.runner.aborted = 0;
      const client = new RawClient(server);
      await client.logIn();
      client.send(frame('Q', "BACKUP a.b TO 'slow'"), frame('Q', 'SHOW JOBS'));
      await running();
      client.socket[leave]();
      await vi.waitFor(() => expect(server.runner.aborted).toBe(1));
      await client.closed;
      expect(server.runner.ran.length).toBe(1);
    }
  });

  it('a server that stops says so, and ends the wait', async () => {
    const own = await startTestServer();
    const client = new RawClient(own);
    await client.logIn();
    client.send(frame('Q', "BACKUP a.b TO 'slow'"));
    await client.until('N');
    const closing = own.close();
    const [error] = await client.until('E');
    expect(fieldsOf(error?.body ?? Buffer.alloc(0))).toMatchObject({ S: 'FATAL', C: '57P01' });
    await Promise.all([closing, client.closed]);
    expect(own.runner.aborted).toBe(1);
  });
});
