import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { networkError, retryAfterMs, said, statusError } from '../network-errors.ts';
import { StoreError } from '../store.ts';
import type { ApiResponse } from './client.ts';

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes */
const failureSchema = z.object({
  error: z.object({
    message: z.string().default(''),
    errors: z.array(z.looseObject({ reason: z.string().optional() })).default([]),
  }),
});

/** What is repeated of what the service says. Longer texts are pages of something that stands in between. */
const LONGEST_TEXT = 300;

const CLOCK_HINT =
  'Check the key, and that the clock of this machine is right: tokens are signed with its time.';

/** The smallest role with each permission: https://cloud.google.com/storage/docs/access-control/iam-roles */
const ROLES: Readonly<Record<string, string>> = {
  'storage.objects.create': 'Storage Object Creator',
  'storage.objects.get': 'Storage Object Viewer',
  'storage.objects.list': 'Storage Object Viewer',
  'storage.objects.delete': 'Storage Object User',
};

/** Tokens whose times are off by less are taken. */
const TOLERATED_SKEW_MS = 5 * 60_000;

/** The service got other bytes than were sent: sent again, all of them, they may arrive. */
export class DamagedOnTheWay extends StoreError {
  constructor(file: string | null) {
    const words = 'it was damaged on its way to the service';
    super('transient', file === null ? words : `${file}: ${words}`, file);
  }
}

/** What an answer that is no success means. Reads its body. `file` as of StoreError. */
export async function failureOf(
  response: ApiResponse,
  file: string | null,
  now: number = Date.now(),
): Promise<StoreError> {
  const { message, reason } = await readFailure(response);
  const { status } = response;
  const words = message === '' ? 'the service refused it' : message;
  const details = { retryAfterMs: retryAfterMs(response.header('retry-after')) };
  if (/bucket does not exist/i.test(message)) return said('no-container', `${words} (HTTP ${status})`, file);
  switch (reason) {
    case 'rateLimitExceeded':
    case 'userRateLimitExceeded':
    case 'quotaExceeded':
      return said('transient', `${words} (HTTP ${status})`, file, details);
    case 'retentionPolicyNotMet':
    case 'objectUnderActiveHold':
      return said('denied', `it is locked: ${words} (HTTP ${status})`, file, {
        hint: 'It can be removed once the retention of the bucket lets it go.',
      });
    case 'accountDisabled':
    case 'billingNotEnabled':
      return said('failed', `${words} (HTTP ${status})`, file, {
        hint: "Have the project's billing set right; Google keeps its buckets closed until then.",
      });
    default:
  }
  if (status === 401) return unauthorized(response, words, file, now);
  if (status === 400 && /requester pays/i.test(message))
    return said('failed', `${words} (HTTP ${status})`, file, {
      hint: 'Choose a bucket that its owner pays for: no project to be billed goes along.',
    });
  if (status === 403 && /\bscope/i.test(message))
    return said('denied', `${words} (HTTP ${status})`, file, {
      hint: 'Give the machine the access scope “cloud-platform”, or the URL the key of a service account.',
    });
  if (status === 403) return said('denied', `${words} (HTTP ${status})`, file, { hint: grantFor(message) });
  if (status === 400 && /(hash|checksum).*match/i.test(message)) return new DamagedOnTheWay(file);
  if (status === 412) return said('exists', 'there is a file of that name already', file);
  if (status === 416) return said('failed', 'the bytes asked for are outside of it', file);
  return statusError(status, words, file, details);
}

function grantFor(message: string): string {
  const role = ROLES[/storage\.objects\.\w+/.exec(message)?.[0] ?? ''];
  return role === undefined
    ? 'Grant the account the role “Storage Object User” on the bucket; without the right to delete, “Creator” and “Viewer”.'
    : `Grant the account the role “${role}” on the bucket, and check how the bucket is called.`;
}

function unauthorized(response: ApiResponse, words: string, file: string | null, now: number): StoreError {
  const off = clockOff(response.header('date'), now);
  if (off !== null)
    return said('denied', `${off}, so that it takes no credentials: ${words} (HTTP 401)`, file, {
      hint: 'Set the clock of this machine right: tokens are signed with its time.',
    });
  if (/anonymous caller|login required/i.test(words))
    return said('denied', `it wants credentials, and there are none: ${words} (HTTP 401)`, file, {
      hint: 'Give the key of a service account: CREDENTIALS=$(base64 -w0 key.json).',
    });
  return said('denied', `it does not take these credentials: ${words} (HTTP 401)`, file, {
    hint: CLOCK_HINT,
  });
}

/** How far this machine's clock is off, in words; null where that matters not. */
function clockOff(date: string | null, now: number): string | null {
  const off = now - Date.parse(date ?? '');
  if (Number.isNaN(off) || Math.abs(off) < TOLERATED_SKEW_MS) return null;
  const minutes = Math.round(Math.abs(off) / 60_000);
  return `this machine’s clock is ${minutes} minutes ${off > 0 ? 'ahead of' : 'behind'} the service’s`;
}

async function readFailure(response: ApiResponse): Promise<{ message: string; reason: string }> {
  const content = await response.text().catch(() => '');
  try {
    const { error } = failureSchema.parse(JSON.parse(content));
    return { message: withoutSecrets(error.message), reason: error.errors[0]?.reason ?? '' };
  } catch {
    const plain = content.trim();
    const page = plain.length > LONGEST_TEXT || plain.startsWith('<');
    return { message: page ? '' : withoutSecrets(plain), reason: '' };
  }
}

/** What answers may repeat what it was asked with: tokens, keys, the URLs of sessions. On one line. */
function withoutSecrets(text: string): string {
  return text
    .replace(/-----BEGIN[\s\S]*?(-----END[^-]*-----|$)/g, '…')
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 …')
    .replace(/\beyJ[\w-]+\.[\w.-]+/g, '…')
    .replace(/\bya29\.[\w.-]+/g, '…')
    .replace(/\b(upload_id|access_token|assertion)=[^&\s"']+/gi, '$1=…')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LONGEST_TEXT);
}

/**
 * What was thrown before there was an answer. Nothing of the request goes into the error, not as its cause either: it has
 * tokens in its headers, and its URL may be a session's, which is a secret too.
 */
export function thrownError(error: unknown, file: string | null): StoreError {
  if (error instanceof StoreError) return error;
  const network = networkError(error, file);
  if (network !== null)
    return new StoreError(network.code, network.message, file, { hint: network.hint ?? undefined });
  const message = messageOf(error);
  if (/default credentials/i.test(message))
    return said('denied', 'this machine has no credentials of its own for Google', file, {
      hint: 'Run the engines where they have a service account, or give one’s key: CREDENTIALS=$(base64 -w0 key.json).',
    });
  if (/DECODER|PEM|asn1|unsupported/i.test(message))
    return said('denied', 'the private key in CREDENTIALS can’t be read', file, {
      hint: 'Encode the JSON file as Google handed it out: base64 -w0 key.json.',
    });
  if (/invalid_grant|invalid_client|unauthorized/i.test(message))
    return said('denied', 'Google does not take these credentials', file, { hint: CLOCK_HINT });
  const name = error instanceof Error ? error.name : 'error';
  return said('failed', `the client of the service failed (${name})`, file);
}
