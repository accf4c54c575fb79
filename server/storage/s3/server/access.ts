import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { KEYS, TEMPORARY_KEYS, type Behaviour } from '../server.ts';
import { OBJECT, root, S3Error, v4, type Asked, type Context } from './s3rver.ts';

const SECRETS: Readonly<Record<string, { secret: string; token?: string }>> = {
  [KEYS.accessKeyId]: { secret: KEYS.secretAccessKey },
  [TEMPORARY_KEYS.accessKeyId]: {
    secret: TEMPORARY_KEYS.secretAccessKey,
    token: TEMPORARY_KEYS.sessionToken,
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
const RIGHTS: Readonly<Record<string, string>> = {
  HeadObject: 's3:GetObject',
  GetObject: 's3:GetObject',
  DeleteObject: 's3:DeleteObject',
  ListObjectsV2: 's3:ListBucket',
  ListParts: 's3:ListMultipartUploadParts',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
};

export function authenticate(
  context: Context,
  { bucket }: Asked,
  { region, clockOffMs, alwaysSkewed }: Behaviour,
): void {
  const { headers, method, path, query } = context;
  if (headers.authorization === undefined) throw new S3Error('AccessDenied', 'Access Denied');
  const request = v4.parseHeader(headers);
  const key = SECRETS[request.accessKeyId];
  if (key === undefined)
    throw new S3Error(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      {
        AWSAccessKeyId: request.accessKeyId,
      },
    );
  const time = String(headers['x-amz-date']);
  const now = Date.now() + clockOffMs;
  context.set('Date', new Date(now).toUTCString());
  if (
    alwaysSkewed ||
    Math.abs(now - Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))) > 15 * 60_000
  )
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        RequestTime: time,
        ServerTime: new Date(now).toISOString(),
        MaxAllowedSkewMilliseconds: '900000',
      },
    );
  if (key.token !== headers['x-amz-security-token'])
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  if (region !== null && request.credential.region !== region) {
    context.set('x-amz-bucket-region', region);
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${request.credential.region}' is wrong; expecting '${region}'`,
      { Region: region },
    );
  }
  const canonical = {
    method,
    uri: encodedPath(context.state.vhost ? path.slice(bucket.length + 1) : path),
    querystring: Object.entries(query)
      .map((pair) => pair.map(encoded).join('='))
      .sort()
      .join('&'),
    headers,
    timestamp: time,
  };
  const stringToSign = v4.getStringToSign(canonical, request);
  const { date, region: signed, service } = request.credential;
  const signature = createHmac('sha256', v4.getSigningKey(key.secret, date, signed, service))
    .update(stringToSign)
    .digest('hex');
  if (signature !== request.signatureProvided)
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      {
        AWSAccessKeyId: request.accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: request.signatureProvided,
        CanonicalRequest: `x-amz-security-token:${String(headers['x-amz-security-token'])}`,
      },
    );
  // s3rver need not look at it.
  delete headers.authorization;
}

function encodedPath(path: string): string {
  return path
    .split('/')
    .map((part) => encoded(decodeURIComponent(part)))
    .join('/');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function authorize({ operation, bucket, key }: Asked, { denied }: Behaviour): void {
  const right = RIGHTS[operation] ?? 's3:PutObject';
  const missing =
    right === 's3:GetObject' &&
    denied.includes('s3:ListBucket') &&
    !existsSync(join(root, bucket, `${key}${OBJECT}`));
  const lacking = denied.includes(right) ? right : missing ? 's3:ListBucket' : null;
  if (lacking !== null)
    throw new S3Error(
      'AccessDenied',
      `User: arn:aws:iam::111122223333:user/holdfast is not authorized to perform: ${lacking} because no identity-based policy allows the ${lacking} action`,
    );
}

export function refuseUnknown(headers: IncomingHttpHeaders, { conditional, checksums }: Behaviour): void {
  if (conditional === 'refused' && headers['if-none-match'] !== undefined)
    throw new S3Error(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented',
    );
  if (checksums === 'refused' && Object.keys(headers).some((name) => /^x-amz-(sdk-)?checksum-/.test(name)))
    throw new S3Error(
      'InvalidArgument',
      "Unsupported header 'x-amz-sdk-checksum-algorithm' received for this API call.",
    );
}
