import { z } from 'zod';
import type { S3Location } from '../locations/s3.ts';
import { networkError, retryAfterMs, said, statusError } from '../network-errors.ts';
import { StoreError, type StoreErrorCode } from '../store.ts';

/** The right that a request needs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
export type S3Right = 's3:PutObject' | 's3:GetObject' | 's3:ListBucket' | 's3:DeleteObject';

/** What a request was about. */
export interface S3Request {
  location: S3Location;
  right: S3Right;
  /** Relative to the location; null: the location itself. */
  file: string | null;
}

/** What is read of the SDK's errors, whose other fields may hold signatures and tokens. */
const Failure = z.object({
  /** The service's code, or a name of the SDK's. */
  name: z.string().catch(''),
  message: z.string().catch(''),
  $metadata: z
    .object({
      httpStatusCode: z.number().optional().catch(undefined),
      requestId: z.string().optional().catch(undefined),
      clockSkewCorrected: z.boolean().optional().catch(undefined),
    })
    .catch({}),
  /** Not enumerable. */
  $response: z.object({ headers: z.record(z.string(), z.string()).catch({}) }).catch({ headers: {} }),
  Region: z.string().optional().catch(undefined),
  ServerTime: z.string().optional().catch(undefined),
});
type Failure = z.infer<typeof Failure>;

function read(error: unknown): Failure {
  return Failure.parse(typeof error === 'object' && error !== null ? error : {});
}

interface Meaning {
  code: StoreErrorCode;
  words: string;
  hint?: string;
}

const WRONG_TOKEN: Meaning = {
  code: 'denied',
  words: 'the session token is not accepted',
  hint: 'Check AWS_SESSION_TOKEN: it belongs to the temporary keys that it came with.',
};
const EXPIRED: Meaning = {
  code: 'denied',
  words: 'the session token has expired',
  hint: 'Get new temporary keys with their AWS_SESSION_TOKEN, or use keys that last.',
};
const ACCOUNT: Meaning = {
  code: 'denied',
  words: 'the account of these keys can not be used',
  hint: 'Ask the service what is wrong with the account, such as an unpaid bill.',
};
const BUSY: Meaning = { code: 'transient', words: 'the service is too busy' };
const TROUBLED: Meaning = { code: 'transient', words: 'the service had a problem of its own' };
const DAMAGED: Meaning = { code: 'transient', words: 'what was sent arrived incomplete or damaged' };
const FULL: Meaning = { code: 'no-space', words: 'the service has no space left for it' };
const KMS_UNUSABLE: Meaning = {
  code: 'denied',
  words: 'the KMS key can not be used',
  hint: "Check AWS_SERVER_KMS_ID: the key has to be enabled, in the bucket's region, and allow kms:GenerateDataKey and kms:Decrypt.",
};
const NOT_S3: Meaning = {
  code: 'failed',
  words: 'what answers there does not speak the protocol of S3',
  hint: 'Check AWS_ENDPOINT: it has to be the service itself, not its console or a web page.',
};
const NO_BUCKET =
  'Create the bucket first, or check its name, and AWS_ENDPOINT where it is not at Amazon: Holdfast makes no buckets.';
const NO_SUCH_FILE: Meaning = { code: 'not-found', words: 'there is no such file' };

/**
 * What the service's codes mean (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), and those of services that
 * speak its protocol.
 */
