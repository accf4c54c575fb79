import { Readable } from 'node:stream';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeMethod } from '../../cluster.ts';
import { describeTable, never, rangesOf, readTable } from '../../conformance-tools.ts';
import { storedColumns, type TableDescriptor } from '../../descriptor.ts';
import type { Moment } from '../../moment.ts';
import { CockroachCluster } from '../adapter.ts';
import { copyLines } from '../lines.ts';
import { liveCluster } from '../testing/live.ts';

/** Changes between two moments, on a live cluster: the base's rows and the changes are the later moment's rows. */

const live = liveCluster();
const DATABASE = 'hb_changes';

/** A table with some rows, and what happens to them after the base. */
interface Subject {
  create: string;
  fill: string;
  change: string[];
}

const WRITES = (key: (n: number) => string): Pick<Subject, 'fill' | 'change'> => ({
  fill: Array.from({ length: 40 }, (_, n) => `(${key(n)}, ${n})`).join(', '),
  change: [
    `UPDATE t SET v = v + 1000 WHERE v < 5`,
    `UPDATE t SET v = v + 1000 WHERE v < 2000 AND v >= 1000`,
    `DELETE FROM t WHERE v IN (10, 11, 12)`,
    `INSERT INTO t VALUES (${key(11)}, 77)`,
    `INSERT INTO t VALUES (${key(50)}, 50), (${key(51)}, 51)`,
    `DELETE FROM t WHERE v = 51`,
    `DELETE FROM t WHERE v = 20`,
    `INSERT INTO t VALUES (${key(20)}, 20)`,
  ],
});

const KEYS: Record<string, [type: string, key: (n: number) => string]> = {
  'an INT8 past 2^53': ['INT8', (n) => String(9007199254740993n + BigInt(n))],
  'an INT2': ['INT2', (n) => String(n - 20)],
  'a STRING': ['STRING', (n) => `e'a\\tb\\n\\\\ ''"Köln" \\u2028 ${n}'`],
  'an empty STRING': ['STRING', (n) => `'${'x'.repeat(n)}'`],
  'a VARCHAR': ['VARCHAR(10)', (n) => `'v${n}'`],
  'a NAME': ['NAME', (n) => `'n${n}'`],
  BYTES: ['BYTES', (n) => `b'\\x00\\\\ ${n}\\xff'`],
  'a UUID': ['UUID', (n) => `'00000000-0000-0000-0000-0000000000${String(n).padStart(2, '0')}'`],
  'a DECIMAL': ['DECIMAL', (n) => `${n}.1500`],
  'a DECIMAL with a scale': ['DECIMAL(12,2)', (n) => `${n}.15`],
  'a huge DECIMAL': ['DECIMAL', (n) => `${n + 1}E+40`],
  'a DECIMAL NaN': ['DECIMAL', (n) => (n === 3 ? `'NaN'` : n === 11 ? `'Infinity'` : String(n))],
  'a FLOAT8': ['FLOAT8', (n) => `${n}.1::FLOAT8 + 0.2::FLOAT8`],
  'a FLOAT8 NaN': ['FLOAT8', (n) => (n === 3 ? `'NaN'` : n === 11 ? `'-Infinity'` : String(n))],
  'a DATE': ['DATE', (n) => (n === 3 ? `'infinity'` : `'2026-01-01'::DATE + ${n}`)],
  'a DATE BC': ['DATE', (n) => `'0044-03-15 BC'::DATE + ${n}`],
  'a TIMESTAMP': ['TIMESTAMP', (n) => `'2026-01-01 00:00:00.123456'::TIMESTAMP + '${n}s'`],
  'a TIMESTAMPTZ': ['TIMESTAMPTZ', (n) => `'2026-01-01 00:00:00+01'::TIMESTAMPTZ + '${n}s'`],
  'a TIMESTAMPTZ BC': ['TIMESTAMPTZ', (n) => `'0044-03-15 00:00:00+00 BC'::TIMESTAMPTZ + '${n}s'`],
  'a TIME': ['TIME', (n) => `'00:00:00.5'::TIME + '${n}s'`],
  'a TIMETZ': ['TIMETZ', (n) => `'00:00:${String(n).padStart(2, '0')}+02:00'`],
  'an INTERVAL': ['INTERVAL', (n) => `'1 mon ${n} days 03:04:05.678'`],
  'an INET': ['INET', (n) => `'10.0.0.${n}/24'`],
  'a BIT': ['BIT(8)', (n) => `${n}::BIT(8)`],
  'a VARBIT': ['VARBIT', (n) => `B'1' || ${n}::BIT(8)`],
  'an enum': ['mood', (n) => `'m${n}'`],
  'a collated STRING': ['STRING COLLATE de', (n) => `'ä${n}' COLLATE de`],
  'an OID': ['OID', (n) => String(n + 1)],
};

