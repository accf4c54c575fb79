/** Strings, quoted names, and what is between them. */
const PIECES = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[^'"]+/g;

/** The URL that a printed BACKUP statement wrote to; null where it can't be told. Reads what `basesNamedIn` reads. */
export function destinationNamedIn(statement: string): string | null {
  let before = '';
  for (const [piece] of statement.matchAll(PIECES)) {
    if (piece.startsWith("'")) return / TO $/.test(before) ? unquoted(piece) : null;
    before = piece;
  }
  return null;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll("''", "'");
}

/**
 * The backup URLs that a printed BACKUP statement names after INCREMENTAL FROM, oldest to newest; none for a full one.
 * Reads the form that `printStatement` writes, in one pass however long the statement is.
 */
export function basesNamedIn(statement: string): string[] {
  const bases: string[] = [];
  let listing = false;
  for (const [piece] of statement.matchAll(PIECES)) {
    if (piece.startsWith("'")) {
      if (listing) bases.push(unquoted(piece));
    } else if (listing && piece.trim() !== ',') break;
    else listing ||= / INCREMENTAL FROM $/.test(piece);
  }
  return bases;
}
