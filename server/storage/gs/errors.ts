import { text } from 'node:stream/consumers';
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

/** Longer texts are pages of something that stands in between. */
const LONGEST_TEXT = 300;

const CLOCK_HINT =
  'Check the key, and that the clock of this machine is right: tokens are signed with its time.';

/** The service got other bytes than were sent: sent again, all of them, they may arrive. */
export class DamagedOnTheWay extends StoreError {
  constructor(file: string | null) {
    const words = 'it was damaged on its way to the service';
    super('transient', file === null ? words : `${file}: ${words}`, file);
  }
}

/** What an answer that is no success means. Reads its body. `file` as of StoreError. */
export async function failureOf(response: ApiResponse, file: string | null): Promise<StoreError> {
  const { message, reason } = await readFailure(response);
  const { status } = response;
  const words = message === '' ? 'the service refused it' : message;
  const details = { retryAfterMs: retryAfterMs(response.header('retry-after')) };
  if (/bucket does not exist/i.test(message)) return said('no-container', `${words} (HTTP ${status})`, file);
  switch (reason) {
    case 'rateLimitExceeded':
    case 'userRateLimitExceeded':
      return said('transient', `${words} (HTTP ${status})`, file, details);
    case 'authError':
    case 'required':
      return said('denied', `it does not take these credentials: ${words} (HTTP ${status})`, file, {
        hint: CLOCK_HINT,
      });
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
  if (status === 401)
    return said('denied', `it does not take these credentials: ${words} (HTTP ${status})`, file, {
      hint: CLOCK_HINT,
    });
  if (status === 403)
    return said('denied', `${words} (HTTP ${status})`, file, {
      hint: 'Grant the account the role “Storage Object User” on the bucket; without the right to delete, “Creator” and “Viewer”.',
    });
  if (status === 400 && /(hash|checksum).*match/i.test(message)) return new DamagedOnTheWay(file);
  if (status === 416) return said('failed', 'the bytes asked for are outside of it', file);
  return statusError(status, words, file, details);
}

async function readFailure({ body }: ApiResponse): Promise<{ message: string; reason: string }> {
  const content = await text(body).catch(() => '');
  try {
    const { error } = failureSchema.parse(JSON.parse(content));
    return { message: error.message.trim(), reason: error.errors[0]?.reason ?? '' };
  } catch {
    const plain = content.trim();
    return { message: plain.length > LONGEST_TEXT || plain.startsWith('<') ? '' : plain, reason: '' };
  }
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
