import type { HttpLocation } from '../locations/http.ts';
import { retryAfterMs, statusError } from '../network-errors.ts';
import { said } from '../said.ts';
import type { StoreError, StoreErrorDetails } from '../store.ts';
import { type Answer, headerOf, redirectOf } from './answers.ts';

/**
 * What an answer means that isn't the wanted one, in words. Statuses: RFC 9110, 15, and RFC 4918, 11. Nothing that the server
 * wrote is repeated: pages of errors repeat what was sent.
 */
export function refusal(answer: Answer, location: HttpLocation): StoreError {
  const { status, asked } = answer;
  const { method, about } = asked;
  const http = `(HTTP ${status} to ${method})`;
  switch (status) {
    case 401:
      return unauthorized(answer, location);
    case 403:
      return said('denied', `the server does not allow it ${http}`, about, {
        hint: `Give the user that the URL names the right to ${method} there, or use another one.`,
      });
    case 405:
    case 501:
      if (method === 'DELETE')
        return said('denied', `the server lets nothing be removed (HTTP ${status} to DELETE)`, about);
      return said('failed', `the server takes no ${method} (HTTP ${status})`, about, {
        hint: 'The server has to take PUT, GET, HEAD and DELETE; in nginx: dav_methods PUT DELETE MKCOL MOVE;',
      });
    case 411:
      return said('failed', `the server takes no files whose length isn't known before ${http}`, about, {
        hint: 'Have the server, and any proxy before it, take uploads with Transfer-Encoding: chunked.',
      });
    case 413:
      return said('no-space', `it is larger than the server takes ${http}`, about, {
        hint: 'Raise its limit; in nginx: client_max_body_size 0; in Apache: LimitRequestBody 0',
      });
    case 414:
      return said('invalid-name', `its path is too long for the server ${http}`, about);
    case 423:
      return said('transient', `somebody has locked it ${http}`, about);
    case 507:
      return said('no-space', `the server has no space left ${http}`, about);
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return redirected(answer, location);
    default: {
      const details = retryAfter(answer);
      if (method === 'MOVE' && (status === 400 || status === 502)) details.hint = BEHIND_A_PROXY;
      return statusError(status, `the server answered ${method} with an error`, about, details);
    }
  }
}

const BEHIND_A_PROXY =
  'Where a proxy ends TLS before the server, have it make the Destination right; in Apache: RequestHeader edit Destination ^https: http: early';

/** What a PUT means that finds no directory to put a file in. */
export function noDirectory({ status, asked }: Answer): StoreError {
  return said(
    'no-container',
    `there is no directory for it on the server (HTTP ${status} to PUT)`,
    asked.about,
    {
      hint: 'Check the path, and have the server make directories by MKCOL, or by itself; in nginx: create_full_put_path on;',
    },
  );
}

function unauthorized(answer: Answer, { credentials }: HttpLocation): StoreError {
  const { asked, headers } = answer;
  const challenges = [headers['www-authenticate'] ?? []].flat().join(', ');
  const takes = (scheme: string): boolean => new RegExp(`(^|[,\\s])${scheme}\\b`, 'i').test(challenges);
  const details: StoreErrorDetails = {};
  if (challenges !== '' && !takes('Basic') && !takes('Bearer'))
    details.hint = 'Have the server take Basic or Bearer: Holdfast knows no other kind of authentication.';
  const words = {
    unstated: 'the server wants a user and a password, or a token',
    basic: 'the user or the password is wrong',
    bearer: 'the token is wrong, or has expired',
  }[credentials.kind];
  if (credentials.kind === 'unstated')
    details.hint ??= 'Write user:password@ before the host, or save a destination that has them.';
  return said('denied', `${words} (HTTP 401)`, asked.about, details);
}

/** Where to isn't followed: only its origin and path are told, since a query may hold a token. */
function redirected(answer: Answer, location: HttpLocation): StoreError {
  const { status, asked } = answer;
  const to = redirectOf(answer, originOf(location));
  const where =
    to === null ? 'elsewhere' : `to ${to.origin}${to.origin === originOf(location) ? to.pathname : ''}`;
  return said('failed', `the server redirects ${asked.method} ${where} (HTTP ${status})`, asked.about, {
    hint: 'Redirects are not followed: use the URL that the files are at.',
  });
}

function originOf({ scheme, host }: Pick<HttpLocation, 'scheme' | 'host'>): string {
  return `${scheme}://${host}`;
}

function retryAfter(answer: Answer): StoreErrorDetails {
  return { retryAfterMs: retryAfterMs(headerOf(answer, 'retry-after')) };
}
