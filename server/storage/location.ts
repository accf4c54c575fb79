import { HoldfastError, type ErrorField } from '../errors.ts';
import { partProblem } from './names.ts';
import { parameterNames, redactUrl } from './redact.ts';

export { redactUrl } from './redact.ts';

/**
 * Files on this machine's file system, below the extern directory (`HOLDFAST_EXTERN_DIR`). The node ID says
 * nothing here: `1`, `2`, `self` and no host at all mean the same directory, which has to be an NFS mount (or the
 * like) that every engine sees once there is more than one engine.
 */
export interface NodelocalLocation {
  scheme: 'nodelocal';
  /** A node ID, `self` or empty; as given. */
  host: string;
  /** Below the extern directory: decoded, `/` between parts, no `.` or `..`, at least one part. */
  path: string;
  /** The URL in its normal form, without secrets: what is printed and recorded. It parses to this location again. */
  redacted: string;
}

/** Where a backup is: a parsed backup URL. */
export type Location = NodelocalLocation;

/** The schemes of the reference, in its order. */
const SCHEMES = ['s3', 'azure', 'gs', 'http', 'https', 'nodelocal'] as const;
type Scheme = (typeof SCHEMES)[number];

interface UrlParts {
  url: string;
  field: ErrorField;
  host: string;
  /** Undecoded, with the leading slash; empty when there is none. */
  path: string;
  /** Undecoded, without the `?`; empty when there is none. */
  query: string;
}

/**
 * Parses a backup URL, `scheme://host/path?parameters`, strictly: nothing is ignored or guessed.
 *
 * Throws HoldfastError: `location-invalid` (what is wrong with the URL), `location-refused` (it leads out of the
 * extern directory), `unsupported` (a scheme that this version doesn't write to). No message holds a secret.
 * `field` is the part of a form that the URL was typed into.
 */
export function parseLocation(url: string, field: ErrorField = 'destination'): Location {
  // Not the WHATWG URL class: it resolves `..` and `%2e%2e` away, and those have to be seen to be refused.
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(
    url.trim(),
  );
  const scheme = match?.[1]?.toLowerCase() ?? '';
  if (match === null || !isScheme(scheme)) throw unknownScheme(scheme, field);
  const [, , host = '', path = '', query = '', fragment] = match;
  const parts: UrlParts = { url: url.trim(), field, host, path, query };
  if (fragment !== undefined) {
    throw invalid(parts, 'it has a fragment (#)', 'Write a # that belongs to the path as %23.');
  }
  if (scheme === 'nodelocal') return parseNodelocal(parts);
  throw new HoldfastError(
    'unsupported',
    `this version of Holdfast writes to nodelocal only, not to ${scheme}: ${redactUrl(url)}`,
    { field, hint: "Back up to a mounted file system: 'nodelocal://self/path/to/backup'." },
  );
}

function parseNodelocal(parts: UrlParts): NodelocalLocation {
  const { host, query } = parts;
  if (!/^([1-9]\d{0,9}|self|)$/.test(host)) {
    // CockroachDB's wording. An empty host, which it refuses, is fine here.
    throw new HoldfastError(
      'location-invalid',
      "host component of nodelocal URI must be a node ID (use 'self' to specify each node should access its " +
        `own local filesystem): ${redactUrl(parts.url)}`,
      {
        field: parts.field,
        hint: "Write 'nodelocal://self/path/to/backup'; the path is below the extern directory.",
      },
    );
  }
  if (query !== '') {
    throw invalid(
      parts,
      `unknown nodelocal query parameters: ${parameterNames(query).join(', ')}`,
      'nodelocal takes no parameters: remove everything from the ? on.',
    );
  }
  const segments = pathSegments(parts);
  return {
    scheme: 'nodelocal',
    host,
    path: segments.join('/'),
    redacted: `nodelocal://${host}/${segments.map(encodeSegment).join('/')}`,
  };
}

/** The decoded parts of the path: at least one, none that could lead anywhere but down. */
function pathSegments(parts: UrlParts): string[] {
  // A single slash at the end is how people paste directories; it changes nothing.
  const path = parts.path.replace(/^\//, '').replace(/(?<=[^/])\/$/, '');
  if (path === '') throw invalid(parts, 'it has no path', 'Name a directory of its own for every backup.');
  return path.split('/').map((raw, index) => {
    const segment = decode(raw, parts);
    const problem = partProblem(segment);
    if (problem === null) return segment;
    if (segment === '..' || segment.includes('/') || (segment === '' && index === 0)) {
      throw new HoldfastError(
        'location-refused',
        `the path leads out of the extern directory (${problem}): ${redactUrl(parts.url)}`,
        {
          field: parts.field,
          hint: 'A nodelocal path is relative to the extern directory (HOLDFAST_EXTERN_DIR) and stays inside it.',
        },
      );
    }
    throw invalid(parts, problem, 'Use a path of plain names, as in nodelocal://self/nightly/bank.');
  });
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

/** Encodes what a URL's path can't hold, and `'`, which would end the string in a statement. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment)
    .replace(/%(3A|40|3D|2B|24|2C|26)/g, (encoded) => decodeURIComponent(encoded))
    .replaceAll("'", '%27');
}

function isScheme(scheme: string): scheme is Scheme {
  return SCHEMES.some((known) => known === scheme);
}

function unknownScheme(scheme: string, field: ErrorField): HoldfastError {
  return new HoldfastError(
    'location-invalid',
    `unsupported storage scheme: "${scheme}" - refer to docs to find supported storage schemes`,
    { field, hint: `A backup URL starts with one of ${SCHEMES.map((known) => `${known}://`).join(', ')}.` },
  );
}

function invalid(parts: UrlParts, problem: string, hint: string): HoldfastError {
  return new HoldfastError('location-invalid', `invalid backup URL: ${problem}: ${redactUrl(parts.url)}`, {
    field: parts.field,
    hint,
  });
}
