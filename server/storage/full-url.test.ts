import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fullUrl } from './full-url.ts';
import { parseDestination } from './location.ts';

/** What secrets are made of, and what URLs are. */
const text = fc.string({
  unit: fc.constantFrom(...'abcXYZ019+/=%&#?@:;\'"~ .-_äЖ', '%41', '%2F'),
  minLength: 1,
  maxLength: 24,
});
const base64 = fc.stringMatching(/^[A-Za-z0-9+/]{4,40}={0,2}$/);

const same = (url: string, given: object): void => {
  const location = { ...parseDestination(url), ...given };
  expect(parseDestination(fullUrl(location))).toEqual(location);
};

it('says keys of S3, whatever they are made of', () => {
  fc.assert(
    fc.property(text, text, fc.option(text), (accessKeyId, secretAccessKey, sessionToken) =>
      same('s3://bucket/a b?AWS_REGION=eu-central-1', {
        credentials: { kind: 'keys', accessKeyId, secretAccessKey, sessionToken },
      }),
    ),
  );
});

it('says keys and signatures of Azure', () => {
  fc.assert(
    fc.property(base64, (key) =>
      same('azure://container?AZURE_ACCOUNT_NAME=acme', { credentials: { kind: 'key', key } }),
    ),
  );
  fc.assert(
    fc.property(text, (token) =>
      same('azure://container?AZURE_ACCOUNT_NAME=acme', {
        credentials: { kind: 'sas', token: `sv=${token}` },
      }),
    ),
  );
});

it('says keys of Google, and users of HTTP', () => {
  const key = { type: 'service_account', client_email: 'a@b', private_key: '-----\n+/=%&#' };
  same('gs://bucket', { credentials: { kind: 'key', key } });
  fc.assert(
    fc.property(text, text, (user, password) =>
      same('https://example.com:8443/dav', { credentials: { kind: 'basic', user, password } }),
    ),
  );
});

it.each([
  'nodelocal://self/x',
  's3://bucket?AUTH=implicit',
  'azure://container',
  'gs://bucket',
  'http://h/x',
])('says nothing where there is nothing to say: %s', (url) => {
  expect(fullUrl(parseDestination(url))).toBe(parseDestination(url).redacted);
});
