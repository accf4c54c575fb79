import { type ErrorField, HoldfastError } from '../errors.ts';
import { partProblem } from './names.ts';
import { redactUrl } from './redact.ts';

/** A backup URL in its parts, none of them decoded. */
export interface UrlParts {
  url: string;
  /** Lower case. */
  scheme: string;
  /** The part of a form that the URL was typed into. */
  field: ErrorField;
  /** Up to the path, user and port included. */
  host: string;
  /** With the leading slash; empty when there is none. */
  path: string;
  /** Without the `?`; empty when there is none. */
  query: string;
  /** It may end before its path: it isn't a backup's, but of a place where backups go. */
  rootAllowed: boolean;
}

/**
 * Takes a backup URL apart. Not with the WHATWG URL class: it resolves `..` and `%2e%2e` away, and those have to be seen to
 * be refused. Throws `location-invalid` for a fragment. Null: it has no scheme.
 */
export function splitUrl(text: string, field: ErrorField, rootAllowed = false): UrlParts | null {
  const url = text.trim();
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(url);
  if (match === null) return null;
  const [, scheme = '', host = '', path = '', query = '', fragment] = match;
  const parts = { url, scheme: scheme.toLowerCase(), field, host, path, query, rootAllowed };
  if (fragment !== undefined)
    throw invalid(
      parts,
      'it has a fragment (#)',
      'Write a # that belongs to the path or to a secret as %23.',
    );
  return parts;
}

/** `location-invalid`, with the URL redacted. */
export function invalid(parts: UrlParts, problem: string, hint: string): HoldfastError {
  return new HoldfastError('location-invalid', `invalid backup URL: ${problem}: ${redactUrl(parts.url)}`, {
    field: parts.field,
    hint,
  });
}

/**
 * The decoded parts of the path: at least one, unless the root is allowed. `refuse` has the last word on one that breaks the rules of names, before
 * `location-invalid` is thrown for it.
 */
export function pathSegments(
  parts: UrlParts,
  refuse: (segment: string, index: number, problem: string) => void = () => undefined,
): string[] {
  // A single slash at the end is how people paste directories; it changes nothing.
  const path = parts.path.replace(/^\//, '').replace(/(?<=[^/])\/$/, '');
  if (path === '' && parts.rootAllowed) return [];
  if (path === '') throw invalid(parts, 'it has no path', 'Name a directory of its own for every backup.');
  return path.split('/').map((raw, index) => {
    const segment = decode(raw, parts);
    const problem = partProblem(segment);
    if (problem === null) return segment;
    refuse(segment, index, problem);
    throw invalid(parts, problem, `Use a path of plain names, as in ${parts.scheme}://…/nightly/bank.`);
  });
}

/** The path in its normal form, for a URL that is printed and recorded. */
export function printPath(segments: readonly string[]): string {
  return segments.map((segment) => encoded(segment).replaceAll('%26', '&')).join('/');
}

/** Parameters in their normal form, with the `?`; empty where there are none. Those that are null are left out. */
export function printParameters(parameters: Readonly<Record<string, string | null>>): string {
  const printed = Object.entries(parameters).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${encoded(value).replaceAll('%2F', '/')}`],
  );
  return printed.length === 0 ? '' : `?${printed.join('&')}`;
}

/** Encodes what a URL can't hold, and `'`, which would end the string in a statement. */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/%(3A|40|3D|2B|24|2C)/g, (code) => decodeURIComponent(code))
    .replaceAll("'", '%27');
}

function decode(raw: string, parts: UrlParts): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw invalid(
      parts,
      'its percent-encoding is wrong',
      'Write a % that belongs to the path as %25; encoded characters are UTF-8.',
    );
  }
}
