import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyStream } from './fixtures.ts';
import { PickColumns } from './pick-columns.ts';

async function picked(text: string, positions: number[], chunk: number): Promise<string> {
  return (await buffer(copyStream(text, chunk).pipe(new PickColumns(positions)))).toString('utf8');
}

/** A value as COPY text has it: no bare tab or newline, escapes of both, other characters of any width. */
const value = fc.array(fc.constantFrom('a', 'ü', '日', '\\t', '\\n', '\\\\', '\\N', '\r', ' '), {
  maxLength: 6,
});

it('picks any columns of any rows in any order, however the text is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }).chain((width) =>
        fc.record({
          rows: fc.array(
            fc.array(
              value.map((parts) => parts.join('')),
              { minLength: width, maxLength: width },
            ),
            {
              maxLength: 12,
            },
          ),
          positions: fc.shuffledSubarray(
            Array.from({ length: width }, (_, position) => position),
            { minLength: 1 },
          ),
        }),
      ),
      fc.integer({ min: 1, max: 40 }),
      async ({ rows, positions }, chunk) => {
        const text = rows.map((row) => `${row.join('\t')}\n`).join('');
        const expected = rows
          .map((row) => `${positions.map((position) => row[position]).join('\t')}\n`)
          .join('');
        expect(await picked(text, positions, chunk)).toBe(expected);
      },
    ),
    { numRuns: 300 },
  );
});

it('refuses a row that lacks a column of the key', async () => {
  await expect(picked('1\t2\t3\n1\t2\n', [0, 2], 100)).rejects.toMatchObject({
    code: 'corrupt-backup',
    message: 'a row has 2 columns, but its key is in column 3',
  });
});

it('holds the key only, not the rest of a wide row', async () => {
  const wide = Buffer.alloc(1024 * 1024, 'x');
  const pick = new PickColumns([0, 2]);
  let largest = 0;
  const rows = Readable.from(
    (function* () {
      yield Buffer.from('key\t');
      for (let part = 0; part < 64; part++) {
        yield wide;
        largest = Math.max(largest, pick.readableLength + pick.writableLength);
      }
      yield Buffer.from('\tlast\n');
    })(),
    { objectMode: false },
  );
  expect((await buffer(rows.pipe(pick))).toString()).toBe('key\tlast\n');
  expect(largest).toBeLessThan(4 * wide.length);
});
