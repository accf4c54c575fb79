import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyLines } from './key-lines.ts';

/** A value as COPY text has it: no bare tab or newline, escapes of both, other characters of any width. */
const value = fc
  .array(fc.constantFrom('a', 'ü', '日', '\\t', '\\n', '\\\\', '\\N', '\r', ' ', 'long value '), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''));

const rowsAndKey = fc.integer({ min: 1, max: 5 }).chain((width) =>
  fc.record({
    rows: fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 14 }),
    positions: fc.shuffledSubarray(
      Array.from({ length: width }, (_, position) => position),
      { minLength: 1 },
    ),
    chunk: fc.integer({ min: 1, max: 60 }),
    dropped: fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
  }),
);

function taken(text: string, chunk: number, lines: KeyLines): string {
  const bytes = Buffer.from(text);
  const kept: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk)
    // Copied: what is given is overwritten by whoever gave it, sooner or later.
    kept.push(Buffer.from(lines.take(Buffer.from(bytes.subarray(at, at + chunk)))));
  lines.end();
  return Buffer.concat(kept).toString();
}

it('asks for each row once, by its key, and leaves out what is not kept, however the text is cut', () => {
  fc.assert(
    fc.property(rowsAndKey, ({ rows, positions, chunk, dropped }) => {
      const asked: string[] = [];
      const lines = new KeyLines(positions, (bytes, start, end) => {
        asked.push(bytes.toString('utf8', start, end));
        return dropped[asked.length - 1] !== true;
      });
      const line = (row: string[]) => `${row.join('\t')}\n`;
      expect(taken(rows.map(line).join(''), chunk, lines)).toBe(
        rows
          .filter((_, place) => dropped[place] !== true)
          .map(line)
          .join(''),
      );
      expect(asked).toEqual(rows.map((row) => positions.map((position) => row[position]).join('\t')));
      expect(lines.dropped).toBe(rows.filter((_, place) => dropped[place] === true).length);
    }),
    { numRuns: 1000, seed: 20_261_127 },
  );
});

it('gives a chunk on as it is where all of it is kept', () => {
  const chunk = Buffer.from('1\ta\n2\tb\n');
  expect(new KeyLines([0], () => true).take(chunk).buffer).toBe(chunk.buffer);
});

it('decides on a wide row once its key is there, and holds nothing of it then', () => {
  for (const keep of [true, false]) {
    const lines = new KeyLines([0], () => keep);
    const wide = Buffer.alloc(100_000, 'w');
    const lengths = [Buffer.from('1\t'), wide, wide, Buffer.from('\n')].map(
      (each) => lines.take(each).length,
    );
    expect(lengths).toEqual(keep ? [2, 100_000, 100_000, 1] : [0, 0, 0, 0]);
    lines.end();
  }
});

it('refuses a row that lacks a column of the key, and a text that ends inside a row', () => {
  expect(() => new KeyLines([0, 2], () => true).take(Buffer.from('1\t2\t3\n1\t2\n'))).toThrowError(
    'a row has 2 columns, but its key is in column 3',
  );
  for (const text of ['1\t2\n1', '1\t2\n1\t2'])
    expect(() => taken(text, 100, new KeyLines([0], () => true))).toThrowError('ends inside a row');
});