const CODES: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: {
    code: 'denied',
    words: 'the service does not know the access key',
    hint: 'Check AWS_ACCESS_KEY_ID, and that it belongs to this service; temporary keys need their AWS_SESSION_TOKEN too.',
  },
  SignatureDoesNotMatch: {
    code: 'denied',
    words: 'the secret access key is wrong',
    hint: 'Check AWS_SECRET_ACCESS_KEY; in a URL, & and # in it are written as %26 and %23.',
  },
  InvalidToken: WRONG_TOKEN,
  InvalidSecurity: WRONG_TOKEN,
  InvalidClientTokenId: WRONG_TOKEN,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  AccountProblem: ACCOUNT,
  NotSignedUp: ACCOUNT,
  UserSuspended: ACCOUNT,
  InvalidPayer: ACCOUNT,
  InvalidBucketName: {
    code: 'failed',
    words: 'the service takes no bucket of that name',
    hint: 'Names of buckets have 3 to 63 lower-case letters, digits, dots and hyphens.',
  },
  NoSuchKey: NO_SUCH_FILE,
  NotFound: NO_SUCH_FILE,
  NoSuchUpload: {
    code: 'transient',
    words: 'its upload was ended by somebody else before it was complete',
    hint: 'Nothing else may write below the location; check that a lifecycle rule leaves uploads alone for some days.',
  },
  ConditionalRequestConflict: {
    code: 'transient',
    words: 'another writer was at the same file',
  },
  OperationAborted: { code: 'transient', words: 'another request was at the same time' },
  EntityTooLarge: {
    code: 'failed',
    words: 'it is larger than the service takes',
    hint: 'Back up fewer tables at once, or choose a destination that takes larger files.',
  },
  InvalidStorageClass: {
    code: 'failed',
    words: 'the service has no such storage class',
    hint: 'Check S3_STORAGE_CLASS, or leave it out.',
  },
  InvalidObjectState: {
    code: 'failed',
    words: 'it is archived and can not be read as it is',
    hint: 'Have the service restore the objects first, or use a storage class that can be read at once.',
  },
  InvalidRange: { code: 'failed', words: 'the bytes asked for are outside of it' },
  InvalidEncryptionAlgorithmError: {
    code: 'failed',
    words: 'the service has no such encryption',
    hint: 'Check AWS_SERVER_ENC_MODE, or leave it out.',
  },
  BadDigest: DAMAGED,
  IncompleteBody: DAMAGED,
  XAmzContentChecksumMismatch: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  SlowDown: BUSY,
  SlowDownRead: BUSY,
  SlowDownWrite: BUSY,
  ServiceUnavailable: BUSY,
  Throttling: BUSY,
  ThrottlingException: BUSY,
  TooManyRequests: BUSY,
  TooManyRequestsException: BUSY,
  RequestLimitExceeded: BUSY,
  RequestThrottled: BUSY,
  InternalError: TROUBLED,
  RequestTimeout: { code: 'transient', words: 'the service waited too long for what was sent' },
  TimeoutError: { code: 'transient', words: 'it does not answer' },
  QuotaExceeded: FULL,
  QuotaExceededException: FULL,
  XMinioStorageFull: FULL,
  XMinioAdminBucketQuotaExceeded: FULL,
  InsufficientStorage: FULL,
};

const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const WITHOUT_CREDENTIALS: Meaning = {
  code: 'denied',
  words: 'no credentials were found on this machine',
  hint: 'AUTH=implicit takes them from AWS_ACCESS_KEY_ID, a profile, or the role of the machine or container that engines run on.',
};
const WRONG_REGION = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'Redirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);

/** What a failure of the SDK means. Of what the service said, nothing is kept that may hold a secret, a signature or a token. */
export function s3Error(error: unknown, request: S3Request): StoreError {
  if (error instanceof StoreError) return error;
  const { location, file, right } = request;
  const failure = read(error);
  const { name, $metadata, $response } = failure;
  const status = $metadata.httpStatusCode;
  const cause = causeOf(failure);
  const wait = retryAfterMs($response.headers['retry-after']);
  // Without a code, there are only the SDK's names for that.
  const told = /^(Unknown|UnknownError|Error|NotFound|)$/.test(name) ? null : name;
  const shown = told === null ? `HTTP ${status}` : `${told} ${status}`;
  const tell = ({ code, words, hint }: Meaning): StoreError =>
    said(code, status === undefined ? words : `${words} (${shown})`, file, {
      cause,
      hint,
      ...(code === 'transient' && wait !== undefined && { retryAfterMs: wait }),
    });
  if (
    name === 'NoSuchBucket' ||
    (name === 'NotFound' && (right === 's3:PutObject' || right === 's3:ListBucket'))
  )
    return tell({ code: 'no-container', words: `there is no bucket ${location.bucket}`, hint: NO_BUCKET });
  // The SDK calls resets timeouts; and what it tried for credentials is no concern of the service.
  const network = status === undefined && !NO_CREDENTIALS.has(name) ? networkError(error, file) : null;
  if (network !== null) return network;
  const known = NO_CREDENTIALS.has(name) ? WITHOUT_CREDENTIALS : CODES[name];
  if (known !== undefined) return tell(known);
  if (SKEWED.has(name)) return tell(skewed(failure));
  if (WRONG_REGION.has(name) || status === 301 || status === 307) return tell(wrongRegion(failure, request));
  if (/^KMS\b|^Kms/.test(name)) return tell(KMS_UNUSABLE);
  if (status === undefined) return localFailure(failure, request);
  if (status === 401 || status === 403) return tell(denied(failure, right, location));
  if (status === 507) return tell(FULL);
  if (status >= 500 && status !== 501 && told === null) return tell(TROUBLED);
  if (status < 400 || isGarbled(failure)) return tell(NOT_S3);
  const words =
    told === null ? 'the service refused it' : `${told}: ${withoutSecrets(failure.message, location)}`;
  return statusError(status, words, file, {
    cause,
    ...(wait !== undefined && { retryAfterMs: wait }),
  });
}

/** For an answer that lacks what every answer of S3 has. */
export function notS3(file: string | null): StoreError {
  return said(NOT_S3.code, NOT_S3.words, file, { hint: NOT_S3.hint });
}

