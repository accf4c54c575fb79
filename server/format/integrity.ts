import { createHash } from 'node:crypto';

/**
 * The one text of a JSON value: no white space, object keys sorted by UTF-16 code units, strings and numbers as
 * JSON.stringify writes them (RFC 8785, JSON Canonicalization Scheme).
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 in hex over the canonical text of a JSON object without its member `digest`. */
export function digestOf(document: object): string {
  const content = Object.fromEntries(Object.entries(document).filter(([key]) => key !== 'digest'));
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}
