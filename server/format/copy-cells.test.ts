import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyEscaped } from '../cluster/copy-escape.ts';
import { type Cell, CopyCells } from './copy-cells.ts';

/** The cells of COPY text that comes in pieces of so many bytes. */
function cellsOf(text: string | Buffer, columns: number, { wanted = 100, piece = 3 } = {}): CopyCells {
  const bytes = Buffer.from(text);
  const cells = new CopyCells(columns, wanted);
  for (let at = 0; at < bytes.length; at += piece) cells.push(bytes.subarray(at, at + piece));
  return cells;
}

function one(value: string | Buffer): Cell | undefined {
  const cells = cellsOf(Buffer.concat([Buffer.from(value), Buffer.from('\n')]), 1, { piece: 1000 });
  expect(cells.problem).toBeNull();
  return cells.rows[0]?.[0];
}

describe('cells of COPY text', () => {
  it('tells NULL, the text \\N, the text NULL and an empty one apart', () => {
    expect(cellsOf('\\N\t\\\\N\tNULL\t\n', 4).rows).toEqual([[null, '\\N', 'NULL', '']]);
  });

  it('undoes escapes', () => {
    expect(one('a\\tb\\nc\\\\d\\r\\b\\f\\v')).toBe('a\tb\nc\\d\r\b\f\v');
    expect(one('\\\\x00ff')).toBe('\\x00ff');
    expect(one('\\\\n')).toBe('\\n');
  });

  it('reads what was written, wherever the text is broken', () => {
    const value = fc.option(
      fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0')),
    );
    const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        piece: fc.integer({ min: 1, max: 20 }),
        rows: fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { maxLength: 6 }),
      }),
    );
    fc.assert(
      fc.property(table, ({ columns, piece, rows }) => {
        const text = rows
          .map((row) => `${row.map((each) => (each === null ? '\\N' : copyEscaped(each))).join('\t')}\n`)
          .join('');
        const cells = cellsOf(text, columns, { piece });
        expect(cells.rows).toEqual(rows);
        expect([cells.problem, cells.insideRow]).toEqual([null, false]);
      }),
    );
  });

  it('shows bytes that are no UTF-8 in hex, with their escapes undone', () => {
    expect(one(Buffer.from([0x61, 0xff, 0x5c, 0x74, 0xc3]))).toEqual({
      shown: '\\x61ff09c3',
      as: 'hex',
      cut: false,
      bytes: 5,
    });
    const long = one(Buffer.alloc(50_000, 0xff));
    expect(long).toMatchObject({ as: 'hex', cut: true, bytes: 50_000 });
    expect(long !== null && typeof long === 'object' && long.shown).toHaveLength(2002);
  });

  it('cuts long values at 2,000 characters, and never inside one', () => {
    expect(one('x'.repeat(2000))).toBe('x'.repeat(2000));
    expect(one('x'.repeat(2001))).toEqual({ shown: 'x'.repeat(2000), as: 'text', cut: true, bytes: 2001 });
    // What is kept of it ends inside an escape, inside a character, between two surrogates.
    expect(one(`a${'\\n'.repeat(6000)}`)).toMatchObject({ shown: `a${'\n'.repeat(1999)}`, cut: true });
    expect(one('ab' + '語'.repeat(9000))).toMatchObject({ shown: 'ab' + '語'.repeat(1998), as: 'text' });
    expect(one('a' + '😀'.repeat(2500))).toMatchObject({ shown: 'a' + '😀'.repeat(999), as: 'text' });
  });

  it('takes as many rows as are wanted', () => {
    const cells = cellsOf('1\n2\n3\n4\n', 1, { wanted: 2 });
    expect(cells.rows).toEqual([['1'], ['2']]);
    expect(cells.full).toBe(true);
  });

  it('names the line that is no row', () => {
    expect(cellsOf('1\t2\n3\n4\t5\n', 2).problem).toBe('line 2 has 1 columns instead of 2');
    expect(cellsOf('1\t2\t3\n', 2).problem).toBe('line 1 has 3 columns instead of 2');
    expect(cellsOf('1\t2\n3', 2)).toMatchObject({ insideRow: true, problem: null });
  });

  it('knows rows without columns', () => {
    expect(cellsOf('\n\n', 0)).toMatchObject({ rows: [[], []], problem: null });
    expect(cellsOf('x\n', 0).problem).toBe('line 1 has 1 columns instead of 0');
  });

  it('holds little of a long line, of many columns and of many long values', () => {
    const cells = new CopyCells(2, 100);
    const part = Buffer.alloc(1024 * 1024, 'x');
    for (let count = 0; count < 100; count++) cells.push(part);
    cells.push(Buffer.from('\ty\n'));
    expect(cells.rows).toEqual([
      [{ shown: 'x'.repeat(2000), as: 'text', cut: true, bytes: 100 * 1024 * 1024 }, 'y'],
    ]);

    const tabs = new CopyCells(2, 100);
    tabs.push(Buffer.alloc(1024 * 1024, '\t'));
    tabs.push(Buffer.from('\n'));
    expect(tabs.problem).toBe(`line 1 has ${1024 * 1024 + 1} columns instead of 2`);

    const rows = new CopyCells(1000, 500);
    const row = Buffer.from(`${Array.from({ length: 1000 }, () => 'z'.repeat(1999)).join('\t')}\n`);
    for (let count = 0; count < 500; count++) rows.push(row);
    expect(rows.rows).toHaveLength(2);
    expect(rows.full).toBe(true);
  });
});
