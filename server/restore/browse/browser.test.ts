import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeAll } from '../../cluster/conformance-tools.ts';
import { openCluster } from '../../cluster/open.ts';
import { startRig } from '../../testing/rig.ts';
import type { Rig } from '../../testing/rig.ts';
import type { BackupBrowser } from './browser.ts';

/** Backups of a real PostgreSQL server, made by a real engine, looked into without restoring them. */

const at = (name: string) => `nodelocal://self/${name}`;
const named = (name: string, schema = 'public') => ({ database: 'shop', schema, name });

let rig: Rig;
let browser: BackupBrowser;

beforeAll(async () => {
  rig = await startRig();
  ({ browser } = rig.services);
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec('postgres', "CREATE ROLE clerk LOGIN PASSWORD 'never shown'");
  await rig.server.exec(
    'shop',
    `CREATE SCHEMA "Größe ""x""";
     CREATE TYPE mood AS ENUM ('gut', 'schlecht');
     CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'gut');
     CREATE TABLE orders (
       id int PRIMARY KEY, customer bigint NOT NULL CONSTRAINT of_customer REFERENCES customers, price numeric(12,2),
       twice numeric GENERATED ALWAYS AS (price * 2) STORED, tags text[], at timestamptz, raw bytea, doc jsonb);
     COMMENT ON TABLE orders IS 'Köln -- "x"';
     CREATE INDEX orders_at ON orders (at);
     CREATE TABLE "Größe ""x"""."日本 . table" ("ä b" text, "PRIMARY" int, PRIMARY KEY ("PRIMARY", "ä b"));
     CREATE TABLE nothing (id int);
     CREATE TABLE keyless (t text);
     CREATE VIEW dear AS SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE price > 10;
     INSERT INTO customers (name) VALUES ('Ä'), ('\\N'), ('');
     INSERT INTO orders VALUES
       (1, 1, 12.50, DEFAULT, '{a,NULL,"b c"}', '2026-01-02 03:04:05Z', '\\x00ff', '{"k": "tab\\tx"}'),
       (2, 2, NULL, DEFAULT, NULL, NULL, NULL, NULL);
     INSERT INTO "Größe ""x"""."日本 . table" VALUES (E'line\\ntwo\\t.', 1);
     INSERT INTO keyless VALUES ('once')`,
  );
  await (await rig.services.clusters.connect('default')).meet('slot', 'shop');
  await rig.startEngine();
  await rig.run(`BACKUP DATABASE shop TO '${at('full')}'`);
  await rig.server.exec(
    'shop',
    `DELETE FROM orders WHERE id = 1; UPDATE orders SET price = 3 WHERE id = 2;
     CREATE TABLE later (id int PRIMARY KEY); INSERT INTO later VALUES (7)`,
  );
  await rig.run(`BACKUP DATABASE shop TO '${at('one')}' INCREMENTAL FROM '${at('full')}'`);
  await rig.run(`BACKUP shop.orders TO '${at('some')}'`);
}, 180_000);

afterAll(() => rig.stop(), 60_000);

async function rowsOf(layer: string, name: string, schema?: string) {
  const { files } = await browser.object(at(layer), 'table', named(name, schema));
  return Promise.all(files.map(({ name: file }) => browser.firstRows(at(layer), file, 500)));
}

