import { messageOf } from '../errors.ts';
import { said } from './said.ts';
import { StoreError, type StoreErrorCode, type StoreErrorDetails } from './store.ts';

interface Known {
  code: StoreErrorCode;
  words: string;
  hint?: string;
}

const DNS: Known = {
  code: 'failed',
  words: 'its host has no address (DNS)',
  hint: 'Check the name of the host in the URL and in the endpoint, and that engines can resolve it.',
};
const UNTRUSTED: Known = {
  code: 'failed',
  words: "its TLS certificate isn't trusted",
  hint: 'Have engines trust the authority that signed it: NODE_EXTRA_CA_CERTS names a file of certificates.',
};

/** What Node says of connections: https://nodejs.org/api/errors.html, https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CODES: Readonly<Record<string, Known>> = {
  ENOTFOUND: DNS,
  EAI_AGAIN: { ...DNS, code: 'transient', words: 'its host could not be looked up (DNS)' },
  ECONNREFUSED: {
    code: 'transient',
    words: 'nothing takes connections there',
    hint: 'Check host and port, that the service runs, and that no firewall is in between.',
  },
  ECONNRESET: { code: 'transient', words: 'the connection was broken off' },
  EPIPE: { code: 'transient', words: 'the connection was broken off' },
  UND_ERR_SOCKET: { code: 'transient', words: 'the connection was broken off' },
  ETIMEDOUT: { code: 'transient', words: 'it does not answer' },
  ESOCKETTIMEDOUT: { code: 'transient', words: 'it does not answer' },
  UND_ERR_CONNECT_TIMEOUT: { code: 'transient', words: 'it does not answer' },
  UND_ERR_HEADERS_TIMEOUT: { code: 'transient', words: 'it does not answer' },
  UND_ERR_BODY_TIMEOUT: { code: 'transient', words: 'it stopped answering' },
  EHOSTUNREACH: { code: 'transient', words: 'its host cannot be reached' },
  ENETUNREACH: { code: 'transient', words: 'its network cannot be reached' },
  CERT_HAS_EXPIRED: {
    code: 'failed',
    words: 'its TLS certificate has expired',
    hint: 'Have the certificate renewed, or set the clock of this machine right.',
  },
  CERT_NOT_YET_VALID: {
    code: 'failed',
    words: "its TLS certificate isn't valid yet",
    hint: 'Set the clock of this machine right.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'failed',
    words: 'its TLS certificate is for another host',
    hint: 'Use the name that the certificate has, or have it made for this one.',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  ERR_SSL_WRONG_VERSION_NUMBER: {
    code: 'failed',
    words: 'it does not speak TLS',
    hint: 'Write http:// in place of https://, or check the port.',
  },
  EPROTO: {
    code: 'failed',
    words: 'TLS cannot be agreed upon with it',
    hint: 'Check the port, and http against https.',
  },
};

/** How deep the reasons of an error are looked into: drivers wrap what the socket said. */
const DEPTH = 5;

/**
 * What an error of a connection means: name resolution, TLS, refusals, resets, timeouts. Null for any other error. `file` as
 * of StoreError; the message doesn't name the location, which whoever tells people adds.
 */
export function networkError(error: unknown, file: string | null): StoreError | null {
  for (let at = error, depth = 0; at instanceof Error && depth < DEPTH; at = innerOf(at), depth++) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : null;
    const known = code === null ? undefined : CODES[code];
    if (known !== undefined)
      return said(known.code, `${known.words} (${code})`, file, { cause: error, hint: known.hint });
    // A response that stops before its length.
    if (/^(aborted|terminated|socket hang up|Premature close)$/i.test(at.message))
      return said('transient', 'the connection was broken off', file, { cause: error });
  }
  return null;
}

/** Attempts on several addresses of a host come as one AggregateError. */
function innerOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors[0] as unknown) : error.cause;
}

/** What an HTTP status means where nothing more is known. `words` is what the service said, without secrets. */
export function statusError(
  status: number,
  words: string,
  file: string | null,
  details: StoreErrorDetails = {},
): StoreError {
  return said(codeOfStatus(status), `${words} (HTTP ${status})`, file, details);
}

function codeOfStatus(status: number): StoreErrorCode {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return 'denied';
    case 404:
    case 410:
      return 'not-found';
    case 409:
    case 412:
      return 'exists';
    case 408:
    case 425:
    case 429:
      return 'transient';
    case 507:
    case 413:
      return 'no-space';
    case 501:
    case 505:
      return 'failed';
    default:
      return status >= 500 ? 'transient' : 'failed';
  }
}

/**
 * `Retry-After` in milliseconds: seconds, or a date (RFC 9110, 10.2.3). Undefined where there is none that can be read.
 */
export function retryAfterMs(
  header: string | null | undefined,
  now: number = Date.now(),
): number | undefined {
  if (header === null || header === undefined) return undefined;
  const seconds = /^\s*(\d{1,7})\s*$/.exec(header)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The last resort: an error that says nothing that is known. Never transient, so that nothing is repeated blindly. */
export function unknownError(error: unknown, file: string | null): StoreError {
  return error instanceof StoreError ? error : said('failed', messageOf(error), file, { cause: error });
}
