import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogObject } from '../cluster.ts';
import { atMoment, copyDatabase, describeAll, inDatabase } from '../conformance-tools.ts';
import { CockroachCluster } from './adapter.ts';
import { shopFixture } from './shop-fixture.ts';
import { fingerprints, rowsOf } from './testing/compare.ts';
import { liveCluster } from './testing/live.ts';
import { TYPE_SAMPLES } from './testing/type-samples.ts';

/** Databases of this run alone. */
const PREFIX = `fidelity_${process.pid}`;
const live = liveCluster();
const cluster = new CockroachCluster(live.url, 'fidelity', { defaultAsOf: '-1us' });
const made: string[] = [];

function database(name: string): string {
  made.push(`${PREFIX}_${name}`);
  return `${PREFIX}_${name}`;
}

async function fresh(name: string, sql: string[]): Promise<string> {
  const to = database(name);
  await live.exec('defaultdb', `CREATE DATABASE ${to}`);
  for (const statement of sql) await live.exec(to, statement);
  return to;
}

/** Copies a database by way of descriptors and COPY text, and expects the same definitions and rows. */
async function expectCopied(from: string, name: string): Promise<{ to: string; objects: CatalogObject[] }> {
  const to = database(name);
  await copyDatabase(cluster, from, to);
  await atMoment(cluster, [from, to], async (at) => {
    const [here, there] = [await describeAll(cluster, from, at), await describeAll(cluster, to, at)];
    expect(inDatabase(there, from)).toEqual(inDatabase(here, from));
  });
  expect(await rowsOf(live, to)).toEqual(await rowsOf(live, from));
  return { to, objects: (await cluster.catalog(from)).objects };
}

afterAll(async () => {
  await cluster.close();
  for (const name of made) await live.exec('defaultdb', `DROP DATABASE IF EXISTS ${name} CASCADE`);
});

describe('values', () => {
  let from: string;
  let to: string;
  const column = (at: number) => `c${at}`;
  const most = Math.max(...TYPE_SAMPLES.map(({ values }) => values.length));
  const arrays = TYPE_SAMPLES.filter((sample) => sample.arrays);

  beforeAll(async () => {
    const rows = Array.from(
      { length: most },
      (_, row) => `(${[row, ...TYPE_SAMPLES.map(({ values }) => values[row] ?? 'NULL')].join(', ')})`,
    );
    const lists = arrays.flatMap(({ type, values }, at) => [
      `INSERT INTO lists (id, ${column(at)}) VALUES
         (${at * 3}, ARRAY[${values.join(', ')}, NULL]::${type}[]), (${at * 3 + 1}, ARRAY[]::${type}[]),
         (${at * 3 + 2}, ARRAY[NULL]::${type}[])`,
    ]);
    from = await fresh('values', [
      `CREATE TYPE mood AS ENUM ('sad', 'it''s "fine"', 'NULL', e'a\\\\b')`,
      `CREATE TABLE singles (id INT8 PRIMARY KEY, ${TYPE_SAMPLES.map(({ type }, at) => `${column(at)} ${type}`).join(', ')})`,
      `CREATE TABLE lists (id INT8 PRIMARY KEY, ${arrays.map(({ type }, at) => `${column(at)} ${type}[]`).join(', ')})`,
      `INSERT INTO singles VALUES ${rows.join(', ')}`,
      ...lists,
    ]);
    to = database('values_copy');
    await copyDatabase(cluster, from, to);
  });

  const differing = (table: string, name: string) =>
    live.exec(
      'defaultdb',
      `SELECT coalesce(a.id, b.id) AS id, a.${name}::STRING AS here, b.${name}::STRING AS there
       FROM ${from}.public.${table} AS a FULL JOIN ${to}.public.${table} AS b ON a.id = b.id
       WHERE a.id IS NULL OR b.id IS NULL OR a.${name}::STRING IS DISTINCT FROM b.${name}::STRING`,
    );

  it.each(TYPE_SAMPLES.map(({ type }, at) => ({ type, name: column(at) })))(
    'of $type are equal',
    async ({ name }) => {
      expect(await differing('singles', name)).toEqual([]);
    },
  );

  it.each(arrays.map(({ type }, at) => ({ type, name: column(at) })))(
    'of $type[] are equal',
    async ({ name }) => {
      expect(await differing('lists', name)).toEqual([]);
    },
  );

  it('are all there', async () => {
    for (const table of ['singles', 'lists']) {
      const count = (where: string) => live.exec(where, `SELECT count(*) AS n FROM ${table}`);
      expect(await count(to)).toEqual(await count(from));
    }
  });
});

