import type { HoldfastError } from '../errors.ts';
import { parameterNames } from './redact.ts';
import { invalid, type UrlParts } from './url.ts';

/** The parameters that each scheme takes; those of CockroachDB have its names. */
const KNOWN = {
  s3: [
    'AUTH',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_REGION',
    'AWS_ENDPOINT',
    'AWS_USE_PATH_STYLE',
    'AWS_SERVER_ENC_MODE',
    'AWS_SERVER_KMS_ID',
    'S3_STORAGE_CLASS',
  ],
  azure: ['AUTH', 'AZURE_ACCOUNT_NAME', 'AZURE_ACCOUNT_KEY', 'AZURE_SAS_TOKEN', 'AZURE_ENDPOINT'],
  gs: ['AUTH', 'CREDENTIALS', 'GS_ENDPOINT'],
  http: [],
  https: [],
  nodelocal: [],
} as const satisfies Record<string, readonly string[]>;

export type Scheme = keyof typeof KNOWN;
/** In the order of the reference. */
export const SCHEMES = Object.keys(KNOWN) as Scheme[];

/** The name of a parameter that a scheme takes. */
export type ParameterOf<S extends Scheme> = (typeof KNOWN)[S][number];

/**
 * Reads the parameters of a backup URL, strictly. Values may be percent-encoded or as people paste them: a `+` is a plus, and
 * a `%` that begins no code is itself. Throws `location-invalid` for one that the scheme doesn't take, that stands there
 * twice, or that is empty; no message holds a value.
 */
export function readParameters<S extends Scheme>(
  parts: UrlParts,
  scheme: S,
): ReadonlyMap<ParameterOf<S>, string> {
  const values = new Map<ParameterOf<S>, string>();
  const pieces = parts.query.split('&').filter((piece) => piece !== '');
  const unknown = pieces.filter((piece) => !isKnown(scheme, nameOf(piece)));
  if (unknown.length > 0) throw unknownParameters(parts, scheme, unknown);
  for (const piece of pieces) {
    const name = nameOf(piece) as ParameterOf<S>;
    const value = decoded(piece.slice(name.length + 1));
    if (value === '')
      throw invalid(parts, `${name} is empty`, `Give ${name} a value, or leave it out altogether.`);
    if (values.has(name)) throw invalid(parts, `it has ${name} twice`, 'Give each parameter once.');
    values.set(name, value);
  }
  return values;
}

/** What AUTH says; null: nothing. Throws `location-invalid` for anything that it can't say. */
export function readAuth(parts: UrlParts, auth: string | undefined): 'specified' | 'implicit' | null {
  if (auth === undefined || auth === 'implicit' || auth === 'specified') return auth ?? null;
  throw invalid(parts, 'AUTH is neither specified nor implicit', 'Leave AUTH out, or say AUTH=implicit.');
}

function nameOf(piece: string): string {
  return piece.split('=', 1)[0] ?? '';
}

function isKnown(scheme: Scheme, name: string): boolean {
  return (KNOWN[scheme] as readonly string[]).includes(name);
}

function decoded(raw: string): string {
  return raw.replace(/(%[0-9A-Fa-f]{2})+/g, (codes) => {
    try {
      return decodeURIComponent(codes);
    } catch {
      return codes;
    }
  });
}

/** In the words that CockroachDB has for nodelocal. */
function unknownParameters(parts: UrlParts, scheme: Scheme, unknown: readonly string[]): HoldfastError {
  const names = parameterNames(unknown.join('&'));
  return invalid(
    parts,
    `unknown ${scheme} query parameters: ${names.join(', ')}`,
    names.map((name) => hintFor(scheme, name)).find((hint) => hint !== null) ??
      (KNOWN[scheme].length === 0
        ? `${scheme} takes no parameters: remove everything from the ? on.`
        : `${scheme} takes ${KNOWN[scheme].join(', ')}. An & or # that belongs to a value is written as %26 or %23.`),
  );
}

function hintFor(scheme: Scheme, name: string): string | null {
  const upper = name.toUpperCase();
  if (isKnown(scheme, upper)) return `Names of parameters are upper case: ${upper}.`;
  const other = SCHEMES.find((one) => isKnown(one, name));
  return other === undefined ? null : `${name} is a parameter of ${other}://, not of ${scheme}://.`;
}
