const NEWLINE = 10;

/** How many lines end in a piece of COPY text: newlines in values are escaped, so each ends a row. */
export function countNewlines(text: Uint8Array): number {
  let count = 0;
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
