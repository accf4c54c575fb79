import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDestination, parseLocation } from '../../server/storage/location.ts';
import { emptyFields, type PlaceFields } from './fields.ts';
import { fieldsOf, saysSecret, urlWithoutSecrets } from './taken-apart.ts';
import { bearerOf, urlBelow, urlOf } from './url-of.ts';

/** What secrets are made of, and what URLs are; no blanks at the ends, which copying brings along. */
const secret = fc
  .string({
    unit: fc.constantFrom(...'abcXYZ019+/=%&#?@:;\'"~ .-_äЖ', '%41', '%2F'),
    minLength: 1,
    maxLength: 40,
  })
  .filter((text) => text.trim() === text);
const segment = fc.stringMatching(/^[a-z%&#+?@:='ä ]{1,12}$/).filter((text) => text.trim() === text);
const path = fc.array(segment, { maxLength: 3 }).map((parts) => parts.join('/'));
const json = fc
  .record({ client_email: secret, private_key: secret })
  .map((key) => JSON.stringify({ type: 'service_account', ...key }));

/** Built, parsed and taken apart again: nothing is lost. */
function same(fields: PlaceFields): ReturnType<typeof parseDestination> {
  const url = urlOf(fields);
  expect(fieldsOf(url)).toEqual(fields);
  return parseDestination(url);
}

describe('a URL says what the fields say', () => {
  it('s3', () => {
    fc.assert(
      fc.property(secret, secret, fc.option(secret), path, (id, key, token, below) => {
        const fields: PlaceFields = {
          ...emptyFields('s3'),
          container: 'bucket.eu',
          path: below,
          region: 'eu-central-1',
          endpoint: 'https://minio:9000/x',
          pathStyle: 'false',
          storageClass: 'STANDARD_IA',
          encryption: 'aws:kms',
          kmsKeyId: 'arn:aws:kms:eu:1:key/a&b',
          accessKeyId: id,
          secretAccessKey: key,
          sessionToken: token ?? '',
        };
        expect(same(fields)).toMatchObject({
          bucket: 'bucket.eu',
          path: below,
          credentials: { kind: 'keys', accessKeyId: id, secretAccessKey: key, sessionToken: token },
          region: 'eu-central-1',
          endpoint: 'https://minio:9000/x',
          pathStyle: false,
          storageClass: 'STANDARD_IA',
          encryption: { mode: 'aws:kms', kmsKeyId: 'arn:aws:kms:eu:1:key/a&b' },
        });
      }),
    );
  });

  it('azure', () => {
    const azure = { ...emptyFields('azure'), container: 'files', account: 'acme' };
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9+/]{4,60}={0,2}$/), path, (accountKey, below) => {
        expect(same({ ...azure, path: below, accountKey })).toMatchObject({
          path: below,
          account: 'acme',
          credentials: { kind: 'key', key: accountKey },
        });
      }),
    );
    fc.assert(
      fc.property(secret, (text) => {
        const sasToken = `sv=2026&sig=${text}`;
        expect(same({ ...azure, login: 'sas', sasToken })).toMatchObject({
          credentials: { kind: 'sas', token: sasToken },
        });
      }),
    );
  });

  it('gs', () => {
    fc.assert(
      fc.property(json, path, (keyFile, below) => {
        expect(same({ ...emptyFields('gs'), container: 'bucket', path: below, keyFile })).toMatchObject({
          path: below,
          credentials: { kind: 'key', key: JSON.parse(keyFile) as object },
        });
      }),
    );
  });

  it('http', () => {
    fc.assert(
      fc.property(secret, secret, path, fc.constantFrom('http', 'https'), (user, password, below, scheme) => {
        const fields = { ...emptyFields('http'), scheme, container: 'host:8443', path: below };
        expect(same({ ...fields, login: 'basic', user, password })).toMatchObject({
          scheme,
          host: 'host:8443',
          path: below,
          credentials: { kind: 'basic', user, password },
        });
      }),
    );
    const bearer: PlaceFields = { ...emptyFields('http'), container: 'h', login: 'bearer', bearer: ' t ' };
    expect([urlOf(bearer), bearerOf(bearer)]).toEqual(['https://h', 't']);
    expect(bearerOf({ ...bearer, login: 'none' })).toBeNull();
  });

  it('nodelocal', () => {
    fc.assert(
      fc.property(path, (below) => {
        expect(same({ ...emptyFields('nodelocal'), path: below })).toMatchObject({ path: below });
      }),
    );
  });

  it('of the chosen login alone, without blanks around it', () => {
    const fields: PlaceFields = {
      ...emptyFields('s3'),
      container: ' bucket ',
      path: ' /a/ ',
      login: 'implicit',
      accessKeyId: 'AK',
      secretAccessKey: 'hush',
    };
    expect(urlOf(fields)).toBe('s3://bucket/a?AUTH=implicit');
    expect(urlOf({ ...fields, login: 'keys' })).toBe(
      's3://bucket/a?AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=hush',
    );
  });
});

it.each([
  ['ftp://host/x', 'no URL of a place'],
  ['bucket/x', 'no URL of a place'],
  ['s3://bucket?AWS_SECRET=hush', 'unknown s3 query parameters'],
  ['s3://bucket?AWS_SERVER_ENC_MODE=rot13', 'neither AES256'],
  ['gs://bucket?CREDENTIALS={"private_key":"hush"}', 'not base64'],
  ['http://host/x?user=hush', 'unknown http query parameters'],
])('says what is wrong with %s', (url, words) => {
  expect(() => fieldsOf(url)).toThrow(words);
  expect(() => fieldsOf(url)).not.toThrow('hush');
});

it.each([
  [
    's3://bucket/a%20b?AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=hush&AWS_REGION=eu',
    's3://bucket/a%20b?AWS_REGION=eu',
  ],
  ['azure://files/a?AZURE_ACCOUNT_NAME=acme&AZURE_SAS_TOKEN=hush', 'azure://files/a?AZURE_ACCOUNT_NAME=acme'],
  ['https://me:hush@host:81/a', 'https://host:81/a'],
  // Not to be understood: better too little of it than too much.
  ['s3://bucket/a?AWS_SECRET_KEY=hush', 's3://bucket/a?AWS_SECRET_KEY=redacted'],
  ['https://me:hu/sh@host/a', 'https://me:redacted@host/a'],
])('%s without its secrets is %s', (url, left) => {
  expect(urlWithoutSecrets(url)).toBe(left);
  expect(saysSecret(url)).toBe(true);
});

it.each([
  '',
  'nodelocal://self/a@b',
  'nodelocal',
  's3://bucket/a?AWS_REGION=eu&AUTH=implicit',
  'http://host/a@b:c',
  'ftp://host',
])('%s has no secret', (url) => {
  expect(urlWithoutSecrets(url)).toBe(url);
  expect(saysSecret(url)).toBe(false);
});

it('goes further down from any place', () => {
  for (const base of [
    'nodelocal://self',
    'nodelocal:///',
    'nodelocal://self/a b',
    's3://bucket?AUTH=implicit&AWS_ENDPOINT=http://h/p',
    's3://bucket/a?AUTH=implicit',
    'http://host',
  ]) {
    const { redacted, path: above } = parseDestination(base);
    const below = parseLocation(urlBelow(redacted, 'bank-1'));
    expect(below.path).toBe(above === '' ? 'bank-1' : `${above}/bank-1`);
    expect(below.redacted).toBe(urlBelow(redacted, 'bank-1'));
  }
});
