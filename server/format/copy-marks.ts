/** Ends a column in COPY text where it stands bare: in values it is escaped. */
export const TAB = 9;
/** Ends a row, likewise. */
export const NEWLINE = 10;

/** Where the next bare tab or newline is, or -1. */
export function endOfValue(chunk: Buffer, from: number): number {
  for (let at = from; at < chunk.length; at++) if (chunk[at] === TAB || chunk[at] === NEWLINE) return at;
  return -1;
}
