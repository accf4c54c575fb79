import { describe, expect, it } from 'vitest';
import { formOf } from './values.ts';

const CASES: [type: string, good: string[], bad: string[]][] = [
  ['smallint', ['0', '-32768', '32767'], ['32768', '-32769', '1.0', '', 'x', ' 1']],
  ['INT4', ['-2147483648', '2147483647'], ['2147483648', '-2147483649']],
  [
    'bigint',
    ['-9223372036854775808', '9223372036854775807'],
    ['9223372036854775808', '99999999999999999999'],
  ],
  ['boolean', ['t', 'f', 'true', 'false'], ['', 'T', '1', 'tr']],
  [
    'uuid',
    ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1', '', 'g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ],
  [
    'date',
    ['2026-02-28', '2024-02-29', '4713-01-01 BC', '0001-02-29 BC', '5874897-12-31', 'infinity', '-infinity'],
    [
      '2026-02-29',
      '2026-13-01',
      '2026-00-01',
      '2026-04-31',
      '26-01-01',
      '2026-01-01 12:00:00',
      '2026-01-01 AD',
    ],
  ],
  [
    'timestamp(3) without time zone',
    ['2026-01-01 00:00:00', '2026-12-31 23:59:59.999999', '0044-03-15 12:00:00 BC'],
    [
      '2026-01-01',
      '2026-01-01 24:00:00',
      '2026-01-01 00:60:00',
      '2026-01-01 00:00:00+00',
      '2026-01-01T00:00:00',
    ],
  ],
  [
    'timestamp with time zone',
    [
      '2026-01-01 00:00:00+00',
      '2026-01-01 00:00:00.1-03:30',
      '1880-01-01 00:00:00+05:41:16',
      '0044-03-15 12:00:00+00 BC',
    ],
    ['2026-01-01 00:00:00', '2026-01-01 00:00:00 UTC'],
  ],
  ['TIMESTAMPTZ(6)', ['2026-01-01 00:00:00+00:00'], ['x']],
  [
    'numeric(12,2)',
    ['0', '-0.00', '12345678901234567890.5', 'NaN', 'Infinity', '1E+3', '1e-50'],
    ['', '1.', '.5', '1,5', 'nan(1)', '+1'],
  ],
  ['DECIMAL', ['1.10'], ['abc']],
  [
    'double precision',
    ['0', '-0', '1e-45', '1.7976931348623157e+308', 'NaN', '-Infinity'],
    ['', '0x1', 'Inf inity'],
  ],
  ['real', ['0.1'], ['--1']],
  ['bytea', ['\\x', '\\x00ff'], ['', '\\x0', 'abc', '\\x0g']],
  ['json', ['{"a":  1, "a": 2}', 'null', '"ü"', ' [1] '], ['', '{', 'nul', "{'a': 1}"]],
];

describe.each(CASES)('%s', (type, good, bad) => {
  const form = formOf(type);

  it.each(good)('takes %s', (value) => {
    expect(form?.check(value)).toBeNull();
  });

  it.each(bad)('does not take %s', (value) => {
    expect(form?.check(value)).toEqual(expect.any(String));
  });
});

it.each(['text', 'character varying(40)', 'integer[]', 'interval', 'public.mood', 'constructor', '"char"'])(
  'does not look into %s',
  (type) => {
    expect(formOf(type)).toBeNull();
  },
);
