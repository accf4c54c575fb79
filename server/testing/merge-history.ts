import fc from 'fast-check';
import { literal } from '../cluster/literal.ts';

/** Random histories of tables of which each kind of key, and each kind of change, is told apart in another way. */

/** Rows have numbers, whatever their keys are. */
const NUMBERS = 40;
/** What a row's number grows by when its key is changed. */
const RENUMBERED = 1000;

interface KeyedTable {
  name: string;
  /** Columns and constraints beside `n int, v text`. */
  columns: string;
  /** The columns of the key, and the values of row n. */
  key: Record<string, (n: number) => string>;
}

/** Texts that COPY escapes, that look like its escapes, that are empty, and that are too long to be held as they are. */
function awkward(n: number): string {
  const texts = [
    `plain ${n}`,
    `tab\there ${n}`,
    `new\nline ${n}`,
    `back\\slash\\${n}`,
    `\\N${n}`,
    `ünï 😀 表 ${n}`,
    ` ${n} \r\v\b\f`,
    `${'as long as a key is hardly ever '.repeat(3)}${n}`,
    `Case ${n}`,
    `case ${n - 1}`,
  ];
  return n === 0 ? literal('') : literal(texts[n % texts.length] ?? '');
}

export const MERGED_TABLES: readonly KeyedTable[] = [
  { name: 'numbers', columns: 'id int PRIMARY KEY', key: { id: String } },
  { name: 'texts', columns: 'k text PRIMARY KEY', key: { k: awkward } },
  {
    // Its key is in another order than its columns, and not together.
    name: 'pairs',
    columns: 'a varchar(200), between_them text, b bigint, PRIMARY KEY (b, a)',
    key: { b: (n) => `${n} - 5000000000`, a: awkward },
  },
  {
    name: 'kinds',
    columns: 'u uuid, b bytea, t timestamptz, d date, f boolean, PRIMARY KEY (u, b, t, d, f)',
    key: {
      u: (n) => `md5('${n}')::uuid`,
      b: (n) => `decode('00' || lpad(to_hex(${n}), 4, '0') || '5c', 'hex')`,
      t: (n) => `'0002-01-01 00:00:00.5+00 BC'::timestamptz + ${n} * interval '1 year'`,
      d: (n) => (n === 1 ? "'infinity'" : `'4713-01-01 BC'::date + ${n}`),
      f: (n) => String(n % 2 === 0),
    },
  },
  {
    // Traded while they are unique.
    name: 'seats',
    columns: 'id int PRIMARY KEY, seat int UNIQUE',
    key: { id: String, seat: String },
  },
  // Equal keys may be written differently: not to be merged.
  { name: 'amounts', columns: 'k numeric PRIMARY KEY', key: { k: (n) => `${n}.50` } },
  { name: 'cases', columns: 'k text COLLATE any_case PRIMARY KEY', key: { k: (n) => `'Key ${n}'` } },
  { name: 'empty', columns: 'id int PRIMARY KEY', key: {} },
];

/** To be run once in the database. */
export const MERGED_SQL = [
  `CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
  ...MERGED_TABLES.map(({ name, columns }) => `CREATE TABLE ${name} (n int, ${columns}, v text)`),
];

export interface MergeChange {
  table: number;
  do: 'insert' | 'update' | 'delete' | 'again' | 'rekey' | 'respell' | 'trade' | 'truncate' | 'column';
  from: number;
  count: number;
}

const change: fc.Arbitrary<MergeChange> = fc.record({
  table: fc.nat(MERGED_TABLES.length - 2),
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constant('insert' as const) },
    { weight: 6, arbitrary: fc.constant('update' as const) },
    {
      weight: 8,
      arbitrary: fc.constantFrom(
        'delete' as const,
        'again' as const,
        'rekey' as const,
        'respell' as const,
        'trade' as const,
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom('truncate' as const, 'column' as const) },
  ),
  from: fc.nat(NUMBERS),
  count: fc.integer({ min: 1, max: 12 }),
});

/** What changes before each of some backups. */
export function mergeHistory(layers: number): fc.Arbitrary<MergeChange[][]> {
  return fc.array(fc.array(change, { minLength: 4, maxLength: 12, size: 'max' }), {
    minLength: layers,
    maxLength: layers,
  });
}

/** The SQL of a change, as one transaction. `turn` makes its values new. */
export function changeSql({ table: place, do: what, from, count }: MergeChange, turn: number): string {
  const table = MERGED_TABLES[place];
  if (table === undefined) throw new Error('no such table');
  const { name, key } = table;
  const where = `n >= ${from} AND n < ${from + count}`;
  const insert = () => {
    const rows = Array.from({ length: count }, (_, offset) => rowOf(table, from + offset, turn));
    return `INSERT INTO ${name} (n, ${Object.keys(key).join(', ')}, v) VALUES ${rows.join(', ')} ON CONFLICT DO NOTHING`;
  };
  switch (what) {
    case 'insert':
      return insert();
    case 'update':
      return `UPDATE ${name} SET v = CASE WHEN n % 3 = 0 THEN NULL ELSE 'turn ${turn}' END WHERE ${where}`;
    case 'delete':
      return `DELETE FROM ${name} WHERE ${where}`;
    case 'again':
      return `BEGIN; DELETE FROM ${name} WHERE ${where}; ${insert()}; COMMIT`;
    case 'rekey': {
      const [first] = Object.entries(key);
      const to = from + RENUMBERED + turn * NUMBERS;
      if (first === undefined) return 'SELECT';
      const rest = Object.entries(key).map(([column, value]) => `${column} = ${value(to)}`);
      return `UPDATE ${name} SET n = ${to}, ${rest.join(', ')} WHERE n = ${from}`;
    }
    case 'respell':
      if (name === 'amounts') return `UPDATE amounts SET k = k * 1.0 WHERE ${where}`;
      if (name === 'cases') return `UPDATE cases SET k = upper(k) WHERE ${where}`;
      return insert();
    case 'trade':
      if (name !== 'seats') return insert();
      return `BEGIN;
        UPDATE seats SET seat = -1 - seat WHERE ${where};
        WITH ranked AS (SELECT id, seat, row_number() OVER (ORDER BY id) AS up,
          row_number() OVER (ORDER BY id DESC) AS down FROM seats WHERE ${where})
        UPDATE seats AS s SET seat = -1 - other.seat
        FROM ranked AS one JOIN ranked AS other ON other.down = one.up WHERE s.id = one.id;
        COMMIT`;
    case 'truncate':
      return `TRUNCATE ${name}`;
    case 'column':
      return `ALTER TABLE ${name} ADD COLUMN c${turn} text`;
  }
}

function rowOf({ key }: KeyedTable, n: number, turn: number): string {
  const v = n % 4 === 0 ? 'NULL' : literal(`value\t${n}\\ of turn ${turn}`);
  return `(${[String(n), ...Object.values(key).map((value) => value(n)), v].join(', ')})`;
}
