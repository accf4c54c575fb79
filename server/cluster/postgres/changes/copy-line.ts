/**
 * Lines of COPY text in which each character is a byte, whatever the encoding: what is special in them is ASCII.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"
 */

const SPECIAL = /[\\\b\f\n\r\t\v]/;
const ALL_SPECIAL = new RegExp(SPECIAL, 'g');
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const MEANINGS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ESCAPES).map(([meaning, escape]) => [escape.charAt(1), meaning]),
);

/** One line, without its newline. */
export function copyLine(values: readonly (string | null)[]): string {
  return values.map((value) => (value === null ? '\\N' : escaped(value))).join('\t');
}

/** The values of a line in which none is NULL, as text. */
export function textsOf(line: string): string[] {
  return line.split('\t').map((value) => {
    const bytes = value.replaceAll(/\\(.)/g, (_, escape: string) => MEANINGS[escape] ?? escape);
    return Buffer.from(bytes, 'latin1').toString();
  });
}

function escaped(value: string): string {
  // Most values have none, and finding that out is cheaper than replacing none.
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll(ALL_SPECIAL, (special) => ESCAPES[special] ?? special);
}
