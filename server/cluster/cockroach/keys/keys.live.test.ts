import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alwaysQuote } from '../../names.ts';
import { liveCluster } from '../testing/live.ts';
import { decodeBoundary, UndecodableKey } from './decode.ts';
import { keySamples, mixedSamples, seededRandom } from './key-samples.ts';
import type { Boundary, EnumMember, IndexColumn, PrimaryIndex } from './types.ts';
import { whereBetween } from './where.ts';

/** One database a run, so that two runs at once don't meet. */
const DATABASE = `hc_keys_${process.pid}`;
const SEED = 20261122;

let client: pg.Client;

beforeAll(async () => {
  const live = liveCluster();
  await live.exec('defaultdb', `CREATE DATABASE ${DATABASE}`);
  client = new pg.Client({ connectionString: live.urlOf(DATABASE) });
  await client.connect();
  // crdb_internal.encode_key is refused in distributed plans.
  await client.query('SET distsql = off');
  await client.query(`CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')`);
  await client.query(`ALTER TYPE mood ADD VALUE 'it''s \\fine' BEFORE 'ok'`);
});

afterAll(async () => {
  await client.query(`DROP DATABASE IF EXISTS ${DATABASE} CASCADE`);
  await client.end();
});

interface Sample {
  key: Buffer;
  id: string;
}

/** The table's index as an adapter reads it from the catalog. */
async function indexOf(table: string): Promise<PrimaryIndex> {
  const { rows } = await client.query<{ table_id: string; name: string; type: string; direction: string }>(
    `SELECT c.descriptor_id AS table_id, c.column_name AS name, t.crdb_sql_type AS type, c.column_direction AS direction
       FROM crdb_internal.index_columns AS c
       JOIN information_schema.columns AS t ON t.table_name = c.descriptor_name AND t.column_name = c.column_name
      WHERE c.descriptor_name = $1 AND c.index_name = 'primary' AND c.column_type = 'key'
      ORDER BY c.column_id`,
    [table],
  );
  const members = await enumMembers();
  const columns = rows.map((row): IndexColumn => ({
    name: row.name,
    type: row.type,
    descending: row.direction === 'DESC',
    ...(row.type === 'public.mood' ? { enumMembers: members } : {}),
  }));
  return { tableId: Number(rows[0]?.table_id), indexId: 1, columns };
}

async function enumMembers(): Promise<EnumMember[]> {
  const { rows } = await client.query<{ label: string; physical: string }>(
    `SELECT member->>'logicalRepresentation' AS label,
            encode(decode(member->>'physicalRepresentation', 'base64'), 'hex') AS physical
       FROM (SELECT jsonb_array_elements(
                      crdb_internal.pb_to_json('cockroach.sql.sqlbase.Descriptor', descriptor)->'type'->'enumMembers'
                    ) AS member
               FROM system.descriptor
              WHERE id = (SELECT 'mood'::REGTYPE::OID::INT8 - 100000))`,
  );
  return rows;
}

/** Creates the table, fills it, and answers every row's key as CockroachDB encodes it, in key order. */
async function fill(
  table: string,
  columns: { name: string; type: string; descending: boolean }[],
  rows: string[][],
) {
  const definitions = columns.map(({ name, type }) => `${alwaysQuote(name)} ${type}`).join(', ');
  const key = columns.map(({ name, descending }) => `${alwaysQuote(name)} ${descending ? 'DESC' : 'ASC'}`);
  await client.query(`CREATE TABLE ${table} (id INT8, ${definitions}, PRIMARY KEY (${key.join(', ')}))`);
  const index = await indexOf(table);
  const names = columns.map(({ name }) => alwaysQuote(name)).join(', ');
  const values = rows.map((row, id) => `(${[id, ...row].join(', ')})`);
  await client.query(
    `INSERT INTO ${table} (id, ${names}) VALUES ${values.join(', ')} ON CONFLICT DO NOTHING`,
  );
  const answer = await client.query<Sample>(
    `SELECT id::STRING, crdb_internal.encode_key(${index.tableId}, 1, ROW(${names})) AS key FROM ${table}`,
  );
  const samples = answer.rows.sort((a, b) => Buffer.compare(a.key, b.key));
  return { index, samples };
}

/** Splits at some rows and answers the boundary keys that the table's ranges then have. */
async function split(table: string, names: string[], samples: Sample[], ids: string[], index: PrimaryIndex) {
  const where = ids.join(', ');
  await client.query(
    `ALTER TABLE ${table} SPLIT AT SELECT ${names.map(alwaysQuote).join(', ')} FROM ${table} WHERE id IN (${where})
       WITH EXPIRATION now() + '3m'`,
  );
  const { rows } = await client.query<{ start_key: Buffer }>(
    'SELECT start_key FROM crdb_internal.ranges_no_leases WHERE table_id = $1',
    [index.tableId],
  );
  const keys = rows.map((row) => row.start_key).sort((a, b) => Buffer.compare(a, b));
  const hexes = new Set(keys.map((key) => key.toString('hex')));
  for (const sample of samples.filter(({ id }) => ids.includes(id))) {
    expect(hexes).toContain(sample.key.toString('hex'));
  }
  return keys;
}

