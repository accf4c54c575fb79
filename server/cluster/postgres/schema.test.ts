import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import { atMoment, copyDatabase, describeAll, inDatabase, readTable } from '../conformance-tools.ts';
import { restoreSteps } from '../../restore/order.ts';
import { type Descriptor, objectKindOf } from '../descriptor.ts';
import { openCluster } from '../open.ts';
import { policySteps } from './ddl/policies.ts';
import { schemaFor } from './schema-fixture.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let cluster: Cluster;

beforeAll(async () => {
  server = await startTestServer();
  cluster = openCluster(server.url);
});

afterAll(async () => {
  await cluster.close();
  await server.stop();
});

/** The catalogs' own account of a schema, by names: nothing that the adapter's queries have a part in. */
const ACCOUNT: Record<string, string> = {
  relations: `
    SELECT c.oid::regclass::text, c.relkind, c.relpersistence, c.reloptions, c.relreplident, c.relrowsecurity,
           c.relforcerowsecurity, c.relispopulated, t.reloptions AS toast
    FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.relkind <> 't' AND user_made(c.relnamespace)`,
  columns: `
    SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
           a.attgenerated, a.attcollation::regcollation::text, a.attstorage, a.attstattarget,
           -- Some minor versions note in each column's options what the server needs for itself.
           (SELECT array_agg(o) FROM unnest(a.attoptions) o WHERE c.relkind IN ('r', 'p', 'm') AND o !~ '^pg_') AS options,
           to_jsonb(a) ->> 'attcompression' AS compression, pg_get_expr(d.adbin, d.adrelid),
           a.attislocal, a.attinhcount,
           row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS position
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind <> 't' AND user_made(c.relnamespace) AND a.attnum > 0 AND NOT a.attisdropped`,
  inheritance: `
    SELECT i.inhrelid::regclass::text, inhparent::regclass::text, inhseqno, pg_get_expr(c.relpartbound, c.oid),
           pg_get_partkeydef(c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid`,
  constraints: `
    SELECT conrelid::regclass::text, contypid::regtype::text, conname, contype, condeferrable, condeferred,
           convalidated, connoinherit AND contype IN ('c', 'n') AS noinherit, conislocal, coninhcount, conparentid <> 0 AS attached, conindid::regclass::text, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE user_made(connamespace)`,
  indexes: `
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisunique, indisprimary, indisclustered,
           indisreplident, indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE user_made(c.relnamespace)`,
  sequences: `SELECT * FROM pg_sequences`,
  ownership: `
    SELECT objid::regclass::text, refobjid::regclass::text, a.attname, deptype FROM pg_depend
    JOIN pg_class s ON s.oid = objid AND s.relkind = 'S'
    JOIN pg_attribute a ON a.attrelid = refobjid AND a.attnum = refobjsubid
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass`,
  views: `SELECT c.oid::regclass::text, pg_get_viewdef(c.oid) FROM pg_class c
    WHERE relkind IN ('v', 'm') AND user_made(relnamespace)`,
  statistics: `SELECT stxname, pg_get_statisticsobjdef(oid), stxstattarget FROM pg_statistic_ext`,
  policies: `
    SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies`,
  collations: `
    SELECT c.collname, c.collprovider, c.collisdeterministic, c.collcollate, c.collctype, to_jsonb(c) ->> 'colllocale' AS locale,
           to_jsonb(c) ->> 'colliculocale' AS icu FROM pg_collation c WHERE user_made(c.collnamespace)`,
  functions: `
    SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE user_made(p.pronamespace) AND p.proname <> 'unneeded'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')`,
  types: `
    SELECT t.oid::regtype::text, t.typtype, t.typnotnull, t.typdefault, t.typbasetype::regtype::text,
           t.typcollation::regcollation::text, format_type(t.typbasetype, t.typtypmod),
           (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
           (SELECT row(rngsubtype::regtype, rngcollation, rngsubopc, rngsubdiff, to_jsonb(r) ? 'rngmultitypid')::text
            FROM pg_range r WHERE rngtypid = t.oid)
    FROM pg_type t WHERE user_made(t.typnamespace)`,
  comments: `
    SELECT (pg_identify_object(classoid, objoid, objsubid)).type, (pg_identify_object(classoid, objoid, objsubid)).identity,
           description FROM pg_description WHERE objoid >= 16384`,
};