describe('an object of a backup', () => {
  it('says its columns, its key, what it needs and what needs it', async () => {
    const orders = await browser.object(at('full'), 'table', named('orders'));
    expect(orders.comment).toBe('Köln -- "x"');
    expect(orders.columns?.slice(0, 4)).toEqual([
      { name: 'id', type: 'integer', nullable: false, generated: false, key: 1 },
      { name: 'customer', type: 'bigint', nullable: false, generated: false, key: null },
      { name: 'price', type: 'numeric(12,2)', nullable: true, generated: false, key: null },
      { name: 'twice', type: 'numeric', nullable: true, generated: true, key: null },
    ]);
    expect(orders.needs).toEqual([
      { name: named('customers'), kind: 'table', why: 'foreign-key', via: 'of_customer' },
    ]);
    expect(orders.neededBy).toMatchObject([{ name: named('dear'), kind: 'view', why: 'view' }]);
    expect(orders.stored).toMatchObject({ method: 'whole', rows: 2, deleted: 0 });
    const phases = orders.ddl.map(({ phase }) => phase);
    expect(phases[0]).toBe('create');
    expect(phases.indexOf('keys')).toBeLessThan(phases.indexOf('indexes'));
    expect(phases.indexOf('indexes')).toBeLessThan(phases.indexOf('foreign-keys'));
    expect(orders.ddl.flatMap(({ lacks }) => lacks)).toEqual([]);

    const mood = await browser.object(at('full'), 'type', named('mood'));
    expect(mood).toMatchObject({
      columns: null,
      stored: null,
      files: [],
      neededBy: [{ name: named('customers') }],
    });
    const sequence = await browser.object(at('full'), 'sequence', named('customers_id_seq'));
    expect(sequence.sequence).toMatchObject({ lastValue: '3', isCalled: true, ownedBy: { column: 'id' } });
    const strange = await browser.object(at('full'), 'table', named('日本 . table', 'Größe "x"'));
    expect(strange.columns?.map(({ name, key }) => [name, key])).toEqual([
      ['ä b', 2],
      ['PRIMARY', 1],
    ]);
  });

  it('is told apart by its kind, and named where it is not there', async () => {
    await expect(browser.object(at('full'), 'view', named('orders'))).rejects.toMatchObject({
      code: 'undefined-object',
      message: `the backup at ${at('full')} has no view shop.public.orders`,
    });
    await expect(browser.object(at('none'), 'view', named('orders'))).rejects.toMatchObject({
      code: 'undefined-backup',
    });
  });

  it('says what it needs that the backup lacks', async () => {
    const orders = await browser.object(at('some'), 'table', named('orders'));
    expect(orders.needs).toMatchObject([{ name: named('customers'), kind: null }]);
    const lacking = orders.ddl.filter(({ lacks }) => lacks.length > 0);
    expect(lacking).toMatchObject([{ phase: 'foreign-keys', lacks: [named('customers')] }]);
  });

  it('is put together from layers, each with what it has and why', async () => {
    const layers = async (name: string) =>
      (await browser.layers(at('one'), named(name))).map(
        ({ url, why, stored: { method, rows, deleted } }) => ({
          url,
          method,
          rows,
          deleted,
          why,
        }),
      );
    expect(await layers('orders')).toEqual([
      { url: at('full'), method: 'whole', rows: 2, deleted: 0, why: null },
      { url: at('one'), method: 'feed', rows: 1, deleted: 1, why: null },
    ]);
    expect(await layers('later')).toEqual([
      {
        url: at('one'),
        method: 'whole',
        rows: 1,
        deleted: 0,
        why: 'The layer before does not have this table.',
      },
    ]);
    expect(await layers('keyless')).toMatchObject([
      { url: at('one'), method: 'whole', why: expect.stringContaining('no key') },
    ]);
    await expect(browser.layers(at('one'), named('gone'))).rejects.toMatchObject({
      code: 'undefined-object',
    });
  });
});