function subject(name: string): Subject {
  const [type, key] = KEYS[name] ?? ['INT8', String];
  return { create: `CREATE TABLE t (k ${type}, v INT8, PRIMARY KEY (k DESC))`, ...WRITES(key) };
}

const OTHERS: Record<string, Subject> = {
  'no primary key': {
    create: 'CREATE TABLE t (k INT8, v INT8)',
    ...WRITES(String),
  },
  'a composite key': {
    create: 'CREATE TABLE t (k STRING, v INT8, d INT8 AS (v * 7) STORED, PRIMARY KEY (k ASC, v DESC))',
    fill: Array.from({ length: 40 }, (_, n) => `('k${n % 5}', ${n})`).join(', '),
    change: [
      `DELETE FROM t WHERE v IN (10, 11, 12)`,
      `INSERT INTO t VALUES ('k1', 11), ('neu', 50)`,
      `UPDATE t SET v = v + 100 WHERE v < 3`,
    ],
  },
  'a hash-sharded key': {
    create: 'CREATE TABLE t (k INT8, v INT8, PRIMARY KEY (k) USING HASH WITH BUCKET_COUNT = 4)',
    ...WRITES(String),
  },
  'an odd name': {
    create: 'CREATE TABLE t ("K ""ö" STRING PRIMARY KEY, v INT8, "x.y" INT8[])',
    fill: Array.from({ length: 40 }, (_, n) => `('k${n}', ${n}, ARRAY[${n}, NULL])`).join(', '),
    change: [`UPDATE t SET "x.y" = ARRAY[] WHERE v < 5`, `DELETE FROM t WHERE v > 35`],
  },
  'several column families': {
    create: `CREATE TABLE t (k INT8 PRIMARY KEY, v INT8, a STRING, b STRING, c STRING NOT NULL DEFAULT 'c',
      FAMILY (k, v), FAMILY (a), FAMILY (b), FAMILY (c))`,
    fill: Array.from(
      { length: 40 },
      (_, n) => `(${n}, ${n}, 'a${n}', ${n % 2 === 0 ? 'NULL' : `'b'`}, 'c')`,
    ).join(', '),
    change: [
      `UPDATE t SET a = NULL WHERE v < 5`,
      `UPDATE t SET a = NULL, b = 'new' WHERE v IN (6, 7)`,
      `UPDATE t SET b = NULL WHERE v > 30`,
      `UPDATE t SET c = 'C' WHERE v = 20`,
      `DELETE FROM t WHERE v IN (25, 26)`,
      `INSERT INTO t (k, v) VALUES (100, 100), (26, 26)`,
    ],
  },
};

/** What changefeeds can't serve. */
const COMPARED = /DECIMAL|FLOAT|collated|families/;

let client: pg.Client;
let cluster: CockroachCluster;

beforeAll(async () => {
  client = new pg.Client({ connectionString: live.url });
  await client.connect();
  await client.query('SET CLUSTER SETTING kv.rangefeed.enabled = true');
  cluster = new CockroachCluster(live.url, 'changes', { defaultAsOf: '-1us' });
});

