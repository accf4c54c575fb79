/** Values of every type that a column of CockroachDB 21.1 can have: edges, and what is easily got wrong in text. */
export interface TypeSample {
  type: string;
  /** SQL expressions. */
  values: string[];
  /** Arrays of it can be columns. */
  arrays: boolean;
}

const TEXTS = [
  `''`,
  `'plain'`,
  `'NULL'`,
  `'null'`,
  `e'\\\\N'`,
  `e'tab\\there'`,
  `e'line\\nbreak\\r\\n'`,
  `e'back\\\\slash \\\\x00 \\\\t'`,
  `'it''s "quoted", {braced}'`,
  `' spaces '`,
  `'ünï 漢 🂡'`,
  `e'\\x01\\x08\\x0b\\x0c\\x1f\\x7f'`,
  `repeat('long ', 20000)`,
];

const INTEGERS = (bits: number) => [
  '0',
  '1',
  '-1',
  `${2n ** BigInt(bits - 1) - 1n}`,
  `'-${2n ** BigInt(bits - 1)}'`,
];

export const TYPE_SAMPLES: TypeSample[] = [
  { type: 'BOOL', values: ['true', 'false'], arrays: true },
  { type: 'INT2', values: INTEGERS(16), arrays: true },
  { type: 'INT4', values: INTEGERS(32), arrays: true },
  { type: 'INT8', values: INTEGERS(64), arrays: true },
  {
    type: 'FLOAT4',
    values: ['0', `'-0'`, '0.1', '3.4028235e38', '1e-45', `'NaN'`, `'Infinity'`, `'-Infinity'`],
    arrays: true,
  },
  {
    type: 'FLOAT8',
    values: [
      '0',
      `'-0'`,
      '0.1::FLOAT8 + 0.2::FLOAT8',
      '1.7976931348623157e308',
      '5e-324',
      '123456789.123456789',
      `'NaN'`,
      `'Infinity'`,
      `'-Infinity'`,
    ],
    arrays: true,
  },
  {
    type: 'DECIMAL',
    values: [
      '0',
      '1.10',
      '-1.100',
      '1e3',
      '1E-50',
      '123456789012345678901234567890.123456789',
      `'NaN'`,
      `'Infinity'`,
    ],
    arrays: true,
  },
  { type: 'DECIMAL(12,2)', values: ['0', '1.1', '-9999999999.99'], arrays: true },
  { type: 'STRING', values: TEXTS, arrays: true },
  { type: 'STRING(20)', values: [`'short'`, `e'\\\\'`], arrays: true },
  { type: 'CHAR(3)', values: [`'a'`, `'abc'`, `'NUL'`], arrays: true },
  { type: 'VARCHAR', values: TEXTS.slice(0, 6), arrays: true },
  { type: '"char"', values: [`'x'`, `''`, `e'\\\\'`], arrays: false },
  { type: 'NAME', values: [`'a name'`, `'NULL'`, `e'\\\\n'`], arrays: true },
  {
    type: 'STRING COLLATE en',
    values: [`'Ann' COLLATE en`, `e'\\t\\\\' COLLATE en`, `'' COLLATE en`],
    arrays: false,
  },
  {
    type: 'BYTES',
    values: [`b''`, `b'\\x00\\xff\\\\tab\\x09\\x0a'`, `b'\\\\x41'`, `'\\x6162'::BYTES`],
    arrays: true,
  },
  {
    type: 'UUID',
    values: [`'00000000-0000-0000-0000-000000000000'`, `'ffffffff-ffff-4fff-8fff-ffffffffffff'`],
    arrays: true,
  },
  { type: 'INET', values: [`'10.0.0.1/8'`, `'::1'`, `'2001:db8::/32'`, `'192.168.0.1'`], arrays: true },
  { type: 'BIT(4)', values: [`B'1011'`, `B'0000'`], arrays: true },
  {
    type: 'VARBIT',
    values: [`B''`, `B'1'`, `B'0101010101010101010101010101010101010101010101010101010101010101011'`],
    arrays: true,
  },
  {
    type: 'DATE',
    values: [`'2026-01-02'`, `'0001-01-01'`, `'0044-03-15 BC'`, `'infinity'`, `'-infinity'`, `'9999-12-31'`],
    arrays: true,
  },
  { type: 'TIME', values: [`'00:00:00'`, `'24:00'`, `'23:59:59.999999'`, `'12:00:00.000001'`], arrays: true },
  { type: 'TIME(0)', values: [`'12:34:56'`], arrays: true },
  {
    type: 'TIMETZ',
    values: [`'12:00:00+03'`, `'24:00:00-15:59'`, `'00:00:00.000001+00'`, `'12:00:00-01:30:30'`],
    arrays: true,
  },
  {
    type: 'TIMESTAMP',
    values: [
      `'2026-01-02 03:04:05.678901'`,
      `'2026-01-02 BC'`,
      `'0001-01-01 00:00:00'`,
      `'1969-12-31 23:59:59.999999'`,
      `'9999-12-31 23:59:59.999999'`,
    ],
    arrays: true,
  },
  {
    type: 'TIMESTAMPTZ',
    values: [
      `'2026-01-02 03:04:05.678901+05:30'`,
      `'2026-01-02 00:00:00+00 BC'`,
      `'1890-01-01 00:00:00+00'`,
      `'0001-01-01 00:00:00+00'`,
    ],
    arrays: true,
  },
  { type: 'TIMESTAMPTZ(0)', values: [`'2026-01-02 03:04:05+00'`], arrays: true },
  {
    type: 'INTERVAL',
    values: [
      `'1 mon 2 days 03:04:05.678'`,
      `'-1 day'`,
      `'-1 mon 30 days -00:00:00.000001'`,
      `'300 years'`,
      `'0'`,
      `'1 year 2 mons -3 days'`,
    ],
    arrays: true,
  },
  { type: 'INTERVAL DAY TO SECOND', values: [`'3 04:05:06.789'`], arrays: true },
  {
    type: 'JSONB',
    values: [
      `'null'`,
      `'{"k": [1, 2.50, "x\\ty\\\\", {"": null}]}'`,
      `'"\\u00fc \\ud83c\\udca1 \\" \\\\ \\n"'`,
      `'123456789012345678901234567890.0123456789'`,
      `'[]'`,
      `'"\\\\N"'`,
      `'1e-10'`,
    ],
    arrays: false,
  },
  { type: 'OID', values: ['0', '26', '4294967295'], arrays: true },
  { type: 'mood', values: [`'sad'`, `'it''s "fine"'`, `'NULL'`, `e'a\\\\b'`], arrays: true },
  {
    type: 'GEOMETRY',
    values: [`'POINT(1.5 -2)'`, `'SRID=4326;LINESTRING(0 0, 1 1)'`, `'POLYGON EMPTY'`],
    arrays: true,
  },
  { type: 'GEOGRAPHY', values: [`'POINT(1.5 -2)'`, `'SRID=4326;POINT(170 89)'`], arrays: true },
  { type: 'BOX2D', values: [`'BOX(0 0,1.5 2)'`], arrays: true },
];