describe('the first rows of a file', () => {
  it('are the values as they were, under the names of their columns', async () => {
    const [orders] = await rowsOf('full', 'orders');
    expect(orders?.checked).toBe(true);
    expect(orders?.columns.map(({ name }) => name)).toEqual([
      'id',
      'customer',
      'price',
      'tags',
      'at',
      'raw',
      'doc',
    ]);
    expect(orders?.rows).toEqual([
      ['1', '1', '12.50', '{a,NULL,"b c"}', '2026-01-02 03:04:05+00', '\\x00ff', '{"k": "tab\\tx"}'],
      ['2', '2', null, null, null, null, null],
    ]);
    const [customers] = await rowsOf('full', 'customers');
    expect(customers?.rows.map(([, name]) => name)).toEqual(['Ä', '\\N', '']);
    const [strange] = await rowsOf('full', '日本 . table', 'Größe "x"');
    expect(strange?.rows).toEqual([['line\ntwo\t.', '1']]);
    expect((await rowsOf('full', 'nothing')).flatMap(({ rows }) => rows)).toEqual([]);
  });

  it('of a layer are the changed rows, and the keys of the deleted ones', async () => {
    const found = await rowsOf('one', 'orders');
    const [rows] = found.filter(({ file }) => file.kind === 'rows');
    const [deleted] = found.filter(({ file }) => file.kind === 'deleted');
    expect(rows?.rows.map(([id, , price]) => [id, price])).toEqual([['2', '3.00']]);
    expect(deleted?.columns).toEqual([{ name: 'id', type: 'integer' }]);
    expect(deleted?.rows).toEqual([['1']]);
  });

  it('are of files that the manifest names, and of no other', async () => {
    for (const name of [
      'manifest.json',
      '../full/manifest.json',
      'data/../manifest.json',
      '/etc/passwd',
      'data/shop.public.orders/999.copy.zst',
    ]) {
      await expect(browser.firstRows(at('one'), name, 10), name).rejects.toMatchObject({
        code: 'undefined-object',
        message: `the backup at ${at('one')} has no file ${JSON.stringify(name)}`,
      });
    }
  });

  it('are none of a damaged file', async () => {
    const { files } = await browser.object(at('full'), 'table', named('keyless'));
    const name = files[0]?.name ?? '';
    const file = path.join(rig.externDir, 'full', name);
    const bytes = await readFile(file);
    await writeFile(file, Buffer.concat([bytes.subarray(0, -1), Buffer.from([0])]));
    await expect(browser.firstRows(at('full'), name, 10)).rejects.toMatchObject({
      code: 'corrupt-backup',
      message: `${name} of ${at('full')} is damaged: its SHA-256 does not match`,
    });
    await rm(file);
    await expect(browser.firstRows(at('full'), name, 10)).rejects.toMatchObject({ code: 'corrupt-backup' });
    await writeFile(file, bytes);
    expect((await browser.firstRows(at('full'), name, 10)).rows).toEqual([['once']]);
  });
});

describe('the schema of a backup', () => {
  it('makes the same objects in an empty database', async () => {
    const { name, text } = await browser.schema(at('full'), 'shop');
    expect(name).toMatch(/^shop-[0-9a-f]{8}\.sql$/);
    expect(text).toContain(`-- Schema of the database shop, from the backup at ${at('full')}`);
    await rig.server.exec('postgres', 'CREATE DATABASE again');
    await rig.server.exec('again', text);
    const cluster = openCluster(rig.server.url);
    try {
      const made = async (database: string) => {
        const held = await cluster.holdMoment([database], null);
        const all = await describeAll(cluster, database, held.moment);
        await held.release();
        return all
          .filter(({ name: each }) => each.name !== 'later')
          .map(({ kind, name: { schema, name: own }, ddl }) => ({
            kind,
            schema,
            own,
            ddl: ddl.map(({ sql }) => sql),
          }));
      };
      expect(await made('again')).toEqual(await made('shop'));
    } finally {
      await cluster.close();
    }
  });

  it('has what lacks other objects as comments, and runs all the same', async () => {
    const { text } = await browser.schema(at('some'), 'shop');
    const [, left = ''] = text.split('-- Left out');
    expect(left).toContain('-- shop.public.orders needs shop.public.customers:');
    expect(left).toMatch(/^-- ALTER TABLE .*of_customer/m);
    expect(
      left
        .split('\n')
        .slice(1)
        .filter((line) => line !== '' && !line.startsWith('--')),
    ).toEqual([]);
    await rig.server.exec('postgres', 'CREATE DATABASE partly');
    await rig.server.exec('partly', text);
    await expect(browser.schema(at('some'), 'bank')).rejects.toMatchObject({ code: 'undefined-database' });
  });
});

it('never tells a hash of a password', async () => {
  const summary = await rig.services.statements.inspectBackup(at('full'));
  expect(summary.users).toContain('clerk');
  const { text } = await browser.schema(at('full'), 'shop');
  const told = JSON.stringify([summary, text, await browser.object(at('full'), 'table', named('orders'))]);
  expect(told).not.toContain('SCRAM-SHA-256');
});
