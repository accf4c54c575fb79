import { describe, expect, it } from 'vitest';
import { lendAmong, lent } from './lending.ts';
import { parseLocation } from './location.ts';

const KEYS = 'AWS_ACCESS_KEY_ID=AK1&AWS_SECRET_ACCESS_KEY=hu%2Bsh';

describe('URLs of a statement', () => {
  it('lend what opens them to those on the same server and in the same bucket', () => {
    const [to, base, other, elsewhere, minio] = lendAmong([
      `s3://bucket/one/inc?${KEYS}&AWS_REGION=eu-west-1`,
      's3://bucket/two/full',
      's3://other/full',
      'azure://bucket/full?AZURE_ACCOUNT_NAME=acme',
      's3://bucket/x?AWS_ENDPOINT=http://minio:9000',
    ]);
    expect(to).toBe(`s3://bucket/one/inc?${KEYS}&AWS_REGION=eu-west-1`);
    expect(parseLocation(base ?? '')).toEqual(
      expect.objectContaining({
        path: 'two/full',
        region: 'eu-west-1',
        credentials: { kind: 'keys', accessKeyId: 'AK1', secretAccessKey: 'hu+sh', sessionToken: null },
      }),
    );
    expect(other).toBe('s3://other/full');
    expect(elsewhere).toBe('azure://bucket/full?AZURE_ACCOUNT_NAME=acme');
    expect(minio).toBe('s3://bucket/x?AWS_ENDPOINT=http://minio:9000');
  });

  it('keep their own credentials, and their mistakes', () => {
    const urls = [
      'gs://b/x?AUTH=implicit',
      `s3://b/x?${KEYS}`,
      's3://b',
      'nonsense',
      '',
      'nodelocal://self/x',
    ];
    expect(lendAmong(urls)).toEqual(urls);
  });

  it('lend a user and a password to the same host and port only', () => {
    const [, same, port, scheme] = lendAmong([
      'https://me:pa%40ss@files:8443/a',
      'https://files:8443/b',
      'https://files/b',
      'http://files:8443/b',
    ]);
    expect(same).toBe('https://me:pa%40ss@files:8443/b');
    expect([port, scheme]).toEqual(['https://files/b', 'http://files:8443/b']);
  });
});

it('of a chain, what its newest backup says opens what lies beside it', () => {
  const newest = parseLocation(`s3://bucket/new?${KEYS}`);
  const kind = (url: string) => {
    const location = lent(parseLocation(url), newest);
    return 'credentials' in location ? location.credentials.kind : null;
  };
  expect(['s3://bucket/old', 's3://other/old', 'nodelocal://self/old'].map(kind)).toEqual([
    'keys',
    'unstated',
    null,
  ]);
});
