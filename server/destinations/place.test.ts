import { describe, expect, it } from 'vitest';
import type { RemoteLocation } from '../storage/credentials.ts';
import { parseDestination, parseLocation } from '../storage/location.ts';
import { completed, parentOf, placeOf, serverOf } from './place.ts';

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

it('tells places and servers apart', () => {
  const place = (url: string): string => placeOf(parseDestination(url));
  expect(place('nodelocal://self/a')).toBe(place('nodelocal://1/a/'));
  expect(place(`s3://bucket/a?${KEYS}&AWS_REGION=eu`)).toBe(place('s3://bucket/a?AUTH=implicit'));
  expect(place('s3://bucket/a?AUTH=implicit')).not.toBe(place('s3://bucket/a/b?AUTH=implicit'));
  expect(place('http://u:p@h/a')).toBe(place('http://h:80/a'));
  const server = (url: string): string => serverOf(parseDestination(url));
  expect(server(`s3://aa?${KEYS}`)).toBe(server(`s3://bucket/c?${KEYS}`));
  expect(server(`s3://aa?${KEYS}`)).not.toBe(server(`s3://aa?${KEYS}&${MINIO}`));
  expect(server(`azure://files?${AZURE}`)).not.toBe(
    server(`azure://files?${AZURE.replace('acme', 'other')}`),
  );
  expect(server('http://h/a')).not.toBe(server('https://h/a'));
});

it.each([
  [
    's3://bucket/nightly/x y/bank?AWS_ENDPOINT=http://h/p',
    's3://bucket/nightly/x%20y?AWS_ENDPOINT=http://h/p',
    'nightly/x y',
  ],
  ['s3://bucket/bank', 's3://bucket', ''],
  ['nodelocal://self/bank', 'nodelocal://self/', ''],
  ['nodelocal:///a/bank', 'nodelocal:///a', 'a'],
  ['http://u:p@h:8080/bank', 'http://h:8080', ''],
])('finds what %s is in', (url, redacted, path) => {
  const parent = parentOf(parseLocation(url));
  expect(parent).toMatchObject({ path });
  // Printed by another hand, the same place.
  expect(parseDestination(parent.redacted).redacted).toBe(parseDestination(redacted).redacted);
});
