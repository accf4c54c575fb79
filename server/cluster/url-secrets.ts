import { HoldfastError } from '../errors.ts';

/** What stands in the place of a secret wherever a URL is shown. */
const REDACTED = 'redacted';

/** Parameters of a cluster's URL that are secrets. */
const SECRET_PARAMETERS = new Set(['password', 'sslpassword']);

/** The URL with its secrets replaced by `redacted`, for people. Never throws: what isn't a URL is redacted whole. */
export function redactClusterUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return REDACTED;
  }
  if (parsed.password !== '') parsed.password = REDACTED;
  for (const name of secretParameters(parsed)) parsed.searchParams.set(name, REDACTED);
  return parsed.href;
}

/**
 * A URL as it was shown and edited, with each `redacted` replaced by the secret that the stored URL has in its place.
 * Throws `invalid-value` where there is none to take (the word itself is never meant), and where the URL names another
 * server or user: a stored secret goes where it was given for, and nowhere else.
 */
export function withStoredSecrets(url: string, stored: string | null): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  const known = stored !== null && URL.canParse(stored) ? new URL(stored) : null;
  const inParameters = secretParameters(parsed).filter((name) => parsed.searchParams.get(name) === REDACTED);
  const inUserInfo = parsed.password === REDACTED;
  if (!inUserInfo && inParameters.length === 0) return url;
  if (known !== null && (known.host !== parsed.host || known.username !== parsed.username)) throw elsewhere();
  if (inUserInfo) parsed.password = secretOr(known?.password, 'password');
  for (const name of inParameters)
    parsed.searchParams.set(name, secretOr(known?.searchParams.get(name), name));
  return parsed.href;
}

function elsewhere(): HoldfastError {
  return new HoldfastError(
    'invalid-value',
    'the stored password is not sent to another server or for another user',
    {
      hint: `Put the password itself in the place of “${REDACTED}”.`,
      field: 'url',
    },
  );
}

function secretParameters(url: URL): string[] {
  return [...new Set(url.searchParams.keys())].filter((name) => SECRET_PARAMETERS.has(name.toLowerCase()));
}

function secretOr(secret: string | null | undefined, what: string): string {
  if (secret != null && secret !== '') return secret;
  throw new HoldfastError('invalid-value', `the URL has “${REDACTED}” in the place of its ${what}`, {
    hint: `Put the ${what} itself there: none is stored that could take its place.`,
    field: 'url',
  });
}
