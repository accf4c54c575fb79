import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import {
  atMoment,
  describeAll,
  describeTable,
  linesOf,
  never,
  rangesOf,
  readLines,
} from '../conformance-tools.ts';
import type { ObjectName } from '../names.ts';
import { openCluster } from '../open.ts';
import { copySql } from './read.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let cluster: Cluster;
const database = 'ops';
const table = (name: string): ObjectName => ({ database, schema: 'public', name });

beforeAll(async () => {
  server = await startTestServer();
  cluster = openCluster(server.url);
  await cluster.createDatabase(database, '1');
  await cluster.closeLedger(database, '1');
});

afterAll(async () => {
  await cluster.close();
  await server.stop();
});

/** A table of its own for each test. */
async function makeTable(name: string, rows = 20_000): Promise<ObjectName> {
  await server.exec(
    database,
    `CREATE TABLE ${name} (id integer PRIMARY KEY, t text);
     INSERT INTO ${name} SELECT g, repeat('x', 50) FROM generate_series(1, ${rows}) g`,
  );
  return table(name);
}

/** Waits until a session of the adapter runs something like this. */
async function running(like: string): Promise<void> {
  await expect
    .poll(async () => {
      const rows = await server.exec(
        'postgres',
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast' AND state = 'active' AND query LIKE '${like}'`,
      );
      return rows.length;
    })
    .toBeGreaterThan(0);
}

const idle = () =>
  expect.poll(async () => {
    const rows = await server.exec(
      'postgres',
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast' AND state <> 'idle'`,
    );
    return rows.length;
  });

/** Why a test of several ranges can't be: the one range of a table has been looked at by then. */
const ONE_RANGE = 'before PostgreSQL 14, a range of blocks can not be read alone: a table is one range';
const oneRange = () => server.version < 140000;

