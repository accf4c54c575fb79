import { describe, expect, it } from 'vitest';
import { completed } from './completed.ts';
import { lent } from './lending.ts';
import type { RemoteLocation } from './credentials.ts';
import { parseDestination, parseLocation } from './location.ts';

function remote(url: string): RemoteLocation {
  const location = parseDestination(url);
  if (location.scheme === 'nodelocal') throw new Error('nodelocal has no credentials');
  return location;
}

const KEYS = 'AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=hush';
const MINIO = 'AWS_ENDPOINT=http://minio:9000';
const AZURE = 'AZURE_ACCOUNT_NAME=acme&AZURE_ACCOUNT_KEY=aHVzaA==';

describe('completed', () => {
  it.each([
    ['s3://bucket/a/b', `s3://bucket?${KEYS}`],
    ['s3://bucket/a/b', `s3://bucket/a?${KEYS}`],
    ['s3://bucket/a/b', `s3://bucket/a/b?${KEYS}`],
    [`s3://bucket/a/b?${MINIO}/`, `s3://bucket/a?${KEYS}&${MINIO}`],
    ['azure://files/a/b', `azure://files/a?${AZURE}`],
    ['azure://files/a/b?AZURE_ACCOUNT_NAME=acme', `azure://files/a?${AZURE}`],
    ['gs://bucket/a/b', 'gs://bucket?AUTH=implicit'],
    ['http://host:80/a/b', 'http://user:hush@HOST/a'],
    ['https://host:8443/a%20b/c', 'https://user:hush@host:8443/a b'],
  ])('%s is opened by %s', (url, saved) => {
    const location = remote(url);
    expect(completed(location, remote(saved))).toEqual({
      ...location,
      ...('account' in location ? { account: 'acme' } : {}),
      credentials: remote(saved).credentials,
    });
  });

  it.each([
    ['s3://bucket/ab', `s3://bucket/a?${KEYS}`],
    ['s3://bucket/a', `s3://bucket/a/b?${KEYS}`],
    ['s3://other/a/b', `s3://bucket/a?${KEYS}`],
    ['s3://bucket/a/b', `s3://bucket/a?${KEYS}&${MINIO}`],
    [`s3://bucket/a/b?${MINIO}`, `s3://bucket/a?${KEYS}`],
    ['gs://bucket/a/b', `s3://bucket/a?${KEYS}`],
    ['azure://files/a?AZURE_ACCOUNT_NAME=other', `azure://files?${AZURE}`],
    ['azure://files/a', `azure://files?${AZURE}&AZURE_ENDPOINT=http://evil`],
    ['gs://bucket/a', 'gs://bucket?AUTH=implicit&GS_ENDPOINT=http://here'],
    // Not in the clear what was given to be sent encrypted.
    ['http://host/a', 'https://user:hush@host/a'],
    ['http://host:81/a', 'http://user:hush@host/a'],
  ])('%s is not opened by %s', (url, saved) => {
    expect(completed(remote(url), remote(saved))).toBeNull();
  });

  it('takes over what the URL leaves out, and nothing that it says', () => {
    const saved = remote(
      `s3://bucket?${KEYS}&${MINIO}&AWS_REGION=eu&S3_STORAGE_CLASS=GLACIER_IR&AWS_SERVER_ENC_MODE=AES256&AWS_USE_PATH_STYLE=false`,
    );
    expect(completed(remote(`s3://bucket/a?${MINIO}`), saved)).toMatchObject({
      region: 'eu',
      storageClass: 'GLACIER_IR',
      encryption: { mode: 'AES256', kmsKeyId: null },
      pathStyle: false,
      redacted: `s3://bucket/a?${MINIO}`,
    });
    const said = remote(
      `s3://bucket/a?${MINIO}&AWS_REGION=us&S3_STORAGE_CLASS=STANDARD&AWS_SERVER_ENC_MODE=aws:kms&AWS_USE_PATH_STYLE=true`,
    );
    expect(completed(said, saved)).toEqual({ ...said, credentials: saved.credentials });
  });
});

it('lends credentials within a bucket', () => {
  const [base, newest] = [parseLocation('s3://bucket/a'), parseLocation(`s3://bucket/b/c?${KEYS}`)];
  expect(lent(base, newest)).toMatchObject({ path: 'a', credentials: { secretAccessKey: 'hush' } });
  for (const url of [
    's3://other/a',
    's3://bucket/a?AUTH=implicit',
    `s3://bucket/a?${MINIO}`,
    'nodelocal://self/a',
  ])
    expect(lent(parseLocation(url), newest)).toEqual(parseLocation(url));
  expect(lent(base, parseLocation('s3://bucket/b'))).toEqual(base);
});