afterAll(async () => {
  await client.query(`DROP DATABASE IF EXISTS ${DATABASE} CASCADE`);
  await client.end();
  await cluster.close();
});

async function now(): Promise<Moment> {
  const held = await cluster.holdMoment([DATABASE], null);
  await held.release();
  return held.moment;
}

/** Rows by their key, as COPY text. */
function byKey(table: TableDescriptor, lines: string[]): Map<string, string> {
  const names = storedColumns(table).map(({ name }) => name);
  const positions = (table.rowKey ?? []).map((name) => names.indexOf(name));
  return new Map(
    lines.map((line) => {
      const values = line.split('\t');
      return [positions.map((position) => values[position]).join('\t'), line] as const;
    }),
  );
}

async function rowsAt(table: TableDescriptor, at: Moment): Promise<Map<string, string>> {
  const lines = (await readTable(cluster, table, at, 1e6)).flat();
  const rows = byKey(table, lines);
  expect(rows.size).toBe(lines.length);
  return rows;
}

async function collect(
  table: TableDescriptor,
  method: Exclude<ChangeMethod, 'whole'>,
  from: Moment,
  at: Moment,
): Promise<{ rows: string[]; deleted: string[] }> {
  const texts: Record<'rows' | 'deleted', Buffer[]> = { rows: [], deleted: [] };
  for await (const range of cluster.changeRanges(table, method, from, at))
    for await (const chunk of cluster.readChanges(table, method, range, from, at, never))
      texts[chunk.kind].push(chunk.text);
  const lines = async (parts: Buffer[]) => {
    const all: string[] = [];
    for await (const some of copyLines(Readable.from(parts, { objectMode: false }))) all.push(...some);
    return all;
  };
  return { rows: await lines(texts.rows), deleted: await lines(texts.deleted) };
}

async function expectChanges(
  table: TableDescriptor,
  method: Exclude<ChangeMethod, 'whole'>,
  from: Moment,
  at: Moment,
): Promise<number> {
  const before = await rowsAt(table, from);
  const after = await rowsAt(table, at);
  const { rows, deleted } = await collect(table, method, from, at);
  const changed = byKey(table, rows);
  expect(changed.size).toBe(rows.length);
  expect(new Set(deleted).size).toBe(deleted.length);
  for (const key of deleted) expect(changed.has(key), `${key} in one kind`).toBe(false);
  const result = new Map(before);
  for (const key of deleted) result.delete(key);
  for (const [key, row] of changed) result.set(key, row);
  expect([...result.values()].sort()).toEqual([...after.values()].sort());
  return rows.length + deleted.length;
}

async function makeTable({ create, fill }: Subject): Promise<void> {
  await client.query(`SET experimental_enable_hash_sharded_indexes = on`);
  await client.query(`DROP DATABASE IF EXISTS ${DATABASE} CASCADE`);
  await client.query(`CREATE DATABASE ${DATABASE}`);
  await client.query(`USE ${DATABASE}`);
  await client.query(
    `CREATE TYPE mood AS ENUM (${Array.from({ length: 60 }, (_, n) => `'m${n}'`).join(', ')})`,
  );
  await client.query(create);
  await client.query(`INSERT INTO t VALUES ${fill}`);
}