describe('reading', () => {
  it('touches only the blocks of its range', async ({ skip }) => {
    const name = await makeTable('scanned');
    await atMoment(cluster, [database], async (at) => {
      const descriptor = await describeTable(cluster, name, at);
      const ranges = await rangesOf(cluster, name, at, 100_000);
      if (oneRange()) expect(ranges).toMatchObject([{ start: null, end: null }]);
      skip(oneRange(), ONE_RANGE);
      expect(ranges.length).toBeGreaterThan(10);
      for (const range of [ranges[0], ranges[5], ranges.at(-1)]) {
        if (range === undefined) throw new Error('no range');
        const query = copySql(descriptor, range)
          .replace(/^COPY \(/, '')
          .replace(/\) TO STDOUT$/, '');
        const plan = await server.exec(database, `EXPLAIN ${query}`);
        expect(JSON.stringify(plan)).toContain('Tid Range Scan');
      }
    });
  });

  it('gives the rows of the moment, however the table grows', async () => {
    const name = await makeTable('grew', 10);
    await server.exec(
      database,
      `INSERT INTO grew SELECT g, repeat('y', 500) FROM generate_series(100, 5000) g`,
    );
    await atMoment(cluster, [database], async (at) => {
      const descriptor = await describeTable(cluster, name, at);
      const ranges = await rangesOf(cluster, name, at, 50_000);
      await server.exec(
        database,
        `INSERT INTO grew SELECT g, repeat('z', 500) FROM generate_series(10000, 15000) g`,
      );
      const lines = await Promise.all(ranges.map((range) => readLines(cluster, descriptor, range, at)));
      expect(lines.flat()).toHaveLength(4911);
    });
  });

  it('splits by what the rows take with TOAST', async ({ skip }) => {
    skip(oneRange(), ONE_RANGE);
    await server.exec(
      database,
      `CREATE TABLE toasted (id integer, t text);
       ALTER TABLE toasted ALTER t SET STORAGE EXTERNAL;
       INSERT INTO toasted SELECT g, repeat(md5(g::text), 600) FROM generate_series(1, 500) g`,
    );
    await atMoment(cluster, [database], async (at) => {
      const ranges = await rangesOf(cluster, table('toasted'), at, 2_500_000);
      expect(ranges.length).toBeGreaterThan(2);
      const total = ranges.reduce((sum, range) => sum + range.estimatedBytes, 0);
      expect(total).toBeGreaterThan(500 * 600 * 32);
    });
  });

  it.each([
    ['TRUNCATE rewritten', 'truncated'],
    ['VACUUM FULL rewritten', 'vacuumed'],
    ['ALTER TABLE rewritten ALTER id TYPE bigint', 'altered'],
    [
      'ALTER TABLE rewritten RENAME t TO tmp; ALTER TABLE rewritten RENAME u TO t; ALTER TABLE rewritten RENAME tmp TO u',
      'renamed',
    ],
    ['DROP TABLE rewritten; CREATE TABLE rewritten (id integer PRIMARY KEY, t text, u text)', 'made anew'],
  ])('refuses a table after %s, rather than reading something else', async (sql) => {
    await server.exec(
      database,
      'DROP TABLE IF EXISTS rewritten; CREATE TABLE rewritten (id integer PRIMARY KEY, t text, u text); INSERT INTO rewritten VALUES (1, 2, 3)',
    );
    const earlier = await atMoment(cluster, [database], async (at) => ({
      descriptor: await describeTable(cluster, table('rewritten'), at),
      ranges: await rangesOf(cluster, table('rewritten'), at, 1e6),
    }));
    const [range] = earlier.ranges;
    if (range === undefined) throw new Error('no range');
    await atMoment(cluster, [database], async (at) => {
      await server.exec(database, sql);
      const refused = { code: 'unreadable-moment', message: expect.stringContaining('ops.public.rewritten') };
      await expect(cluster.readRange(earlier.descriptor, range, at, never)).rejects.toMatchObject(refused);
      await expect(cluster.descriptors([table('rewritten')], at)).rejects.toMatchObject(refused);
    });
  });

  it('describes tables though others that the moment has were dropped since', async () => {
    const name = await makeTable('stayed', 10);
    await server.exec(
      database,
      `CREATE TYPE went_type AS ENUM ('a'); CREATE FUNCTION went() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
       CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
       CREATE TABLE gone (id serial, t went_type, i int DEFAULT went(), CHECK (i === 1));
       CREATE VIEW of_gone AS SELECT * FROM gone`,
    );
    await atMoment(cluster, [database], async (at) => {
      await server.exec(
        database,
        'DROP TABLE gone CASCADE; DROP TYPE went_type; DROP FUNCTION went; DROP OPERATOR === (int, int)',
      );
      expect((await describeTable(cluster, name, at)).columns.map((column) => column.name)).toContain('id');
    });
  });

  it('keeps tables from being rewritten once they are described, and blocks no writer', async () => {
    const name = await makeTable('kept', 10);
    await atMoment(cluster, [database], async (at) => {
      await describeTable(cluster, name, at);
      await expect(server.exec(database, `SET lock_timeout = '100ms'; TRUNCATE kept`)).rejects.toThrow(
        /lock timeout/,
      );
      await server.exec(
        database,
        `SET lock_timeout = '100ms'; UPDATE kept SET t = 'new'; CREATE INDEX ON kept (t)`,
      );
    });
    await server.exec(database, 'TRUNCATE kept');
  });

  it('refuses a view that was replaced, and an index that was made, since the moment', async () => {
    await makeTable('defined', 10);
    await server.exec(database, 'CREATE VIEW defined_view AS SELECT id FROM defined');
    await atMoment(cluster, [database], async (at) => {
      await server.exec(
        database,
        'CREATE OR REPLACE VIEW defined_view AS SELECT id + 1 - 1 AS id FROM defined; CREATE INDEX ON defined (t)',
      );
      for (const name of ['defined_view', 'defined'])
        await expect(cluster.descriptors([table(name)], at)).rejects.toMatchObject({
          code: 'unreadable-moment',
        });
    });
    expect(await atMoment(cluster, [database], (at) => describeAll(cluster, database, at))).not.toEqual([]);
  });
});

