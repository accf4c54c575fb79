import { afterAll, beforeAll, expect, it } from 'vitest';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

const DATABASE = `Ünï "cøde".d/b 100%`;
const LONG = 'ñ'.repeat(31);

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.startEngine();
  await rig.server.exec('postgres', `CREATE DATABASE "${DATABASE.replaceAll('"', '""')}"`);
  await rig.server.exec(
    DATABASE,
    `CREATE SCHEMA "Sch.ema";
     CREATE TYPE "Sch.ema"."mood's" AS ENUM ('so-so', 'it''s fine', '');
     CREATE TABLE "t""ab'le.x" (
       "select" bigint PRIMARY KEY, "user" text, "tab	bed" bytea, "Größe" numeric, f float8, d date, ts timestamptz,
       i interval, j jsonb, a text[], m "Sch.ema"."mood's"[], "generated" text GENERATED ALWAYS AS (upper("user")) STORED);
     INSERT INTO "t""ab'le.x" ("select", "user", "tab	bed", "Größe", f, d, ts, i, j, a, m) VALUES
       (1, E'back\\\\slash \\\\N \\n newline \\t tab \\r cr', '\\x00ff5c0a', 'NaN', 'NaN', '-infinity', 'infinity', '1 mon -2 days 00:00:00.000001', '{"a": "\\\\u00e4\\\\n"}', ARRAY['a,b', '"q"', NULL, ''], ARRAY['so-so', '']::"Sch.ema"."mood's"[]),
       (2, '\\.', '', 1e-1000, '-0', '0044-03-15 BC', '4713-01-01 00:00:00+00 BC', '-178000000 years', 'null', '{}', '{}'),
       (3, '', NULL, 12345678901234567890.000100, 1e-323, 'infinity', '-infinity', NULL, NULL, NULL, NULL),
       (-9223372036854775808, NULL, NULL, '-Infinity', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL);
     CREATE TABLE "Sch.ema"."${LONG}" ("${LONG}" int, b text);
     INSERT INTO "Sch.ema"."${LONG}" SELECT n % 7, repeat('zeile ', n % 50) FROM generate_series(1, 5000) AS n;
     CREATE TABLE nothing_in_it (a int);
     CREATE TABLE no_columns ();
     INSERT INTO no_columns DEFAULT VALUES;
     INSERT INTO no_columns DEFAULT VALUES;
     CREATE TABLE big_value (v text);
     INSERT INTO big_value SELECT repeat(md5('x'), 1000000);
     CREATE VIEW "the ""view""" AS SELECT "user" AS "table" FROM "t""ab'le.x"`,
  );
}, 60_000);

afterAll(async () => {
  await rig.stop();
}, 60_000);

it('brings odd names and odd values back as they were', async () => {
  const quoted = `"${DATABASE.replaceAll('"', '""')}"`;
  await rig.run(`BACKUP DATABASE ${quoted} TO 'nodelocal://self/odd names/ä%27%25'`);
  await rig.run(
    `RESTORE DATABASE ${quoted} FROM 'nodelocal://self/odd names/ä%27%25' WITH into_db = 'plain'`,
  );
  expect(await contentsOf(rig.server, 'plain')).toEqual(await contentsOf(rig.server, DATABASE));
  expect((await rig.server.exec('plain', 'SELECT count(*)::int AS n FROM no_columns'))[0]).toEqual({ n: 2 });
}, 60_000);

it('names one odd table among them', async () => {
  const quoted = `"${DATABASE.replaceAll('"', '""')}"`;
  const { rows } = await rig.run(
    `BACKUP ${quoted}."Sch.ema"."${LONG}", ${quoted}."the ""view""" TO 'nodelocal://self/one'`,
  );
  expect(rows[0]?.[3]).toBe('5000');
  const shown = await rig.run("SHOW BACKUP 'nodelocal://self/one'");
  expect(shown.rows.map((row) => row[2])).toEqual([LONG, 'the "view"']);
}, 60_000);