describe('changes', () => {
  it.each([...Object.keys(KEYS), ...Object.keys(OTHERS)])(
    'are found by feed and by comparison with %s',
    async (name) => {
      const made = OTHERS[name] ?? subject(name);
      await makeTable(made);
      const from = await now();
      for (const sql of made.change) await client.query(sql);
      const at = await now();
      const table = await describeTable(cluster, { database: DATABASE, schema: 'public', name: 't' }, at);
      const then = await describeTable(cluster, table.name, from);
      // What happens after the end is none of the layer's.
      await client.query('DELETE FROM t WHERE v = 33');
      await client.query('UPDATE t SET v = v + 500 WHERE v = 34');
      const [plan] = await cluster.planChanges({ moment: from, tables: [then] }, [table], at);
      expect(plan?.method).toBe(COMPARED.test(name) ? 'comparison' : 'feed');
      expect(await expectChanges(table, 'comparison', from, at)).toBeLessThan(25);
      // Several families are refused by the changefeed itself, and compared all the same.
      if (plan?.method === 'feed' || name === 'several column families')
        expect(await expectChanges(table, 'feed', from, at)).toBeLessThan(25);
    },
  );

  it('cover a table of many ranges, both ways', async () => {
    await makeTable({ create: 'CREATE TABLE t (k INT8 PRIMARY KEY, v INT8)', fill: '(-1, -1)', change: [] });
    await client.query('INSERT INTO t SELECT i, i FROM generate_series(0, 19999) AS g (i)');
    await client.query('ALTER TABLE t SPLIT AT SELECT i * 2000 FROM generate_series(1, 9) AS g (i)');
    const from = await now();
    await client.query('UPDATE t SET v = 0 WHERE k % 10 = 3');
    await client.query('DELETE FROM t WHERE k % 10 = 4');
    const at = await now();
    const table = await describeTable(cluster, { database: DATABASE, schema: 'public', name: 't' }, at);
    expect((await rangesOf(cluster, table.name, at, 1)).length).toBe(10);
    expect(await expectChanges(table, 'feed', from, at)).toBe(4000);
    expect(await expectChanges(table, 'comparison', from, at)).toBe(4000);
  });

  it('of interleaved tables are the child’s or the parent’s, each its own', async () => {
    await client.query('SET CLUSTER SETTING sql.defaults.interleaved_tables.enabled = true');
    await makeTable({
      create: 'CREATE TABLE t (k INT8 PRIMARY KEY, v INT8)',
      fill: '(1, 1), (2, 2), (3, 3)',
      change: [],
    });
    await client.query(
      'CREATE TABLE child (k INT8, n INT8, v INT8, PRIMARY KEY (k, n)) INTERLEAVE IN PARENT t (k)',
    );
    await client.query('INSERT INTO child SELECT 1 + i % 3, i, i FROM generate_series(1, 30) AS g (i)');
    await client.query('ALTER TABLE t SPLIT AT VALUES (2)');
    const from = await now();
    await client.query('UPDATE child SET v = 0 WHERE n = 4');
    await client.query('DELETE FROM child WHERE n IN (5, 6)');
    await client.query('UPDATE t SET v = 0 WHERE k = 3');
    const at = await now();
    const named = (name: string) =>
      describeTable(cluster, { database: DATABASE, schema: 'public', name }, at);
    const [parent, child] = [await named('t'), await named('child')];
    for (const method of ['feed', 'comparison'] as const) {
      expect(await expectChanges(child, method, from, at)).toBe(3);
      expect(await expectChanges(parent, method, from, at)).toBe(1);
    }
  });

  it('are nothing where nothing changed', async () => {
    await makeTable(subject('a STRING'));
    const from = await now();
    await client.query('SELECT 1');
    const at = await now();
    const table = await describeTable(cluster, { database: DATABASE, schema: 'public', name: 't' }, at);
    expect(await expectChanges(table, 'feed', from, at)).toBe(0);
    expect(await expectChanges(table, 'comparison', from, at)).toBe(0);
  });

  it.each([
    ['truncated', 'TRUNCATE t'],
    ['made anew', 'DROP TABLE t; CREATE TABLE t (k INT8 PRIMARY KEY, v INT8)'],
    ['given a column', 'ALTER TABLE t ADD COLUMN w INT8 DEFAULT 5'],
    ['given a column for another', 'ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v INT8'],
    ['renamed in a column', 'ALTER TABLE t RENAME COLUMN v TO w'],
    [
      'given another key',
      'ALTER TABLE t ALTER COLUMN v SET NOT NULL; ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (v)',
    ],
  ])('of a table that was %s are all of it', async (_what, sql) => {
    await makeTable({ create: 'CREATE TABLE t (k INT8 PRIMARY KEY, v INT8)', fill: '(1, 1)', change: [] });
    const from = await now();
    const name = { database: DATABASE, schema: 'public', name: 't' };
    const then = await describeTable(cluster, name, from);
    for (const statement of sql.split('; ')) await client.query(statement);
    const at = await now();
    const plan = await cluster.planChanges(
      { moment: from, tables: [then] },
      [await describeTable(cluster, name, at)],
      at,
    );
    expect(plan).toMatchObject([{ method: 'whole', reason: expect.stringMatching(/\.$/) as unknown }]);
  });

  it('are followed through an index that is made, and through a table that is dropped after the end', async () => {
    await makeTable({
      create: 'CREATE TABLE t (k INT8 PRIMARY KEY, v INT8)',
      fill: '(1, 1), (2, 2)',
      change: [],
    });
    const from = await now();
    const name = { database: DATABASE, schema: 'public', name: 't' };
    const then = await describeTable(cluster, name, from);
    await client.query('CREATE INDEX ON t (v)');
    await client.query('UPDATE t SET v = 3 WHERE k = 1');
    const at = await now();
    const table = await describeTable(cluster, name, at);
    const plan = await cluster.planChanges({ moment: from, tables: [then] }, [table], at);
    expect(plan[0]?.method).toBe('feed');
    expect(await expectChanges(table, 'feed', from, at)).toBe(1);
    await client.query('DROP TABLE t');
    expect(await expectChanges(table, 'feed', from, at)).toBe(1);
  });

  it('are compared while rangefeeds are off, which one call turns on', async () => {
    await makeTable({
      create: 'CREATE TABLE t (k INT8 PRIMARY KEY, v INT8)',
      fill: '(1, 1), (2, 2)',
      change: [],
    });
    await client.query('SET CLUSTER SETTING kv.rangefeed.enabled = false');
    const from = await now();
    await client.query('DELETE FROM t WHERE k = 1');
    const at = await now();
    const table = await describeTable(cluster, { database: DATABASE, schema: 'public', name: 't' }, at);
    expect(await cluster.prerequisites()).toMatchObject([{ id: 'rangefeeds', met: false }]);
    const [plan] = await cluster.planChanges({ moment: from, tables: [table] }, [table], at);
    expect(plan).toMatchObject({
      method: 'comparison',
      reason: expect.stringContaining('kv.rangefeed.enabled') as unknown,
    });
    expect(await expectChanges(table, 'feed', from, at)).toBe(1);
    const reasons: string[] = [];
    const { signal } = new AbortController();
    const onCompared = (reason: string) => reasons.push(reason);
    for await (const range of cluster.changeRanges(table, 'feed', from, at))
      for await (const chunk of cluster.readChanges(table, 'feed', range, from, at, signal, onCompared))
        expect(chunk.kind).toBe('deleted');
    expect(reasons).toEqual([expect.stringContaining('kv.rangefeed.enabled')]);
    await cluster.meet('rangefeeds');
    expect(await cluster.prerequisites()).toMatchObject([{ met: true }]);
    await expect(cluster.meet('nothing')).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('that have left the GC window are refused with the table and the deadline', async () => {
    await makeTable({ create: 'CREATE TABLE t (k INT8 PRIMARY KEY, v INT8)', fill: '(1, 1)', change: [] });
    await client.query('ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 1');
    const from = await now();
    const at = await now();
    const table = await describeTable(cluster, { database: DATABASE, schema: 'public', name: 't' }, at);
    expect(await cluster.gcWindows(DATABASE)).toEqual([{ table: table.name, seconds: 1 }]);
    await client.query('SELECT pg_sleep(1.5)');
    await expect(cluster.planChanges({ moment: from, tables: [table] }, [table], at)).rejects.toMatchObject({
      code: 'unreadable-moment',
      field: 'bases',
      message: expect.stringMatching(/hb_changes\.public\.t.*gc\.ttlseconds = 1\) at \d{4}-/) as unknown,
    });
  });
});