describe('a held moment', () => {
  it('is told to be lost when its session dies, and reads say so', async () => {
    const name = await makeTable('orphan');
    const held = await cluster.holdMoment([database], null);
    const descriptor = await describeTable(cluster, name, held.moment);
    const [range] = await rangesOf(cluster, name, held.moment, 1e9);
    if (range === undefined) throw new Error('no range');
    expect(held.lost.aborted).toBe(false);
    const lost = new Promise((resolve) => held.lost.addEventListener('abort', resolve));
    await server.exec(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'holdfast' AND state = 'idle in transaction' AND datname = '${database}'`,
    );
    await lost;
    expect(held.lost.reason).toMatchObject({
      code: 'unreadable-moment',
      message: expect.stringContaining('ops'),
    });
    const gone = { code: 'unreadable-moment', message: expect.stringContaining("can't be read as of") };
    await expect(cluster.readRange(descriptor, range, held.moment, never)).rejects.toMatchObject(gone);
    await expect(cluster.catalog(database, held.moment)).rejects.toMatchObject(gone);
    await held.release();
  });

  it('is gone once it is released, and that is not being lost', async () => {
    const held = await cluster.holdMoment([database], null);
    await held.release();
    await held.release();
    expect(held.lost.aborted).toBe(false);
    await expect(cluster.catalog(database, held.moment)).rejects.toMatchObject({ code: 'unreadable-moment' });
    await idle().toBe(0);
  });

  it('leaves nothing behind when one of the databases is not there', async () => {
    await expect(cluster.holdMoment([database, 'nowhere'], null)).rejects.toMatchObject({
      code: 'undefined-database',
    });
    await idle().toBe(0);
  });

  it('does not cover what it was not asked for', async () => {
    await atMoment(cluster, ['postgres'], async (at) => {
      await expect(cluster.catalog(database, at)).rejects.toMatchObject({ code: 'unreadable-moment' });
    });
  });

  it('waits for a table that is being altered, which the catalog does not', async () => {
    const name = await makeTable('busy', 1000);
    await server.exec(database, 'ANALYZE busy');
    const abort = new AbortController();
    await atMoment(cluster, [database], async (at) => {
      const blocker = cluster
        .runDdl(
          database,
          ['LOCK TABLE public.busy IN ACCESS EXCLUSIVE MODE', 'SELECT pg_sleep(60)'],
          abort.signal,
        )
        .catch((error: unknown) => error);
      await running('%pg_sleep(60)%');
      const { objects } = await cluster.catalog(database);
      expect(objects.find((object) => object.name.name === 'busy')).toMatchObject({
        rows: 1000,
        bytes: null,
      });
      const reading = describeTable(cluster, name, at);
      await running('LOCK TABLE "public"."busy"%');
      abort.abort();
      expect(await blocker).toMatchObject({ code: 'canceled' });
      expect((await reading).columns).toHaveLength(2);
    });
  });
});

describe('canceling', () => {
  it('ends a statement on the server, not only the wait for it', async () => {
    const abort = new AbortController();
    const ddl = cluster.runDdl(database, ['SELECT pg_sleep(120)'], abort.signal);
    await running('%pg_sleep(120)%');
    const started = performance.now();
    abort.abort();
    await expect(ddl).rejects.toMatchObject({ code: 'canceled' });
    expect(performance.now() - started).toBeLessThan(1900);
    await idle().toBe(0);
  });

  it('ends a read before its first row', async () => {
    const name = await makeTable('unread', 100_000);
    await atMoment(cluster, [database], async (at) => {
      const descriptor = await describeTable(cluster, name, at);
      const [range] = await rangesOf(cluster, name, at, 1e12);
      if (range === undefined) throw new Error('no range');
      const abort = new AbortController();
      const stream = await cluster.readRange(descriptor, range, at, abort.signal);
      const failure = new Promise((resolve) => stream.once('error', resolve));
      abort.abort();
      expect(await failure).toMatchObject({ code: 'canceled' });
    });
    await idle().toBe(0);
  });

  it('ends a read that waits for its table', async () => {
    const name = await makeTable('locked', 1000);
    const { descriptor, range } = await atMoment(cluster, [database], async (at) => ({
      descriptor: await describeTable(cluster, name, at),
      range: (await rangesOf(cluster, name, at, 1e12))[0],
    }));
    if (range === undefined) throw new Error('no range');
    await atMoment(cluster, [database], async (at) => {
      const release = new AbortController();
      const blocker = cluster
        .runDdl(
          database,
          ['LOCK TABLE public.locked IN ACCESS EXCLUSIVE MODE', 'SELECT pg_sleep(60)'],
          release.signal,
        )
        .catch((error: unknown) => error);
      await running('%pg_sleep(60)%');
      const abort = new AbortController();
      const reading = cluster.readRange(descriptor, range, at, abort.signal);
      reading.catch(() => undefined);
      await expect
        .poll(() => server.exec('postgres', 'SELECT FROM pg_locks WHERE NOT granted'))
        .toHaveLength(1);
      abort.abort();
      await expect(reading).rejects.toMatchObject({ code: 'canceled' });
      release.abort();
      expect(await blocker).toMatchObject({ code: 'canceled' });
    });
    await idle().toBe(0);
  });

  it('of a load whose session is killed leaves nothing, and says what happened', async () => {
    const name = await makeTable('killed', 0);
    const descriptor = await atMoment(cluster, [database], (at) => describeTable(cluster, name, at));
    const { Readable } = await import('node:stream');
    let line = 0;
    const endless = new Readable({
      read() {
        setTimeout(() => this.push(`${line++}\tx\n`), 1);
      },
    });
    const loading = cluster.load(database, descriptor, endless, never);
    loading.catch(() => undefined);
    await running('COPY%killed%');
    await server.exec(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%killed%' AND state = 'active' AND pid <> pg_backend_pid()`,
    );
    await expect(loading).rejects.toMatchObject({
      code: 'cluster-unavailable',
      message: expect.stringContaining('ops.public.killed'),
    });
    expect(endless.destroyed).toBe(true);
    expect(await server.exec(database, 'SELECT FROM killed')).toEqual([]);
  });

  it('of a read whose session is killed says what happened', async () => {
    const name = await makeTable('killed_read', 300_000);
    await atMoment(cluster, [database], async (at) => {
      const descriptor = await describeTable(cluster, name, at);
      const [range] = await rangesOf(cluster, name, at, 1e12);
      if (range === undefined) throw new Error('no range');
      const stream = await cluster.readRange(descriptor, range, at, never);
      await new Promise((resolve) => stream.once('data', resolve));
      stream.pause();
      const failure = new Promise((resolve) => stream.once('error', resolve));
      await server.exec(
        'postgres',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%killed_read%' AND pid <> pg_backend_pid()`,
      );
      stream.resume();
      expect(await failure).toMatchObject({
        code: 'cluster-unavailable',
        message: expect.stringContaining('read range 0 of ops.public.killed_read'),
      });
    });
  });
});

it('loads into a table with generated columns only, and into one without any', async () => {
  await server.exec(
    database,
    'CREATE TABLE bare (); CREATE TABLE generated_only (g integer GENERATED ALWAYS AS (1) STORED)',
  );
  for (const name of ['bare', 'generated_only']) {
    const descriptor = await atMoment(cluster, [database], (at) => describeTable(cluster, table(name), at));
    expect(await cluster.load(database, descriptor, linesOf(['', '', '']), never)).toEqual({ rows: 3 });
  }
});

it('reports a server that went away, without its password', async () => {
  const other = await startTestServer();
  const lost = openCluster(other.url);
  try {
    await lost.describe();
    const held = await lost.holdMoment(['postgres'], null);
    await other.stop();
    await expect.poll(() => held.lost.aborted).toBe(true);
    for (const call of [lost.databases(), lost.holdMoment(['postgres'], null)]) {
      const error: unknown = await call.then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({
        code: 'cluster-unavailable',
        message: expect.stringContaining(`127.0.0.1:${other.port}, database postgres`),
      });
      expect(String(error)).not.toContain('secret');
    }
    await held.release();
  } finally {
    await lost.close();
    await other.stop();
  }
});
