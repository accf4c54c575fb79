/** Key values for the live tests: the edges of every indexable type, and seeded random ones between them. */

export type Random = () => number;

/** Mulberry32: the same numbers from 0 to 1 for the same seed, on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function integerBelow(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** Of any width up to `bits`, so that short encodings come as often as long ones. */
function integer(random: Random, bits: number): bigint {
  const width = 1 + integerBelow(random, bits - 1);
  let value = 0n;
  for (let bit = 0; bit < width; bit++) value = value * 2n + BigInt(integerBelow(random, 2));
  return random() < 0.5 ? value : -value - 1n;
}

function hexBytes(random: Random, length: number): string {
  // Many 0x00, 0x01 and 0xff: the bytes that the encoding escapes or ends with.
  const byte = () => [0x00, 0x01, 0xfe, 0xff, integerBelow(random, 256)][integerBelow(random, 5)] ?? 0;
  return times(length, () => byte().toString(16).padStart(2, '0')).join('');
}

function word(random: Random, limit: number): string {
  const alphabet = [
    'a',
    'B',
    'z',
    ' ',
    "''",
    '\\\\',
    '\\n',
    '\\t',
    '\\x00',
    '\\x01',
    '\\x7f',
    'é',
    '漢',
    '🂡',
    '%',
    '"',
  ];
  const length = integerBelow(random, limit + 1);
  return `e'${times(length, () => alphabet[integerBelow(random, alphabet.length)]?.replace("''", "\\'") ?? '').join('')}'`;
}

const INTEGER_WIDTHS = [8, 16, 24, 32, 40, 48, 56, 63];

/** Every place where the integers' encoding changes its width, and the ends. */
function integerEdges(bits: number): string[] {
  const edges = INTEGER_WIDTHS.filter((width) => width <= bits).flatMap((width) => {
    const power = 1n << BigInt(width);
    return [power - 1n, -power, -power + 1n, ...(width < bits ? [power, -power - 1n] : [])];
  });
  return [0n, 1n, -1n, 108n, 109n, 110n, ...edges].map((edge) => `'${edge}'`);
}

const TIMES = ["'00:00:00'", "'24:00:00'", "'00:00:00.000001'", "'23:59:59.999999'", "'12:00'"];
const TIMESTAMPS = [
  "'infinity'",
  "'-infinity'",
  "'1970-01-01 00:00:00'",
  "'1969-12-31 23:59:59.999999'",
  "'1970-01-01 00:00:00.000001'",
  "'0001-01-01 00:00:00'",
  "'0001-12-31 23:59:59 BC'",
  "'0044-03-15 12:00:00 BC'",
  "'4713-01-01 00:00:00 BC'",
  "'2000-02-29 23:59:59.5'",
  "'1900-03-01'",
  "'12345-06-07 08:09:10'",
  "'294276-12-31 23:59:59'",
];

function randomTimestamps(random: Random, count: number): string[] {
  return times(count, () => {
    const seconds = (random() - 0.5) * 2e11;
    return `'1970-01-01 00:00:00'::TIMESTAMPTZ + '${seconds.toFixed(6)} s'::INTERVAL`;
  });
}

