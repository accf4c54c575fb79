import { createHash } from 'node:crypto';

const HASHED_AT_ONCE = 64 * 1024;

/**
 * The one text of a JSON value: no white space, object keys sorted by UTF-16 code units, strings and numbers as
 * JSON.stringify writes them (RFC 8785, JSON Canonicalization Scheme).
 */
export function canonicalJson(value: unknown): string {
  let text = '';
  writeCanonical(value, (piece) => (text += piece));
  return text;
}

/** The same in pieces: a document may be so large that its text isn't wanted in memory. */
function writeCanonical(value: unknown, write: (piece: string) => void): void {
  if (typeof value !== 'object' || value === null) {
    write(JSON.stringify(value));
    return;
  }
  let separator = '';
  if (Array.isArray(value)) {
    write('[');
    for (const member of value) {
      write(separator);
      writeCanonical(member, write);
      separator = ',';
    }
    write(']');
    return;
  }
  write('{');
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, member] of members) {
    write(`${separator}${JSON.stringify(key)}:`);
    writeCanonical(member, write);
    separator = ',';
  }
  write('}');
}

/** SHA-256 in hex over the canonical text of a JSON object without its member `digest`. */
export function digestOf(document: object): string {
  const content = Object.fromEntries(Object.entries(document).filter(([key]) => key !== 'digest'));
  const hash = createHash('sha256');
  let pending = '';
  writeCanonical(content, (piece) => {
    pending += piece;
    if (pending.length < HASHED_AT_ONCE) return;
    hash.update(pending);
    pending = '';
  });
  return hash.update(pending).digest('hex');
}
