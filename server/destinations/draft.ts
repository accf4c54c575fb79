import { HoldfastError, type ErrorField } from '../errors.ts';
import type { RemoteLocation } from '../storage/credentials.ts';
import { parseDestination, type Location } from '../storage/location.ts';
import { loginOf, serverOf } from './place.ts';

/** A place as somebody typed it. */
export interface PlaceDraft {
  url: string;
  /** For http(s), whose URLs can't say one; null: none. */
  bearer: string | null;
}

/** What stands in the place of a secret wherever a URL is shown. */
const REDACTED = 'redacted';

/**
 * A place as it was typed, with its credentials. With `stored`, the credentials of that one are kept where the draft has
 * none. Throws HoldfastError about the field `url` or `bearer`: what `parseDestination` throws, and `invalid-value`.
 */
export function parsePlace({ url, bearer }: PlaceDraft, stored: Location | null): Location {
  if (url.trim() === '')
    throw new HoldfastError('location-invalid', 'The destination has no URL.', {
      field: 'url',
      hint: 'Say where backups go, such as s3://bucket/backups or nodelocal://self/nightly.',
    });
  const typed = parseDestination(url, 'url');
  assertNotRedacted(typed);
  const location = bearer === null ? typed : withBearer(typed, bearer);
  return stored === null ? location : keeping(location, stored);
}

/** Throws where nothing says how to log in at a service that lets nobody in without. */
export function assertOpens(location: Location): void {
  if (loginOf(location) !== 'none') return;
  switch (location.scheme) {
    case 's3':
      throw refusal('url', `${location.redacted} says nothing of how to log in`, {
        hint: 'Give an access key and its secret, or use what the engines’ machine is allowed (AUTH=implicit).',
      });
    case 'azure':
      throw refusal('url', `${location.redacted} says nothing of how to log in`, {
        hint: 'Give the account and its key or a SAS token, or use what the engines’ machine is allowed (AUTH=implicit).',
      });
    // A bucket of Google's is opened as the machine, a web server may take files from anybody, a directory needs no login.
    case 'gs':
    case 'http':
    case 'https':
    case 'nodelocal':
  }
}

function withBearer(location: Location, bearer: string): Location {
  if (location.scheme !== 'http' && location.scheme !== 'https')
    throw refusal('bearer', 'a bearer token is for http and https', {
      hint: `${location.scheme} logs in with what its URL says.`,
    });
  if (location.credentials.kind !== 'unstated')
    throw refusal('bearer', 'there are a user and a bearer token', { hint: 'Give one of the two.' });
  const token = bearer.trim();
  // What a header can hold: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
  if (!/^[\x21-\x7e]+$/.test(token))
    throw refusal('bearer', 'the bearer token is empty, or has blanks or other characters that none has', {
      hint: 'Paste the token alone, without the word Bearer before it.',
    });
  return { ...location, credentials: { kind: 'bearer', token } };
}

/** Stored secrets go where they were given for, and nowhere else. */
function keeping(location: Location, stored: Location): Location {
  if (location.scheme === 'nodelocal' || stored.scheme === 'nodelocal' || loginOf(location) !== 'none')
    return location;
  if (stored.credentials.kind === 'unstated') return location;
  if (serverOf(location) !== serverOf(stored))
    throw refusal('url', 'the stored credentials are not sent to another server or account', {
      hint: 'Type them again for this one.',
    });
  // The same scheme, as the servers are the same.
  return { ...location, credentials: stored.credentials } as RemoteLocation;
}

function assertNotRedacted(location: Location): void {
  if (location.scheme === 'nodelocal') return;
  if (!Object.values(location.credentials).some((value) => value === REDACTED)) return;
  throw refusal('url', `the URL has “${REDACTED}” in the place of a secret`, {
    hint: 'Put the secret itself there, or leave the parameter out to keep what is stored.',
  });
}

function refusal(field: ErrorField, message: string, { hint }: { hint: string }): HoldfastError {
  return new HoldfastError('invalid-value', message, { field, hint });
}
