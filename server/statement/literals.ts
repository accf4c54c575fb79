import type { IToken } from 'chevrotain';
import { EscapeString, QuotedName } from './tokens.ts';

/** The value of a string token, or null where its escapes make no text: `\x0`, half a surrogate pair, a zero byte. */
export function stringValue(token: IToken): string | null {
  if (token.tokenType !== EscapeString) return token.image.slice(1, -1).replaceAll("''", "'");
  return unescape(token.image.slice(2, -1));
}

/** The name that a word or quoted identifier stands for; null for `""`. */
export function nameValue(token: IToken): string | null {
  if (token.tokenType === QuotedName) return token.image.slice(1, -1).replaceAll('""', '"') || null;
  return foldCase(token.image);
}

/** Lower case as PostgreSQL folds names in UTF-8: ASCII letters only, the others stay as they are. */
export function foldCase(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const SIMPLE: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const ESCAPE = /''|\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{1,3})|([^]))/gu;

/** C-style escapes: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-ESCAPE */
function unescape(body: string): string | null {
  let valid = true;
  const value = body.replace(ESCAPE, (whole, ...groups: (string | undefined)[]) => {
    if (whole === "''") return "'";
    const [hex, four, eight, octal, other] = groups;
    if (other !== undefined) {
      // \x, \u and \U without their digits come here too.
      if (/[xuU]/.test(other)) valid = false;
      return SIMPLE[other] ?? other;
    }
    const code =
      octal === undefined ? Number.parseInt(hex ?? four ?? eight ?? '', 16) : Number.parseInt(octal, 8);
    // \xHH and \ooo are bytes in PostgreSQL; past ASCII they would be pieces of a character.
    const byte = hex !== undefined || octal !== undefined;
    if (code === 0 || code > (byte ? 0x7f : 0x10ffff)) {
      valid = false;
      return '';
    }
    return String.fromCodePoint(code);
  });
  return valid && value.isWellFormed() ? value : null;
}