/** Rows between each two consecutive boundaries, and that each was read by a constrained scan and nothing else. */
async function idsBetween(table: string, boundaries: Boundary[], index: PrimaryIndex): Promise<string[][]> {
  const found: string[][] = [];
  for (const [at, start] of boundaries.entries()) {
    const end = boundaries[at + 1];
    if (end === undefined) break;
    const where = whereBetween(start, end, index);
    const { rows } = await client.query<{ id: string }>(`SELECT id::STRING FROM ${table} WHERE ${where}`);
    found.push(rows.map((row) => row.id));
    const plan = await client.query<{ info: string }>(`EXPLAIN SELECT id FROM ${table} WHERE ${where}`);
    const text = plan.rows.map((row) => row.info).join('\n');
    const constrained = /spans(?!: FULL SCAN)/.test(text) && !text.includes('filter');
    if (where !== 'TRUE' && where !== 'FALSE' && !/norows/.test(text))
      expect(constrained, `${where}\n${text}`).toBe(true);
  }
  return found;
}

/** The first range may have begun in a table before ours, the last may end in one behind it. */
function boundariesOf(keys: Buffer[], index: PrimaryIndex): Boundary[] {
  const inside = keys.map((key) => decodeBoundary(key, index)).filter((boundary) => boundary.kind === 'at');
  return [OPEN[0], ...inside, OPEN[1]];
}

const OPEN: [Boundary, Boundary] = [{ kind: 'before' }, { kind: 'after' }];

describe.each(keySamples(seededRandom(SEED)))('keys of $type', ({ type, values }) => {
  it.each([false, true])('descending: %s', async (descending) => {
    const table = `k_${type.replace(/\W+/g, '_').toLowerCase()}_${descending ? 'desc' : 'asc'}`;
    const { index, samples } = await fill(
      table,
      [{ name: 'the key', type, descending }],
      values.map((v) => [v]),
    );
    expect(samples.length).toBeGreaterThan(1);

    // Every row's key decodes to that row's value.
    const decoded = samples.map(({ key }) => decodeBoundary(key, index));
    for (const [at, boundary] of decoded.entries()) {
      if (boundary.kind !== 'at')
        throw new Error(`Key ${samples[at]?.key.toString('hex')} is ${boundary.kind}.`);
      expect(boundary.values).toHaveLength(1);
      const { rows } = await client.query<{ id: string }>(
        `SELECT id::STRING FROM ${table} WHERE "the key" = ${boundary.values[0]}`,
      );
      expect(
        rows.map((row) => row.id),
        boundary.values[0],
      ).toEqual([samples[at]?.id]);
    }
    // Cut at every row, each piece is one row, in key order.
    const pieces = await idsBetween(table, [OPEN[0], ...decoded, OPEN[1]], index);
    expect(pieces).toEqual([[], ...samples.map(({ id }) => [id])]);

    // Cut where the ranges really are, the pieces are the table.
    const ids = samples.filter((_, at) => at % Math.ceil(samples.length / 3) === 1).map(({ id }) => id);
    const keys = await split(table, ['the key'], samples, ids, index);
    const real = boundariesOf(keys, index);
    const read = (await idsBetween(table, real, index)).flat();
    expect(read.sort()).toEqual(samples.map(({ id }) => id).sort());
  });
});

describe.each(mixedSamples(seededRandom(SEED)))('keys of $name', ({ name, columns, rows }) => {
  it('cut at whole keys and at prefixes', async () => {
    const { index, samples } = await fill(name, columns, rows);
    const decoded = samples.map(({ key }) => decodeBoundary(key, index));
    const pieces = await idsBetween(name, [OPEN[0], ...decoded, OPEN[1]], index);
    expect(pieces).toEqual([[], ...samples.map(({ id }) => [id])]);

    const ids = samples.filter((_, at) => at % 13 === 4).map(({ id }) => id);
    const names = columns.map((column) => column.name);
    await split(name, names.slice(0, 1), [], ids, index);
    const keys = await split(name, names, samples, ids, index);
    const real = boundariesOf(keys, index);
    expect(real.some((boundary) => boundary.kind === 'at' && boundary.values.length === 1)).toBe(true);
    const all = samples.map(({ id }) => id).sort();
    expect((await idsBetween(name, real, index)).flat().sort()).toEqual(all);

    // Behind all rows that start with a prefix.
    const past = decoded.map((boundary): Boundary =>
      boundary.kind === 'at' ? { ...boundary, values: boundary.values.slice(0, 1), past: true } : boundary,
    );
    expect((await idsBetween(name, [OPEN[0], ...past, OPEN[1]], index)).flat().sort()).toEqual(all);
  });
});

it('refuses what can not be inverted', async () => {
  const columns = [
    { name: 'a', type: 'INT8', descending: false },
    { name: 'b', type: 'STRING COLLATE en', descending: false },
  ];
  const { index, samples } = await fill('collated', columns, [['1', `'ä' COLLATE en`]]);
  expect(() => decodeBoundary(samples[0]?.key ?? Buffer.of(), index)).toThrow(UndecodableKey);

  const moods = await fill('moods', [{ name: 'm', type: 'mood', descending: false }], [[`'ok'`]]);
  const unknown = { ...moods.index, columns: [{ name: 'm', type: 'public.mood', descending: false }] };
  expect(() => decodeBoundary(moods.samples[0]?.key ?? Buffer.of(), unknown)).toThrow(UndecodableKey);

  const spans = [{ name: 's', type: 'INTERVAL', descending: false }];
  const intervals = await fill('intervals', spans, [[`'30 days'`], [`'300 years'`], [`'-1 mon 30 days'`]]);
  for (const { key } of intervals.samples) {
    expect(() => decodeBoundary(key, intervals.index)).toThrow(UndecodableKey);
  }

  const zoned = await fill('zoned', [{ name: 'z', type: 'TIMETZ', descending: false }], [[`'01:00:00+01'`]]);
  expect(() => decodeBoundary(zoned.samples[0]?.key ?? Buffer.of(), zoned.index)).toThrow(UndecodableKey);
});
