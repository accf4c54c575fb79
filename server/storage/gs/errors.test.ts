import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { ApiResponse } from './client.ts';
import { failureOf } from './errors.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');

/** As the service answers: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
function refusal(
  status: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): ApiResponse {
  const body = JSON.stringify({
    error: { code: status, message, errors: [{ domain: 'global', reason, message }] },
  });
  return {
    status,
    header: (name) => headers[name] ?? null,
    body: Readable.from([]),
    text: () => Promise.resolve(body),
  };
}

const lacks = (permission: string) =>
  `me@acme.example does not have ${permission} access to the Google Cloud Storage object. ` +
  `Permission '${permission}' denied on resource (or it may not exist).`;

it.each<[string, ApiResponse, string, string | RegExp, RegExp | null]>([
  [
    'a missing right to write',
    refusal(403, 'forbidden', lacks('storage.objects.create')),
    'denied',
    /objects\.create/,
    /“Storage Object Creator”/,
  ],
  [
    'a missing right to read',
    refusal(403, 'forbidden', lacks('storage.objects.get')),
    'denied',
    /objects\.get/,
    /“Storage Object Viewer”/,
  ],
  [
    'a missing right to list',
    refusal(403, 'forbidden', lacks('storage.objects.list')),
    'denied',
    /objects\.list/,
    /“Storage Object Viewer”/,
  ],
  [
    'a missing right to delete',
    refusal(403, 'forbidden', lacks('storage.objects.delete')),
    'denied',
    /objects\.delete/,
    /“Storage Object User”/,
  ],
  [
    'another prohibition',
    refusal(403, 'forbidden', 'Request is prohibited by policy.'),
    'denied',
    /prohibited by policy/,
    /“Storage Object User”/,
  ],
  [
    'scopes of a machine',
    refusal(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.'),
    'denied',
    /scopes/,
    /access scope/,
  ],
  [
    'a retention policy',
    refusal(403, 'retentionPolicyNotMet', 'Object is subject to retention'),
    'denied',
    /^file: it is locked/,
    /retention/,
  ],
  [
    'an unpaid project',
    refusal(403, 'accountDisabled', 'The billing account is disabled in state absent'),
    'failed',
    /billing account/,
    /billing/,
  ],
  [
    'a bucket whose users pay',
    refusal(400, 'required', 'Bucket is a requester pays bucket but no user project provided.'),
    'failed',
    /requester pays/,
    /owner pays/,
  ],
  [
    'too much at once',
    refusal(403, 'rateLimitExceeded', 'slow down', { 'retry-after': '7' }),
    'transient',
    /slow down/,
    null,
  ],
  [
    'too many requests',
    refusal(429, 'rateLimitExceeded', 'slow down', { 'retry-after': '7' }),
    'transient',
    /slow down/,
    null,
  ],
  [
    'a failure of the service',
    refusal(503, 'backendError', 'Backend Error'),
    'transient',
    'file: Backend Error (HTTP 503)',
    null,
  ],
  [
    'a taken name',
    refusal(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.'),
    'exists',
    'file: there is a file of that name already',
    null,
  ],
  [
    'a missing bucket',
    refusal(404, 'notFound', 'The specified bucket does not exist.'),
    'no-container',
    /bucket does not exist/,
    null,
  ],
  [
    'a wrong key',
    refusal(401, 'authError', 'Invalid Credentials', { date: 'Thu, 01 Jan 2026 12:01:00 GMT' }),
    'denied',
    /^file: it does not take these credentials/,
    /key.*clock/,
  ],
  [
    'a clock that is behind',
    refusal(401, 'authError', 'Invalid Credentials', { date: 'Thu, 01 Jan 2026 12:40:00 GMT' }),
    'denied',
    /clock is 40 minutes behind the service’s/,
    /clock/,
  ],
  [
    'a clock that is ahead',
    refusal(401, 'authError', 'Invalid Credentials', { date: 'Thu, 01 Jan 2026 11:50:00 GMT' }),
    'denied',
    /clock is 10 minutes ahead of the service’s/,
    /clock/,
  ],
  [
    'no credentials',
    refusal(401, 'required', lacks('storage.objects.get').replace('me@acme.example', 'Anonymous caller')),
    'denied',
    /^file: it wants credentials, and there are none/,
    /CREDENTIALS=/,
  ],
])('tells of %s', async (_what, response, code, message, hint) => {
  const error = await failureOf(response, 'file', NOW);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  if (hint === null) expect(error.hint).toBeNull();
  else expect(error.hint).toMatch(hint);
});

it('waits as long as it is asked to, whatever the status', async () => {
  for (const status of [403, 429])
    expect(
      await failureOf(refusal(status, 'rateLimitExceeded', '', { 'retry-after': '7' }), null),
    ).toMatchObject({
      code: 'transient',
      retryAfterMs: 7000,
    });
});

it.each([
  ['a token of its own', 'Bad: Bearer eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl', 'Bad: Bearer … (HTTP 400)'],
  ['a token alone', 'Bad eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl', 'Bad … (HTTP 400)'],
  ["a machine's token", 'Bad ya29.a0Af-secret_x', 'Bad … (HTTP 400)'],
  [
    'the URL of a session',
    'No /o?uploadType=resumable&upload_id=ABC-def_1 here',
    'No /o?uploadType=resumable&upload_id=… here (HTTP 400)',
  ],
  ['a key', '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----', '… (HTTP 400)'],
])('does not repeat %s', async (_what, message, told) => {
  expect((await failureOf(refusal(400, 'invalid', message), null)).message).toBe(told);
});