function denied({ message }: Failure, right: S3Right, location: S3Location): Meaning {
  const detail = withoutSecrets(message, location);
  const meant = /perform: (s3:\w+|kms:\w+)/.exec(detail)?.[1] ?? right;
  return {
    code: 'denied',
    words: `these credentials have no right to it: ${meant}`,
    hint:
      right === 's3:GetObject'
        ? `Allow ${meant} on the bucket and what is in it. Without s3:ListBucket, S3 says the same of a file that isn't there.`
        : `Allow ${meant} on ${meant === 's3:ListBucket' ? 'the bucket' : meant.startsWith('kms:') ? 'the KMS key' : 'the objects of the bucket'}.`,
  };
}

function skewed({ ServerTime, $response }: Failure): Meaning {
  const server = Date.parse(ServerTime ?? $response.headers['date'] ?? '');
  const minutes = Math.round((Date.now() - server) / 60_000);
  const off = Number.isNaN(minutes)
    ? 'far from'
    : `${Math.abs(minutes)} min ${minutes < 0 ? 'behind' : 'ahead of'}`;
  return {
    code: 'failed',
    words: `the clock of this machine is ${off} that of the service`,
    hint: 'Set the clocks of the machines that engines run on, by NTP; the service refuses what is off by more than 15 minutes.',
  };
}

function wrongRegion(failure: Failure, { location }: S3Request): Meaning {
  const right = regionIn(failure);
  return {
    code: 'failed',
    words:
      right === null
        ? `the bucket ${location.bucket} is in another region`
        : `the bucket ${location.bucket} is in the region ${right}`,
    hint: right === null ? 'Say which: AWS_REGION.' : `Say AWS_REGION=${right}.`,
  };
}

/** A failure on this side: nothing was answered. */
function localFailure(failure: Failure, { file, location }: S3Request): StoreError {
  const words = withoutSecrets(failure.message, location);
  return said('failed', words === '' ? 'the request could not be made' : words, file, {
    cause: causeOf(failure),
  });
}

/** The SDK could not read the answer. */
function isGarbled({ message }: Failure): boolean {
  return message.includes('Deserialization error');
}

/** The region that the bucket is in, as a refusal tells it; null where it tells none. */
export function bucketRegion(error: unknown): string | null {
  const failure = read(error);
  const status = failure.$metadata.httpStatusCode ?? 0;
  return WRONG_REGION.has(failure.name) || (status >= 300 && status < 500) ? regionIn(failure) : null;
}

/** It becomes a part of a host's name. */
const REGION = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function regionIn({ Region, $response, message }: Failure): string | null {
  const region =
    Region ?? $response.headers['x-amz-bucket-region'] ?? /expecting '([^']+)'/.exec(message)?.[1] ?? '';
  return REGION.test(region) ? region : null;
}

/** The request was refused because of the clock, and the SDK has set its own by the answer. */
export function isClockCorrected(error: unknown): boolean {
  return read(error).$metadata.clockSkewCorrected === true;
}

/** A service that knows no checksums in headers, and says so. */
export function isChecksumRefusal(error: unknown): boolean {
  const { name, message } = read(error);
  return (
    /^(NotImplemented|InvalidArgument|InvalidRequest)$/.test(name) && /x-amz-(sdk-)?checksum/i.test(message)
  );
}

/** A service that knows no conditional writes, and says so. */
export function isNotImplemented(error: unknown): boolean {
  const { name, $metadata } = read(error);
  return name === 'NotImplemented' || $metadata.httpStatusCode === 501;
}

/**
 * A condition of a write didn't hold (412), or others were at the same file (409):
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function isConflict(error: unknown): boolean {
  const { name, $metadata } = read(error);
  return $metadata.httpStatusCode === 412 || /^(PreconditionFailed|ConditionalRequestConflict)$/.test(name);
}

/** The upload is gone: completed by a request whose answer was lost, or aborted. */
export function isNoSuchUpload(error: unknown): boolean {
  return read(error).name === 'NoSuchUpload';
}

/** The status that a request was answered with; null where nothing was answered. */
export function statusOf(error: unknown): number | null {
  return read(error).$metadata.httpStatusCode ?? null;
}

/** For logs: what the service can find the request by. */
function causeOf({ name, message, $metadata: { httpStatusCode, requestId } }: Failure): Error {
  if (httpStatusCode === undefined) return new Error(name === '' ? 'no answer' : name);
  const id = requestId === undefined ? '' : `, request ${requestId}`;
  return new Error(`the service answered ${name || message.slice(0, 50)} (HTTP ${httpStatusCode}${id})`);
}

/** At most so much of what a service says is repeated. */
const LONGEST_SAID = 300;

function withoutSecrets(text: string, { credentials }: S3Location): string {
  let clean = text.replace(/(Signature|Credential|Security-Token|Authorization)["']?\s*[=:]\s*\S+/gi, '$1=…');
  if (credentials.kind === 'keys')
    for (const secret of [credentials.secretAccessKey, credentials.sessionToken])
      if (secret !== null) clean = clean.replaceAll(secret, '…');
  return clean.length > LONGEST_SAID ? `${clean.slice(0, LONGEST_SAID)}…` : clean;
}
