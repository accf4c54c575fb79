import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addPrints, NO_ROWS_PRINT, RowsPrinter, type RowsPrint } from './fingerprint.ts';

function printOf(...chunks: (string | Buffer)[]): RowsPrint {
  const printer = new RowsPrinter();
  for (const chunk of chunks) printer.update(Buffer.from(chunk));
  return printer.print;
}

const lines = fc.array(fc.string({ unit: 'binary' }).map((line) => line.replaceAll('\n', '\\n')));
const text = (rows: readonly string[]) => rows.map((row) => `${row}\n`).join('');

describe('the print of rows', () => {
  it('is the same in every order, in whichever pieces they come', () => {
    fc.assert(
      fc.property(lines, fc.array(fc.nat({ max: 40 })), (rows, cuts) => {
        const whole = printOf(text(rows));
        expect(printOf(text([...rows].reverse()))).toEqual(whole);
        const bytes = Buffer.from(text(rows));
        const chunks: Buffer[] = [];
        let from = 0;
        for (const cut of cuts) chunks.push(bytes.subarray(from, (from += cut)));
        expect(printOf(...chunks, bytes.subarray(from))).toEqual(whole);
        expect(addPrints(rows.map((row) => printOf(`${row}\n`)))).toEqual(whole);
        expect(whole.rows).toBe(rows.length);
      }),
    );
  });

  it('is another one for rows that differ in one place, or that are there twice', () => {
    const sound = printOf('1\ta\n', '2\tb\n', '3\t\\N\n');
    for (const other of [
      ['1\ta\n', '2\tB\n', '3\t\\N\n'],
      ['1\ta\n', '2\tb\n', '3\t\n'],
      ['1\tb\n', '2\ta\n', '3\t\\N\n'],
      ['1\ta\n', '1\ta\n', '3\t\\N\n'],
      ['1\ta\n', '2\tb\n'],
    ])
      expect(printOf(...other)).not.toEqual(sound);
  });

  it('of nothing is that of no rows, and that of an empty line is not', () => {
    expect(printOf()).toEqual(NO_ROWS_PRINT);
    expect(addPrints([])).toEqual(NO_ROWS_PRINT);
    expect(printOf('\n')).not.toEqual({ ...NO_ROWS_PRINT, rows: 1 });
  });

  it('has no row of a line that has not ended', () => {
    expect(printOf('1\n', '2')).toEqual(printOf('1\n'));
  });
});
