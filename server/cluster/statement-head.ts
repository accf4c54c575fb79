/** How much of a statement is repeated in its error. */
const STATEMENT_HEAD = 160;

/** The beginning of a statement, for errors. Rows that it inserts are left out: hashes of passwords may be in them. */
export function headOf(statement: string): string {
  const line = statement
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^(INSERT INTO .*? VALUES) .*$/i, '$1 …');
  return line.length > STATEMENT_HEAD ? `${line.slice(0, STATEMENT_HEAD)}…` : line;
}
