import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type CopyRow, copyRows, parseLine } from './copy-rows.ts';

async function rowsOf(...chunks: string[]): Promise<CopyRow[]> {
  const source = Readable.from(
    chunks.map((chunk) => Buffer.from(chunk, 'latin1')),
    { objectMode: false },
  );
  const rows: CopyRow[] = [];
  for await (const some of copyRows(source)) rows.push(...some);
  return rows;
}

describe('copyRows', () => {
  it('finds rows wherever chunks end', async () => {
    const text = 'a\tb\n\\N\t\n\n1\\t2\tx\n';
    const whole = await rowsOf(text);
    expect(whole).toEqual([['a', 'b'], [null, ''], [''], ['1\t2', 'x']]);
    for (let at = 1; at < text.length; at++)
      expect(await rowsOf(text.slice(0, at), text.slice(at))).toEqual(whole);
    expect(await rowsOf(...text)).toEqual(whole);
    expect(await rowsOf('no newline')).toEqual([['no newline']]);
    expect(await rowsOf()).toEqual([]);
  });

  it.each([
    ['\\\\N', ['\\N']],
    ['\\N\t\\\\', [null, '\\']],
    ['\\b\\f\\n\\r\\t\\v', ['\b\f\n\r\t\v']],
    ['\\\\x00ff', ['\\x00ff']],
    ['\\x41\\101\\q', ['AAq']],
    ['{"k": "\\\\"x\\\\""}', ['{"k": "\\"x\\""}']],
    ['', ['']],
    ['\t', ['', '']],
  ])('reads %s', (line, values) => {
    expect(parseLine(Buffer.from(line))).toEqual(values);
  });

  it('keeps what is beyond ASCII', () => {
    expect(parseLine(Buffer.from('ünï 😀\t\\\\ß'))).toEqual(['ünï 😀', '\\ß']);
  });
});