describe('schemas', () => {
  it('of a shop with everything in it come back the same, rows too', async () => {
    const from = await fresh('shop', [shopFixture(`${PREFIX}_shop`)]);
    const { to, objects } = await expectCopied(from, 'shop_copy');
    expect(objects.filter(({ unsupported }) => unsupported !== null)).toEqual([]);
    for (const table of ['events', 'no_pk', 'ring', '"au dit".log'])
      expect(await fingerprints(live, to, table)).toEqual(await fingerprints(live, from, table));
    // The constraints hold, and the ones that never did are still not validated.
    await expect(live.exec(to, 'UPDATE customers SET balance = -1 WHERE true')).rejects.toThrow(
      /CHECK constraint/,
    );
    await expect(live.exec(to, 'INSERT INTO gnir VALUES (99)')).rejects.toThrow(/foreign key/);
  });

  it('with zones: what means the same everywhere is restored, the rest is said', async () => {
    const from = await fresh('zones', [
      'CREATE TABLE short (id INT8 PRIMARY KEY)',
      'CREATE TABLE placed (id INT8 PRIMARY KEY)',
      'CREATE TABLE plain (id INT8 PRIMARY KEY)',
      'ALTER TABLE short CONFIGURE ZONE USING gc.ttlseconds = 4000, range_min_bytes = 100000000, range_max_bytes = 300000000',
      `ALTER TABLE placed CONFIGURE ZONE USING num_replicas = 1, constraints = '[+zone=z1]', lease_preferences = '[[+zone=z1]]'`,
    ]);
    const { to, objects } = await expectCopied(from, 'zones_copy');
    expect(Object.fromEntries(objects.map(({ name, leftOut }) => [name.name, leftOut]))).toEqual({
      plain: [],
      short: [],
      placed: ['constraints and lease_preferences of its zone'],
    });
    const zones = await live.exec(
      to,
      `SELECT table_name AS table, raw_config_sql AS sql FROM crdb_internal.zones WHERE database_name = '${to}' ORDER BY 1`,
    );
    expect(zones.map(({ table, sql }) => [table, String(sql).replaceAll(/\s+/g, ' ')])).toEqual([
      ['placed', expect.stringMatching(/USING num_replicas = 1$/)],
      [
        'short',
        expect.stringMatching(
          /USING range_min_bytes = 100000000, range_max_bytes = 300000000, gc.ttlseconds = 4000$/,
        ),
      ],
    ]);
    expect(await cluster.gcWindows(to)).toContainEqual({
      table: { database: to, schema: 'public', name: 'short' },
      seconds: 4000,
    });
  });
});

describe('interleaved tables', () => {
  const SETTING = 'sql.defaults.interleaved_tables.enabled';
  const turn = (on: boolean) => live.exec('defaultdb', `SET CLUSTER SETTING ${SETTING} = ${on}`);
  let from: string;

  beforeAll(async () => {
    await turn(true);
    from = await fresh('interleaved', [
      'CREATE TABLE shops (id INT8 PRIMARY KEY, name STRING)',
      `CREATE TABLE orders (shop INT8, no INT8, total DECIMAL, PRIMARY KEY (shop, no DESC),
         CONSTRAINT of_shop FOREIGN KEY (shop) REFERENCES shops (id) ON DELETE CASCADE, FAMILY (shop, no), FAMILY (total)) INTERLEAVE IN PARENT shops (shop)`,
      `CREATE TABLE lines (shop INT8, no INT8, line STRING, qty INT8, PRIMARY KEY (shop, no DESC, line))
         INTERLEAVE IN PARENT orders (shop, no)`,
      'CREATE TABLE notes (id INT8 PRIMARY KEY, shop INT8, text STRING)',
      'CREATE INDEX by_shop ON notes (shop, id) INTERLEAVE IN PARENT shops (shop)',
      `INSERT INTO shops SELECT i, 'shop ' || i::STRING FROM generate_series(1, 20) AS g (i)`,
      'INSERT INTO orders SELECT s, n, (s * n)::DECIMAL FROM generate_series(1, 20) AS g (s), generate_series(1, 20) AS h (n)',
      `INSERT INTO lines SELECT s, n, 'line ' || l::STRING, l FROM generate_series(1, 20) AS g (s), generate_series(1, 20) AS h (n), generate_series(1, 3) AS i (l)`,
      `INSERT INTO notes SELECT i, i % 20 + 1, 'note' FROM generate_series(1, 100) AS g (i)`,
      // Between the parent's rows, inside a row's children, and inside a child's children.
      'ALTER TABLE shops SPLIT AT VALUES (5), (12)',
      'ALTER TABLE orders SPLIT AT VALUES (5, 10), (7, 3)',
      `ALTER TABLE lines SPLIT AT VALUES (7, 2, 'line 2'), (16, 20, 'line 1')`,
    ]);
  });

  afterAll(() => turn(false));

  it('are read range by range of their root, every row once', async () => {
    await atMoment(cluster, [from], async (at) => {
      for (const name of ['shops', 'orders', 'lines', 'notes']) {
        const ranges = [];
        for await (const range of cluster.ranges({ database: from, schema: 'public', name }, at))
          ranges.push(range);
        if (name !== 'notes') expect(ranges.length, name).toBeGreaterThanOrEqual(5);
      }
    });
    const { objects } = await expectCopied(from, 'interleaved_copy');
    expect(Object.fromEntries(objects.map(({ name, leftOut }) => [name.name, leftOut]))).toEqual({
      shops: [],
      orders: [],
      lines: [],
      notes: ['the interleaving of index by_shop'],
    });
    const [created] = await live.exec(
      `${PREFIX}_interleaved_copy`,
      'SELECT create_statement AS sql FROM [SHOW CREATE TABLE lines]',
    );
    expect(created?.['sql']).toContain('INTERLEAVE IN PARENT public.orders (shop, no)');
  });

  it('are restored as plain tables where the cluster has them turned off, and that is said', async () => {
    const to = database('plain_copy');
    const notes: string[] = [];
    await turn(false);
    try {
      await copyDatabase(cluster, from, to, cluster, notes);
    } finally {
      await turn(true);
    }
    expect(notes.join('\n')).toMatch(
      /2 tables are restored without interleaving.*sql\.defaults\.interleaved_tables/,
    );
    expect(await rowsOf(live, to)).toEqual(await rowsOf(live, from));
    const [created] = await live.exec(to, 'SELECT create_statement AS sql FROM [SHOW CREATE TABLE lines]');
    expect(created?.['sql']).not.toContain('INTERLEAVE');
  });
});