/** Every indexable type with values for its keys, as SQL; some may be equal. */
export function keySamples(random: Random): { type: string; values: string[] }[] {
  const ints = (bits: number) => times(12, () => `'${integer(random, bits)}'`);
  const stamps = randomTimestamps(random, 12);
  return [
    { type: 'INT2', values: [...integerEdges(15), "'32767'", "'-32768'", ...ints(15)] },
    { type: 'INT4', values: [...integerEdges(31), "'2147483647'", "'-2147483648'", ...ints(31)] },
    { type: 'INT8', values: [...integerEdges(63), ...ints(63)] },
    { type: 'BOOL', values: ['true', 'false'] },
    {
      type: 'STRING',
      values: [
        "''",
        "'a'",
        "'aa'",
        "e'a\\x00'",
        "e'\\x00'",
        "e'\\u00ff'",
        ...times(24, () => word(random, 8)),
      ],
    },
    { type: 'VARCHAR(6)', values: ["''", "'A'", "' '", ...times(10, () => word(random, 6))] },
    { type: 'CHAR(3)', values: ["'a'", "'ab'", "'abc'", "''"] },
    { type: '"char"', values: ["'a'", "'b'", "'é'"] },
    { type: 'NAME', values: ["'a'", "'B c'", ...times(6, () => word(random, 6))] },
    {
      type: 'BYTES',
      values: [
        "b''",
        "x'00'",
        "x'ff'",
        "x'0001'",
        "x'00ff'",
        ...times(16, () => `x'${hexBytes(random, integerBelow(random, 9))}'`),
      ],
    },
    {
      type: 'UUID',
      values: [
        "'00000000-0000-0000-0000-000000000000'",
        "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        ...times(10, () => `'${hexBytes(random, 16)}'`),
      ],
    },
    {
      type: 'DATE',
      values: [
        "'infinity'",
        "'-infinity'",
        "'1970-01-01'",
        "'2000-02-29'",
        "'1900-02-28'",
        "'0001-01-01'",
        "'0001-12-31 BC'",
        "'4714-11-24 BC'",
        "'5874897-12-31'",
        ...times(16, () => `'1970-01-01'::DATE + ${integerBelow(random, 4_000_000) - 2_000_000}`),
      ],
    },
    {
      type: 'TIME',
      values: [
        ...TIMES,
        ...times(8, () => `'00:00'::TIME + '${integerBelow(random, 86_399_000)} ms'::INTERVAL`),
      ],
    },
    { type: 'TIME(0)', values: TIMES },
    { type: 'TIMESTAMP', values: [...TIMESTAMPS, ...stamps.map((stamp) => `(${stamp})::TIMESTAMP`)] },
    { type: 'TIMESTAMPTZ', values: [...TIMESTAMPS, ...stamps] },
    { type: 'TIMESTAMPTZ(3)', values: [...TIMESTAMPS.slice(2), ...stamps] },
    {
      type: 'INTERVAL',
      values: [
        "'0'",
        "'1 mon'",
        "'29 days 23:59:59.999999'",
        "'-1 mon'",
        "'1 mon 1 day'",
        "'0.000001'",
        "'-0.000001'",
        "'1 year 2 mons 3 days 04:05:06.789'",
        "'291 years'",
        "'-291 years'",
        ...times(10, () => {
          const sign = random() < 0.5 ? '' : '-';
          return `'${sign}${integerBelow(random, 400)} mons ${sign}${integerBelow(random, 30)} days ${sign}${integerBelow(random, 86_400_000)} ms'`;
        }),
      ],
    },
    {
      type: 'DECIMAL',
      values: [
        "'NaN'",
        "'Infinity'",
        "'-Infinity'",
        ...[
          '0',
          '1',
          '9',
          '10',
          '99',
          '100',
          '101',
          '1000',
          '0.1',
          '0.01',
          '0.001',
          '0.000123',
          '1.5',
          '12.34',
          '123.456',
        ],
        ...[
          '1E20',
          '1E21',
          '1E22',
          '9.9E400',
          '1E-400',
          '1E-21',
          '123456789012345678901234567890.5',
          '0.99E-130',
        ],
      ]
        .flatMap((value) =>
          /^[1-9]|^0\./.test(value)
            ? [`'${value}'`, `'-${value}'`]
            : [value.startsWith("'") ? value : `'${value}'`],
        )
        .concat(times(16, () => `'${integer(random, 62)}E${integerBelow(random, 60) - 30}'`)),
    },
    {
      type: 'DECIMAL(12,2)',
      values: [
        "'0'",
        "'-0.01'",
        "'0.01'",
        "'9999999999.99'",
        ...times(8, () => `'${(random() * 2e6 - 1e6).toFixed(2)}'`),
      ],
    },
    {
      type: 'FLOAT8',
      values: [
        ...[
          "'NaN'",
          "'Infinity'",
          "'-Infinity'",
          "'-0'",
          "'1'",
          "'-1'",
          "'0.1'",
          "'-0.1'",
          "'5e-324'",
          "'-5e-324'",
        ],
        ...[
          "'1.7976931348623157e308'",
          "'-1.7976931348623157e308'",
          "'2.2250738585072014e-308'",
          "'9007199254740993'",
        ],
        ...times(12, () => `'${(random() - 0.5) * 10 ** (integerBelow(random, 600) - 300)}'`),
      ],
    },
    {
      type: 'FLOAT4',
      values: [
        "'NaN'",
        "'Infinity'",
        "'0'",
        "'0.1'",
        "'-0.1'",
        "'3.4e38'",
        "'1e-45'",
        ...times(6, () => `'${random()}'`),
      ],
    },
    {
      type: 'INET',
      values: [
        ...[
          "'0.0.0.0'",
          "'0.0.0.0/0'",
          "'255.255.255.255'",
          "'192.168.0.1/24'",
          "'10.0.0.1/8'",
          "'::'",
          "'::1'",
          "'::/0'",
        ],
        ...[
          "'::ffff:1.2.3.4'",
          "'::ffff:1.2.3.4/100'",
          "'2001:db8::ff00:42:8329/64'",
          "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'",
        ],
      ],
    },
    { type: 'BIT(5)', values: ["B'00000'", "B'11111'", "B'10101'", "B'00001'"] },
    {
      type: 'VARBIT',
      values: [
        ...["B''", "B'0'", "B'1'", "B'00'", "B'01'", "B'10'"],
        ...[63, 64, 65, 127, 128, 129].flatMap((length) => [
          `B'${'1'.repeat(length)}'`,
          `B'${'0'.repeat(length)}'`,
        ]),
        ...times(10, () => `B'${times(integerBelow(random, 140), () => integerBelow(random, 2)).join('')}'`),
      ],
    },
    {
      type: 'OID',
      values: ['0', '1', '4294967295', ...times(4, () => `${integerBelow(random, 2 ** 31)}`)],
    },
    { type: 'REGTYPE', values: ["'int8'::REGTYPE", "'text'::REGTYPE", "'bool'::REGTYPE"] },
    { type: 'mood', values: ["'sad'", "e'it\\'s \\\\fine'", "'ok'", "'happy'"] },
    {
      type: 'BOX2D',
      values: [
        "'BOX(0 0,0 0)'",
        "'BOX(-1 -2,3 4)'",
        "'BOX(-1 -2,3.5 4)'",
        "'BOX(-1.25 -3,3.5 4e10)'",
        "'BOX(1 2,3 4)'",
      ],
    },
  ];
}

/** Keys of several columns with few different values each, so that prefixes repeat. */
export function mixedSamples(random: Random) {
  const strings = ["''", "'a'", "'b'", "e'b\\x00'"];
  const stamps = ["'2026-01-01'", "'2026-01-01 00:00:00.000001'", "'1969-01-01'"];
  const column = (name: string, type: string, descending: boolean) => ({ name, type, descending });
  const rows = times(60, () => [
    `${integerBelow(random, 5) - 2}`,
    strings[integerBelow(random, strings.length)] ?? "''",
    stamps[integerBelow(random, stamps.length)] ?? "''",
    `'${integer(random, 8)}'`,
  ]);
  const directions = ['aaaa', 'dddd', 'adad', 'daad', 'addd', 'ddda'];
  return directions.map((letters) => {
    const [a, b, c, d] = [...letters].map((letter) => letter === 'd');
    return {
      name: `mixed_${letters}`,
      columns: [
        column('a', 'INT4', a === true),
        column('b"x', 'STRING', b === true),
        column('c', 'TIMESTAMPTZ', c === true),
        column('d', 'DECIMAL', d === true),
      ],
      rows,
    };
  });
}