async function account(database: string): Promise<Record<string, string[]>> {
  const result: Record<string, string[]> = {};
  for (const [what, sql] of Object.entries(ACCOUNT)) {
    const rows = await server.exec(
      database,
      `SET search_path = '';
       CREATE FUNCTION pg_temp.user_made(namespace oid) RETURNS boolean LANGUAGE sql AS
         $$ SELECT nspname !~ '^pg_' AND nspname <> 'information_schema' FROM pg_namespace WHERE oid = namespace $$;
       ${sql.replaceAll('user_made(', 'pg_temp.user_made(')}`,
    );
    result[what] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return result;
}

async function makeDatabase(name: string, sql: string): Promise<void> {
  await cluster.createDatabase(name, '1');
  await cluster.closeLedger(name, '1');
  await server.exec(name, sql);
}

describe('a schema with everything', () => {
  let original: Record<string, string[]>;
  let copy: Record<string, string[]>;

  beforeAll(async () => {
    await makeDatabase('original', schemaFor(server.version));
    await copyDatabase(cluster, 'original', 'copy');
    [original, copy] = [await account('original'), await account('copy')];
  });

  it('is supported, all of it', async () => {
    const { objects } = await cluster.catalog('original');
    expect(objects.filter(({ unsupported }) => unsupported !== null)).toEqual([]);
    expect(objects.length).toBeGreaterThan(30);
  });

  it.each(Object.keys(ACCOUNT))('has the same %s in a copy', (what) => {
    expect(original[what]?.length).toBeGreaterThan(0);
    expect(copy[what]).toEqual(original[what]);
  });

  it('is described by the copy as by the original', async () => {
    await atMoment(cluster, ['original', 'copy'], async (at) => {
      const here = await describeAll(cluster, 'original', at);
      // Other files, other rows: that is what `storage` is for.
      const alike = (all: Descriptor[]) =>
        all.map((one) => (one.kind === 'table' ? { ...one, storage: null } : one));
      expect(alike(await describeAll(cluster, 'copy', at))).toEqual(alike(inDatabase(here, 'copy')));
      for (const table of here) {
        if (table.kind !== 'table') continue;
        const there = { ...table, name: { ...table.name, database: 'copy' } };
        expect((await readTable(cluster, there, at, 1e6)).flat().sort()).toEqual(
          (await readTable(cluster, table, at, 1e6)).flat().sort(),
        );
      }
    });
  });

  it('is undone to the last function, whichever needs which', async () => {
    await makeDatabase('undone', '');
    await cluster.openLedger('undone', '5');
    await atMoment(cluster, ['original'], async (at) => {
      const items = (await describeAll(cluster, 'original', at)).map((descriptor) => ({
        descriptor,
        target: { ...descriptor.name, database: 'undone' },
      }));
      for (const { target } of items) await cluster.ensureSchema('undone', target.schema, '5');
      for (const extension of items.flatMap(({ descriptor }) => descriptor.extensions ?? []))
        await cluster.createExtension('undone', extension, '5');
      const steps = restoreSteps(items, () => true);
      const created = items.map(({ descriptor, target }) => ({
        kind: objectKindOf(descriptor),
        name: target,
      }));
      for (const part of [
        steps.create,
        steps.keys,
        steps.indexes,
        steps.foreignKeys,
        steps.views,
        steps.finish,
      ])
        await cluster.runDdl(
          'undone',
          part.map(({ sql }) => sql),
          new AbortController().signal,
          {
            restore: '5',
            created: part === steps.finish ? created : [],
          },
        );
    });
    expect(await cluster.undoLedger('undone', '5')).toBe(true);
    await cluster.closeLedger('undone', '5');
    expect(await account('undone')).toMatchObject({
      relations: [],
      functions: [],
      types: [],
      collations: [],
    });
  });

  it('names the extensions that an object needs', async () => {
    const { objects } = await cluster.catalog('original');
    const needs = objects.flatMap(({ name, extensions }) =>
      extensions === undefined ? [] : [[name.name, ...extensions.map((one) => `${one.schema}.${one.name}`)]],
    );
    expect(needs).toEqual([
      ['of_extension', 'other.citext', 'public.pg_trgm'],
      ['of_operator', 'other.citext', 'public.pg_trgm'],
      ['soft', 'other.citext'],
    ]);
  });

  it('says which sequences belong to which column', async () => {
    const { objects } = await cluster.catalog('original');
    const owners = objects
      .filter(({ ownedBy }) => ownedBy !== null)
      .map(({ name, ownedBy }) => `${name.name} of ${ownedBy?.name}`);
    expect(owners.sort()).toEqual([
      'Tab.le "q"_id_seq of Tab.le "q"',
      'children_id_seq of children',
      'constraints_id_seq of constraints',
      'parted_id_seq of parted',
      expect.stringMatching(/^ü+_id_seq of ü{31}$/),
    ]);
    const sequences = objects.filter(({ kind }) => kind === 'sequence').map(({ name }) => name);
    const owned = await atMoment(cluster, ['original'], (at) => cluster.descriptors(sequences, at));
    expect(
      owned.flatMap((sequence) =>
        sequence.kind === 'sequence' && sequence.ownedBy?.identity ? sequence.name.name : [],
      ),
    ).toHaveLength(3);
  });
});

describe('values', () => {
  it('come back bit for bit, whatever the server is set to', async () => {
    await makeDatabase(
      'values',
      `CREATE TABLE hard (id integer PRIMARY KEY, t text, f float8, r real, n numeric, b bytea, d date, ts timestamptz,
         i interval, a text[], m money, x xml, j json, c char(4));
       ALTER DATABASE "values" SET datestyle = 'SQL, DMY';
       ALTER DATABASE "values" SET timezone = 'Asia/Kathmandu';
       ALTER DATABASE "values" SET intervalstyle = 'sql_standard';
       ALTER DATABASE "values" SET extra_float_digits = -3;
       ALTER DATABASE "values" SET bytea_output = 'escape';
       SET datestyle = 'ISO, YMD';
       INSERT INTO hard VALUES
         (1, E'tab\\tnewline\\nreturn\\rback\\\\slash \\\\N \\\\.', 'NaN', 'Infinity', 'NaN', '\\x00ff0a5c', 'infinity',
          '-infinity', '-1 mon +2 days -03:04:05.678901', '{a,NULL,"NULL","","q\\"\\\\"}', '-12.34', '<a>1</a>', '{"a":  1}', 'ab'),
         (2, '\\N', 0.1 + 0.2, 1.1, '-0.00000000000000000000012345000', '', '4713-01-01 BC', '0044-03-15 12:00:00+00 BC',
          '178000000 years', '{}', 92233720368547758.07, 'text', '[]', ''),
         (3, '', '-0', '1e-45', '1e1000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
         (4, E'\\\\.', '5e-324', 3.4028235e38, 12345678901234567890.12345678901234567890, '\\x5c4e', '5874897-12-31',
          '294276-12-31 23:59:59.999999+00', '1 year -1 day', '{{1,2},{3,4}}', 0, '', 'null', 'äöü☃'),
         (5, U&'\\+01F600 \\200B', NULL, NULL, NULL, NULL, NULL, '2021-10-31 02:30:00+02', NULL, NULL, NULL, NULL, NULL, NULL);
       INSERT INTO hard (id, t) SELECT 6, string_agg(md5(g::text), '') FROM generate_series(1, 100000) g`,
    );
    await copyDatabase(cluster, 'values', 'values copy');
    const compare = (database: string) =>
      server.exec(
        database,
        `SELECT id, md5(textsend(t)), md5(float8send(f)), md5(float4send(r)), md5(numeric_send(n)), md5(b), date_send(d),
                timestamptz_send(ts), interval_send(i), md5(array_send(a)), cash_send(m), x::text, j::text, textsend(c::text)
         FROM (SELECT * FROM hard) h ORDER BY id`,
      );
    const there = await compare('values copy');
    expect(there).toHaveLength(6);
    expect(there).toEqual(await compare('values'));
  });
});

describe('what is not covered yet', () => {
  const SQL = `
    CREATE EXTENSION citext;
    CREATE EXTENSION pg_trgm;
    CREATE EXTENSION pg_stat_statements;
    CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
    CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE ancestor (i integer PRIMARY KEY);
    CREATE AGGREGATE total (integer) (sfunc = int4pl, stype = integer);
    CREATE FUNCTION in_c(integer) RETURNS integer LANGUAGE c IMMUTABLE AS '$libdir/citext', 'citext_hash';
    CREATE TABLE c_index (i integer);
    CREATE VIEW f_default AS SELECT total(i) FROM c_index;
    CREATE DOMAIN checked_by_f AS integer CHECK (in_c(VALUE) > 0);
    CREATE TABLE uses_domain (d checked_by_f);
    CREATE TYPE uses_uses AS (d checked_by_f);
    CREATE TABLE uses_all (u uses_uses[]);
    CREATE TYPE shape AS (i integer);
    CREATE TABLE typed OF shape;
    CREATE TABLE regclass_default (r regclass DEFAULT 'ancestor'::regclass);
    CREATE FOREIGN DATA WRAPPER wrapper;
    CREATE SERVER away FOREIGN DATA WRAPPER wrapper;
    CREATE FOREIGN TABLE remote (i integer) SERVER away;
    CREATE TABLE lots (i integer PRIMARY KEY, t text);
    CREATE TRIGGER one BEFORE INSERT ON lots FOR EACH ROW EXECUTE FUNCTION trig();
    CREATE TRIGGER two BEFORE UPDATE ON lots FOR EACH ROW EXECUTE FUNCTION trig();
    CREATE CONSTRAINT TRIGGER three AFTER INSERT ON lots FOR EACH ROW EXECUTE FUNCTION trig();
    CREATE POLICY p ON lots USING (f(i) > 0);
    CREATE RULE r AS ON DELETE TO lots DO ALSO NOTHING;
    CREATE PUBLICATION pub FOR TABLE lots;
    GRANT SELECT (t) ON lots TO PUBLIC;`;

  it('is refused by name, with the reason', async () => {
    await makeDatabase('hard', SQL);
    const { objects } = await cluster.catalog('hard');
    const reasons = Object.fromEntries(
      objects
        .filter(({ unsupported }) => unsupported !== null)
        .map(({ name, unsupported }) => [name.name, unsupported]),
    );
    const contains = (text: string) => expect.stringContaining(text) as string;
    expect(reasons).toEqual({
      'total(integer)': contains('aggregate'),
      'in_c(integer)': contains('written in c'),
      f_default: contains('it needs function public.total(integer), which can'),
      checked_by_f: contains('function public.in_c(integer)'),
      uses_domain: contains('type public.checked_by_f'),
      uses_uses: contains('type public.checked_by_f'),
      uses_all: contains('type public.uses_uses'),
      typed: contains('typed table'),
      regclass_default: contains('the default of column r uses table public.ancestor'),
      remote: contains('foreign table'),
    });
    await atMoment(cluster, ['hard'], async (at) => {
      const name = { database: 'hard', schema: 'public', name: 'typed' };
      await expect(cluster.descriptors([name], at)).rejects.toMatchObject({
        code: 'unsupported',
        message: contains('hard.public.typed'),
      });
    });
  });

  it('is told where the object itself can be backed up', async () => {
    const { objects } = await cluster.catalog('hard');
    const lots = objects.find(({ name }) => name.name === 'lots');
    expect(lots).toMatchObject({
      unsupported: null,
      leftOut: ['3 triggers', '1 rule', '1 publication', 'grants'],
    });
  });

  it('is told of a whole database where no object stands for it', async () => {
    expect((await cluster.catalog('hard')).leftOut).toEqual([
      '1 function that nothing backed up needs',
      '1 publication',
    ]);
  });

  it('makes policies for the roles that the server has', async () => {
    const policy = (name: string, ...roles: string[]) =>
      policySteps(
        'public.lots',
        [
          {
            ...{ owner: 0, name, permissive: true, command: 'ALL', using: `t = '\\'`, check: null },
            ...{ roles, comment: `it's` },
          },
        ],
        [],
      ).map(({ sql }) => sql);
    await cluster.runDdl(
      'hard',
      [...policy('for some', 'missing role', 'root'), ...policy('for nobody', 'missing role')],
      new AbortController().signal,
    );
    expect(
      await server.exec(
        'hard',
        `SELECT policyname, roles::text, qual FROM pg_policies WHERE policyname LIKE 'for %'`,
      ),
    ).toEqual([{ policyname: 'for some', roles: '{root}', qual: `(t = '\\'::text)` }]);
  });

  it('does not count what belongs to an extension as anybody’s', async () => {
    const { objects } = await cluster.catalog('hard');
    expect(objects.map(({ name }) => name.name)).not.toContain('pg_stat_statements');
    expect(objects.map(({ name }) => name.name)).not.toContain('citext');
  });
});
