import { expect, it } from 'vitest';
import { lend, openable, rememberOpened } from './opened-with.ts';
import { isAddressable } from './paths.ts';

const KEYS = 'AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=hush';

it('gives a URL the credentials of another in the same bucket, at the same endpoint, alone', () => {
  expect(lend('s3://bucket/b?AWS_REGION=eu', `s3://bucket/a?${KEYS}&AWS_REGION=us`)).toBe(
    `s3://bucket/b?${KEYS}&AWS_REGION=eu`,
  );
  expect(lend('azure://files/b', 'azure://files/a?AZURE_ACCOUNT_NAME=acme&AZURE_ACCOUNT_KEY=aHVzaA==')).toBe(
    'azure://files/b?AZURE_ACCOUNT_NAME=acme&AZURE_ACCOUNT_KEY=aHVzaA==',
  );
  expect(lend('https://host/b', 'https://me:hush@host/a')).toBe('https://me:hush@host/b');
  for (const [url, other] of [
    ['s3://other/b', `s3://bucket/a?${KEYS}`],
    ['s3://bucket/b?AWS_ENDPOINT=http://evil', `s3://bucket/a?${KEYS}`],
    ['s3://bucket/b?AUTH=implicit', `s3://bucket/a?${KEYS}`],
    ['http://host/b', 'https://me:hush@host/a'],
    ['gs://bucket/b', `s3://bucket/a?${KEYS}`],
    ['no url', `s3://bucket/a?${KEYS}`],
  ] as const)
    expect(lend(url, other)).toBeNull();
});

it('remembers what a backup was opened with', () => {
  expect(openable('s3://bucket/a')).toBe('s3://bucket/a');
  rememberOpened('s3://bucket/a', 's3://bucket/a');
  rememberOpened('s3://bucket/a', `s3://bucket/a?${KEYS}`);
  expect(openable('s3://bucket/a')).toBe(`s3://bucket/a?${KEYS}`);
  expect(openable('s3://bucket/b')).toBe(`s3://bucket/b?${KEYS}`);
  expect(openable('s3://elsewhere/a')).toBe('s3://elsewhere/a');
});

it.each([
  ['nodelocal://self/a b', true],
  ['nodelocal://self/a@b', true],
  [
    's3://bucket/a?AWS_REGION=eu&AWS_ENDPOINT=http://minio:9000&AWS_SERVER_ENC_MODE=aws:kms&AWS_SERVER_KMS_ID=k',
    true,
  ],
  ['azure://files/a?AZURE_ACCOUNT_NAME=acme', true],
  ['https://host:8443/a', true],
  [`s3://bucket/a?${KEYS}`, false],
  ['s3://bucket/a?AWS_ACCESS_KEY_ID=AK', false],
  ['s3://bucket/a?anything=else', false],
  ['https://me:hush@host/a', false],
  ['https://me:hu/sh@host/a', false],
  ['https://host/a#hush', false],
  ['no url', false],
])('%s in a page’s address: %j', (url, may) => {
  expect(isAddressable(url)).toBe(may);
});
