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

/** A value, not NULL, in COPY text: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format". */
export function copyEscaped(value: string): string {
  // Most values have nothing special, and finding that out is cheaper than replacing none.
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll(ALL_SPECIAL, (special) => ESCAPES[special] ?? special);
}

/** What `copyEscaped` made of a value, undone. */
export function copyUnescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, escape: string) => MEANINGS[escape] ?? escape);
}
