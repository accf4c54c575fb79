import fc from 'fast-check';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { copyEscaped } from '../../cluster/copy-escape.ts';
import { type BadRow, MOST_BAD_ROWS, RowCheck, type RowColumn } from './rows.ts';

const COLUMNS: RowColumn[] = [
  { name: 'id', type: 'integer', nullable: false },
  { name: 'text', type: 'text', nullable: true },
  { name: 'doc', type: 'jsonb', nullable: true },
];

/** What a text comes to that arrives in such pieces. */
async function check(pieces: readonly (string | Buffer)[], columns = COLUMNS): Promise<RowCheck> {
  const rows = new RowCheck(columns);
  for (const piece of pieces) rows.write(Buffer.from(piece));
  rows.end();
  await once(rows, 'finish');
  return rows;
}

const bad = (line: number, column: string | null, reason: RegExp): BadRow => ({
  line,
  column,
  reason: expect.stringMatching(reason) as string,
});

describe('rows that are good', () => {
  it.each([
    ['nothing at all', '', 0],
    ['values and NULLs', '1\ta\t{}\n-2\t\\N\t\\N\n', 2],
    ['every escape', '1\t\\b\\f\\n\\r\\t\\v\\\\\t"\\\\n"\n', 1],
    ['what only looks like NULL', '1\t\\\\N\tnull\n2\tN\t[]\n', 2],
    ['empty text', '1\t\t{}\n', 1],
  ])('%s', async (_, text, count) => {
    const { bad: found, rows, bytes } = await check([text]);
    expect({ found, rows, bytes }).toEqual({ found: [], rows: count, bytes: text.length });
  });

  it('without any column are empty lines', async () => {
    expect(await check(['\n\n'], [])).toMatchObject({ bad: [], rows: 2 });
    expect((await check(['x\n'], [])).bad).toHaveLength(1);
  });

  it('whatever text is in them', async () => {
    const row = fc.tuple(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.string({ unit: 'grapheme' }),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.integer({ min: 1, max: 9 }), async (given, size) => {
        const lines = given.map(
          (values) => `${values.map((value) => copyEscaped(String(value))).join('\t')}\n`,
        );
        const text = Buffer.from(lines.join('').replaceAll('\0', ''));
        const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
          text.subarray(index * size, (index + 1) * size),
        );
        const { bad: found, rows } = await check(pieces);
        expect({ found, rows }).toEqual({ found: [], rows: given.length });
      }),
      { numRuns: 200 },
    );
  });
});

describe('rows that are bad, however they arrive', () => {
  it.each<[string, string, BadRow[]]>([
    ['too few columns', '1\ta\t{}\n2\ta\n', [bad(2, null, /2 columns instead of 3/)]],
    ['too many columns', '1\ta\t{}\tx\n', [bad(1, null, /4 columns instead of 3/)]],
    ['an empty line', '1\ta\t{}\n\n', [bad(2, 'id', /"" is no integer/)]],
    ['a NULL that must not be', '\\N\ta\t{}\n', [bad(1, 'id', /NULL/)]],
    ['a NULL with something behind it', '1\t\\Na\t{}\n', [bad(1, 'text', /NULL with something/)]],
    ['an unknown escape', '1\ta\\x41\t{}\n', [bad(1, 'text', /unknown escape/)]],
    ['the mark of COPY’s end', '1\ta\t{}\n\\.\n', [bad(2, 'id', /unknown escape/)]],
    ['a NULL in the middle', '1\ta\\N\t{}\n', [bad(1, 'text', /unknown escape/)]],
    ['an escape of the line’s end', '1\ta\t{}\\\n', [bad(1, 'doc', /escape of nothing/)]],
    ['an escaped tab', '1\ta\\\tb\t{}\n', [bad(1, 'text', /unknown escape/)]],
    ['a bare CR', '1\ta\rb\t{}\n', [bad(1, 'text', /CR/)]],
    ['a NUL', '1\ta\0b\t{}\n', [bad(1, 'text', /NUL/)]],
    ['a value out of bounds', '2147483648\ta\t{}\n', [bad(1, 'id', /outside of 32 bits/)]],
    ['broken JSON', '1\ta\t{\n2\ta\t{}\n3\t\t]\n', [bad(1, 'doc', /not JSON/), bad(3, 'doc', /not JSON/)]],
    ['half a row', '1\ta\t{}\n2\ta', [bad(2, null, /ends in the middle/)]],
    ['half a first value', '1\ta\t{}\n2', [bad(2, null, /ends in the middle/)]],
  ])('%s', async (_, text, expected) => {
    const bytes = Buffer.from(text);
    expect((await check([bytes])).bad).toEqual(expected);
    for (let cut = 1; cut < bytes.length; cut++)
      expect((await check([bytes.subarray(0, cut), bytes.subarray(cut)])).bad).toEqual(expected);
  });

  it('are told up to a number, and counted on', async () => {
    const count = MOST_BAD_ROWS + 5;
    const { bad: found, rows } = await check(['x\ta\t{}\n'.repeat(count)]);
    expect(found).toHaveLength(MOST_BAD_ROWS);
    expect(rows).toBe(count);
  });

  it('are not held: of what is longer than a value can be, only the escapes are looked at', async () => {
    const digits = '9'.repeat(300_000);
    expect((await check([`${digits}\ta\t{}\n`])).bad).toEqual([]);
    expect((await check([digits, '\\q', `${digits}\ta\t{}\n`])).bad).toEqual([
      bad(1, 'id', /unknown escape/),
    ]);
  });
});
