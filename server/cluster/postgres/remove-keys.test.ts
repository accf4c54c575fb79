import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import { atMoment, describeTable, linesOf, never } from '../conformance-tools.ts';
import type { TableDescriptor } from '../descriptor.ts';
import { openCluster } from '../open.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const database = 'keys';
let server: TestServer;
let cluster: Cluster;

beforeAll(async () => {
  server = await startTestServer();
  cluster = openCluster(server.url);
  await cluster.createDatabase(database, '1');
  await server.exec(
    database,
    `CREATE DOMAIN "Handle" AS numeric NOT NULL;
     CREATE TYPE mood AS ENUM ('glad', 'sad')`,
  );
}, 60_000);

afterAll(async () => {
  await cluster.close();
  await server.stop();
});

async function made(name: string, columns: string, rowKey: string[]): Promise<TableDescriptor> {
  await server.exec(database, `CREATE TABLE ${name} (${columns})`);
  const table = await atMoment(cluster, [database], (at) =>
    describeTable(cluster, { database, schema: 'public', name }, at),
  );
  return { ...table, rowKey };
}

it.each([
  ['numeric', '1.50', '1.5'],
  ['double precision', 'NaN', 'NaN'],
  ['double precision', '-0', '0'],
  ['timestamp with time zone', '2026-11-22 12:00:00+00', '2026-11-22 13:00:00+01'],
  ['character(5)', 'ab', 'ab   '],
  ['bytea', '\\x00ff', '\\\\x00ff'],
  ['uuid', '0f8fad5b-d9cb-469f-a165-70867728950e', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['mood', 'sad', 'sad'],
  ['integer[]', '{1,NULL,3}', '{1,NULL,3}'],
  ['"Handle"', '1.50', '1.5'],
])('takes a key of type %s for what a unique index takes it for: %s', async (type, value, key) => {
  const name = `of_${type.replaceAll(/\W+/g, '_').toLowerCase()}_${value.length}`;
  const table = await made(name, `"Key" ${type}, n int`, ['Key']);
  await server.exec(
    database,
    `ALTER TABLE ${name} ADD UNIQUE ("Key"); INSERT INTO ${name} VALUES ('${value}', 1)`,
  );
  expect(await cluster.removeKeys(database, table, linesOf([key]), never)).toEqual({ rows: 1 });
  expect(await server.exec(database, `SELECT * FROM ${name}`)).toEqual([]);
});

it('takes many keys out of many rows without an index, and leaves nothing of its own behind', async () => {
  const table = await made('many', 'id bigint, part text, filler text', ['part', 'id']);
  await server.exec(database, `INSERT INTO many SELECT g, 'p', 'x' FROM generate_series(1, 100000) g`);
  const keys = Array.from({ length: 60_000 }, (_, index) => `p\t${index * 2}`);
  expect(await cluster.removeKeys(database, table, linesOf(keys), never)).toEqual({ rows: 60_000 });
  expect(await server.exec(database, 'SELECT count(*)::int AS n, min(id % 2)::int AS odd FROM many')).toEqual(
    [{ n: 50_000, odd: 1 }],
  );
  // The same session again: the keys' table went with its transaction.
  expect(await cluster.removeKeys(database, table, linesOf(['p\t1']), never)).toEqual({ rows: 1 });
  expect(await server.exec(database, `SELECT FROM pg_class WHERE relname = 'holdfast_keys'`)).toEqual([]);
}, 30_000);

it('refuses a table without a key', async () => {
  const table = await made('keyless', 'id bigint', []);
  const lines = linesOf(['1']);
  await expect(cluster.removeKeys(database, { ...table, rowKey: null }, lines, never)).rejects.toMatchObject({
    code: 'internal',
  });
  expect(lines.destroyed).toBe(true);
});

it('stops while it removes, and everything stays', async () => {
  const table = await made('slow', 'id bigint', ['id']);
  await server.exec(
    database,
    `INSERT INTO slow VALUES (1);
     CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN OLD; END';
     CREATE TRIGGER wait BEFORE DELETE ON slow FOR EACH ROW EXECUTE FUNCTION wait()`,
  );
  const abort = new AbortController();
  const removing = cluster.removeKeys(database, table, linesOf(['1']), abort.signal);
  removing.catch(() => undefined);
  await expect
    .poll(() =>
      server.exec(
        database,
        `SELECT FROM pg_stat_activity WHERE query ~ 'DELETE FROM ONLY' AND pid <> pg_backend_pid()`,
      ),
    )
    .toHaveLength(1);
  abort.abort();
  await expect(removing).rejects.toMatchObject({ code: 'canceled' });
  expect(await server.exec(database, 'SELECT * FROM slow')).toHaveLength(1);
}, 30_000);
