/** PostgreSQL types with values that are easy to get wrong, as SQL. */

/** A column's type, and the SQL of its nth value; after the last one comes the first again. */
export interface ValueType {
  type: string;
  value(n: number): string;
}

/** What the types below need: to be run once in their database. */
export const TYPES_SQL = `
  CREATE SCHEMA "Other é";
  CREATE TYPE mood AS ENUM ('sad', 'it''s "fine"', E'tab\\tand \\\\');
  CREATE DOMAIN "Other é".small AS numeric(8, 3) CHECK (VALUE < 10000);
  CREATE TYPE pair AS ("Left" text, m mood, s "Other é".small);
  CREATE TYPE span AS RANGE (subtype = numeric);
  CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`;

function listed(type: string, ...values: string[]): ValueType {
  return {
    type,
    value: (n) => {
      // One more than there are: NULL has its turn.
      const value = values[n % (values.length + 1)];
      return value === undefined ? 'NULL' : `${value}::${type}`;
    },
  };
}

/** Text that doesn't compress, so that values of some kilobytes are stored out of line. */
function noise(n: number, lines: number): string {
  return `(SELECT string_agg(md5('${n}.' || i), '' ORDER BY i) FROM generate_series(1, ${lines}) i)`;
}

export const VALUES: readonly ValueType[] = [
  listed('int2', "'-32768'", "'32767'", "'0'"),
  listed('int8', "'-9223372036854775808'", "'9223372036854775807'", "'1'"),
  listed('numeric', "'NaN'", "'1.0'", "'1.00'", "'-0.000'", "'1e100'", "'-12345678901234567890.0123456789'"),
  listed('numeric(12,4)', "'1'", "'-99999999.9999'", "'NaN'"),
  listed('float8', "'NaN'", "'-0'", "'0'", "'Infinity'", "'-Infinity'", "'0.1'", "'5e-324'", "'1e308'"),
  listed('float4', "'NaN'", "'-0'", "'1.1754944e-38'", "'16777217'"),
  listed(
    'text',
    "''",
    String.raw`E'\\N'`,
    String.raw`E'a\\b\tc\nd\re\\'`,
    String.raw`E'\\.'`,
    "'ünï 😀 \u2028 \u00a0'",
    String.raw`E'\x01\x7f\b\f\v'`,
    "'null'",
    "'  '",
  ),
  listed('varchar(20)', "'x'", "' y '", String.raw`E'\\t'`),
  listed('char(5)', "'ab'", "''", "'é'"),
  listed('"char"', "'c'", "''", String.raw`E'\\'`),
  listed('bytea', String.raw`'\x'`, String.raw`'\x00'`, String.raw`'\x005c0aff09'`, String.raw`'\x5c4e'`),
  listed('json', `'{"a" :  1, "a":2}'`, String.raw`E'["\\u00e9\\\\", \n null]'`, "'null'"),
  listed('jsonb', `'{"b": [1, 2.50, null], "a": "\\\\ \\t"}'`, "'null'", `'"ü"'`),
  listed('int4[]', "'{}'", "'{1,NULL,-3}'", "'{{1,2},{3,4}}'", "'[0:1]={5,6}'"),
  listed('text[]', `'{"",NULL,"NULL","a b","\\"q\\\\"}'`, String.raw`E'{"x\ty","\\\\\\\\"}'`, "'{é}'"),
  listed(
    'timestamptz',
    "'infinity'",
    "'-infinity'",
    "'4714-11-24 00:00:00+00 BC'",
    "'2024-02-29 12:00:00.000001+05:30'",
  ),
  listed('timestamp', "'0044-03-15 12:00:00 BC'", "'infinity'", "'294276-12-31 23:59:59.999999'"),
  listed('date', "'infinity'", "'0001-01-01 BC'", "'2024-02-29'"),
  listed('time', "'24:00:00'", "'00:00:00.000001'"),
  listed('timetz', "'23:59:60+15:59'", "'00:00:00-15:59'"),
  listed(
    'interval',
    "'-1 year 2 mons -3 days 04:05:06.000007'",
    "'0'",
    "'178000000 years'",
    "'1 day -24:00:00'",
  ),
  { type: 'mood', value: (n) => `(enum_range(NULL::mood))[${1 + (n % 4)}]` },
  {
    type: 'mood[]',
    value: (n) => (n % 3 === 0 ? 'NULL' : `(enum_range(NULL::mood))[1:${n % 3}]`),
  },
  listed('"Other é".small', "'1.5'", "'-9999.999'", "'0'"),
  {
    type: 'pair',
    value: (n) =>
      n % 3 === 0
        ? 'NULL'
        : `ROW(${String.raw`E'a "b" \\ ,(\t'`}, (enum_range(NULL::mood))[1], ${n % 3}.25)::pair`,
  },
  listed('int4range', "'empty'", "'[1,5)'", "'(,)'", "'[2147483646,)'"),
  listed('tstzrange', `'["0044-03-15 00:00:00+00 BC",infinity)'`, "'(,2024-01-01 00:00:00+00]'"),
  listed('span', "'[1.0,1.00]'", "'empty'", "'(-1e20,1e20)'"),
  listed('inet', "'192.168.0.1/24'", "'::1'", "'::ffff:10.0.0.1/100'"),
  listed('cidr', "'10.0.0.0/8'", "'2001:db8::/32'"),
  listed('macaddr', "'08:00:2b:01:02:03'"),
  listed('bit(5)', "B'10101'", "B'00000'"),
  listed('varbit', "B''", "B'0101011101'"),
  listed('uuid', "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
  listed('bool', "'t'", "'f'"),
  listed('money', "'-1234.56'", "'0'"),
  listed('point', "'(-0,1e-300)'", "'(NaN,Infinity)'"),
  listed('tsvector', String.raw`'''a \\'':1A,2B b'`, "''"),
  listed('xid8', "'18446744073709551615'"),
  { type: 'text', value: (n) => noise(n, 200 + (n % 3) * 100) },
  { type: 'bytea', value: (n) => `decode(${noise(n, 300)}, 'hex')` },
  { type: 'jsonb', value: (n) => `jsonb_build_object('long', ${noise(n, 250)}, 'n', ${n})` },
  { type: 'text', value: (n) => `repeat('squeezed ${n} ', 2000)` },
];

/** A type of key, and the SQL of the key of row n: no two are equal. */
export interface KeyType extends ValueType {
  /** A key that is equal to the column's and written otherwise. */
  respelt?(column: string): string;
}

export const KEYS: readonly KeyType[] = [
  { type: 'int8', value: (n) => `${n - 20}` },
  { type: 'text', value: (n) => String.raw`E'k\t\\${n}\né'` },
  {
    type: 'text COLLATE any_case',
    value: (n) => `'key ${n}'`,
    respelt: (column) => `upper(${column})`,
  },
  {
    type: 'numeric',
    value: (n) => `${n}.${n % 2 === 0 ? '5' : '50'}`,
    respelt: (column) => `${column} * 1.0`,
  },
  {
    type: 'float8',
    value: (n) => (n === 0 ? "'-0'" : n === 1 ? "'NaN'" : n === 2 ? "'-Infinity'" : `${n}::float8 / 3`),
    respelt: (column) => `CASE WHEN ${column} = 0 THEN - ${column} ELSE ${column} END`,
  },
  { type: 'uuid', value: (n) => `md5('${n}')::uuid` },
  { type: 'bytea', value: (n) => `decode('00' || lpad(to_hex(${n}), 4, '0') || '5c', 'hex')` },
  {
    type: 'timestamptz',
    value: (n) =>
      n === 0 ? "'-infinity'" : `'0002-01-01 00:00:00.5+00 BC'::timestamptz + ${n} * interval '1 year'`,
  },
  {
    type: 'interval',
    value: (n) => `make_interval(days => ${n})`,
    respelt: (column) => `${column} - interval '1 day' + interval '24 hours'`,
  },
  { type: 'char(6)', value: (n) => `'k${n}'` },
  { type: 'inet', value: (n) => `'10.0.0.0/8'::inet + ${n}` },
  { type: 'varbit', value: (n) => `'1'::varbit || ${n}::bit(12)` },
  { type: 'int4range', value: (n) => `int4range(${n}, ${n + 3})` },
  { type: 'text[]', value: (n) => String.raw`ARRAY['a "', NULL, E'\\${n}']` },
  { type: 'pair', value: (n) => `ROW('p,${n}', NULL, 0.5)::pair` },
  { type: '"Other é".small', value: (n) => `${n}.125` },
  { type: 'date', value: (n) => `'4713-01-01 BC'::date + ${n}` },
  // Long enough to be stored out of line, and short enough for an index.
  { type: 'text', value: (n) => `${noise(n, 75)} || '${n}'` },
];
