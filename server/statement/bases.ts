/**
 * The backup URLs that a printed BACKUP statement names after INCREMENTAL FROM, oldest to newest; none for a full one.
 * Reads the form that `printStatement` writes, in one pass however long the statement is.
 */
export function basesNamedIn(statement: string): string[] {
  const bases: string[] = [];
  let listing = false;
  for (const [piece] of statement.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[^'"]+/g)) {
    if (piece.startsWith("'")) {
      if (listing) bases.push(piece.slice(1, -1).replaceAll("''", "'"));
    } else if (listing && piece.trim() !== ',') break;
    else listing ||= / INCREMENTAL FROM $/.test(piece);
  }
  return bases;
}
