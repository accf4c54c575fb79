import type { Readable } from 'node:stream';

const TAB = 9;
const NEWLINE = 10;
const BACKSLASH = 92;

/** The escapes of COPY text beyond `\N`: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format" */
const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The values of one row; null is NULL. */
export type CopyRow = (string | null)[];

/** Splits COPY text into rows, a chunk's rows at a time. A last line without its newline is a row too. */
export async function* copyRows(source: Readable): AsyncGenerator<CopyRow[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = text.lastIndexOf(NEWLINE) + 1;
    rest = text.subarray(end);
    if (end > 0) yield linesOf(text.subarray(0, end)).map(parseLine);
  }
  if (rest.length > 0) yield [parseLine(rest)];
}

function linesOf(text: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf(NEWLINE, start);
    lines.push(text.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** One line without its newline. Tabs in values are escaped, so every tab ends a value. */
export function parseLine(line: Buffer): CopyRow {
  const values: CopyRow = [];
  for (let start = 0; start <= line.length;) {
    const tab = line.indexOf(TAB, start);
    const end = tab < 0 ? line.length : tab;
    values.push(parseValue(line.subarray(start, end)));
    start = end + 1;
  }
  return values;
}

function parseValue(raw: Buffer): string | null {
  if (!raw.includes(BACKSLASH)) return raw.toString('utf8');
  const text = raw.toString('utf8');
  if (text === '\\N') return null;
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([\s\S]))/g,
    (_all: string, hex: string | undefined, octal: string | undefined, other: string = ''): string =>
      hex !== undefined
        ? String.fromCharCode(parseInt(hex, 16))
        : octal !== undefined
          ? String.fromCharCode(parseInt(octal, 8))
          : (ESCAPES[other] ?? other),
  );
}
