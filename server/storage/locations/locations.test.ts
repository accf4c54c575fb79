import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors.ts';
import { type Location, parseLocation } from '../location.ts';

function refusal(url: string): HoldfastError {
  try {
    parseLocation(url);
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error(`accepted: ${url}`);
}

/** The same location without its credentials, as a backup records it. */
function recorded<L extends Location>(location: L): L {
  const implicit = 'credentials' in location && location.credentials.kind === 'implicit';
  return { ...location, ...(implicit ? {} : { credentials: { kind: 'unstated' } }) };
}

const KEYS = 'AWS_ACCESS_KEY_ID=AKIA1&AWS_SECRET_ACCESS_KEY=';
const KEY = Buffer.from(
  JSON.stringify({ type: 'service_account', client_email: 'a@b.c', private_key: 'hunter2' }),
).toString('base64');

describe('a location', () => {
  it.each([
    ['s3://acme-backups/nightly/bank', 's3://acme-backups/nightly/bank'],
    [`s3://b.ucket/a b/Köln/?${KEYS}hunter2`, 's3://b.ucket/a%20b/K%C3%B6ln'],
    ['S3://bucket/p?AUTH=implicit&AWS_REGION=eu-west-1', 's3://bucket/p?AUTH=implicit&AWS_REGION=eu-west-1'],
    [
      `s3://bucket/p?${KEYS}hunter2&AWS_SESSION_TOKEN=hunter2&AWS_ENDPOINT=http://127.0.0.1:9000/&S3_STORAGE_CLASS=STANDARD_IA`,
      's3://bucket/p?AWS_ENDPOINT=http://127.0.0.1:9000&S3_STORAGE_CLASS=STANDARD_IA',
    ],
    [
      `s3://bucket/p?AUTH=specified&${KEYS}hunter2&AWS_SERVER_ENC_MODE=aws:kms&AWS_SERVER_KMS_ID=arn:aws:kms:1/x&AWS_USE_PATH_STYLE=false`,
      's3://bucket/p?AWS_USE_PATH_STYLE=false&AWS_SERVER_ENC_MODE=aws:kms&AWS_SERVER_KMS_ID=arn:aws:kms:1/x',
    ],
    [
      'azure://acme-co-backup/full?AZURE_ACCOUNT_KEY=hunter2&AZURE_ACCOUNT_NAME=acmeco',
      'azure://acme-co-backup/full?AZURE_ACCOUNT_NAME=acmeco',
    ],
    [
      'azure://c12/full?AZURE_ACCOUNT_NAME=acmeco&AZURE_SAS_TOKEN=%3Fsv%3D2020%26sig%3Dhunter2',
      'azure://c12/full?AZURE_ACCOUNT_NAME=acmeco',
    ],
    [
      'azure://c12/full?AZURE_ACCOUNT_NAME=acmeco&AUTH=implicit&AZURE_ENDPOINT=http://127.0.0.1:10000/acmeco',
      'azure://c12/full?AUTH=implicit&AZURE_ACCOUNT_NAME=acmeco&AZURE_ENDPOINT=http://127.0.0.1:10000/acmeco',
    ],
    ['gs://bucket/p', 'gs://bucket/p'],
    ['gs://bucket/p?AUTH=implicit', 'gs://bucket/p?AUTH=implicit'],
    [`gs://bucket/p?AUTH=specified&CREDENTIALS=${KEY}`, 'gs://bucket/p'],
    [
      `gs://bucket/p?CREDENTIALS=${encodeURIComponent(KEY)}&GS_ENDPOINT=http://127.0.0.1:4443`,
      'gs://bucket/p?GS_ENDPOINT=http://127.0.0.1:4443',
    ],
    ['http://host/p', 'http://host/p'],
    ['HTTPS://user:hunter2@Host:8443/a%20b', 'https://host:8443/a%20b'],
    ['https://us%40er:hunt%3Aer2%2F@[::1]:8443/p', 'https://[::1]:8443/p'],
    ['nodelocal://self/p', 'nodelocal://self/p'],
  ])('%j is printed without secrets, and found again by that', (url, printed) => {
    const location = parseLocation(url);
    expect(location.redacted).toBe(printed);
    const again = parseLocation(printed);
    expect(again).toEqual('credentials' in location ? recorded(location) : location);
  });

  it('has secrets as they are, encoded or as people paste them', () => {
    const secret = (pasted: string) => {
      const { credentials } = parseLocation(`s3://bucket/p?${KEYS}${pasted}`) as Location & {
        scheme: 's3';
      };
      return credentials.kind === 'keys' ? credentials.secretAccessKey : null;
    };
    expect(secret('a+b/c=')).toBe('a+b/c=');
    expect(secret('a%2Bb%2Fc%3D')).toBe('a+b/c=');
    expect(secret('100%')).toBe('100%');
    expect(secret('%zz%')).toBe('%zz%');
    expect(secret('%ff')).toBe('%ff');
    expect(secret('a%26b%23c')).toBe('a&b#c');
    expect(secret('K%C3%B6ln')).toBe('Köln');
    const http = parseLocation('http://us%40er:a%3Ab%2F@host/p');
    expect(http).toMatchObject({ credentials: { kind: 'basic', user: 'us@er', password: 'a:b/' } });
    const sas = parseLocation(
      'azure://c12/p?AZURE_ACCOUNT_NAME=abc&AZURE_SAS_TOKEN=%3Fsv%3D1%26sig%3Da%252B',
    );
    expect(sas).toMatchObject({ credentials: { kind: 'sas', token: 'sv=1&sig=a%2B' } });
  });

  it('takes services beside Amazon’s by path, unless told otherwise', () => {
    const style = (query: string) => parseLocation(`s3://bucket/p?AUTH=implicit&${query}`);
    expect(style('AWS_REGION=x')).toMatchObject({ pathStyle: false });
    expect(style('AWS_ENDPOINT=https://minio')).toMatchObject({ pathStyle: true, endpoint: 'https://minio' });
    expect(style('AWS_ENDPOINT=https://r2&AWS_USE_PATH_STYLE=false')).toMatchObject({ pathStyle: false });
  });
});

describe('a URL that is no location', () => {
  it('is refused in CockroachDB’s words where it has some', () => {
    expect(refusal('s3://bucket/path?AWS_ACCESS_KEY_ID=a').message).toBe(
      "AUTH is set to 'specified', but AWS_SECRET_ACCESS_KEY is not set",
    );
    expect(refusal('azure://c12/path?AZURE_ACCOUNT_NAME=abc&AUTH=specified').message).toBe(
      'azure uri missing "AZURE_ACCOUNT_KEY" parameter',
    );
    expect(refusal('gs://bucket/path?AUTH=specified').message).toBe(
      'CREDENTIALS must be set unless "AUTH" is "implicit"',
    );
  });

  it.each([
    ['s3:///p', 'it has no bucket'],
    ['s3://b@d/p', "can't be one"],
    ['s3://bucket', 'it has no path'],
    ['s3://bucket/a/../b', 'it has the part ".."'],
    ['s3://bucket/p?FOO=hunter2', 'unknown s3 query parameters: FOO'],
    ['s3://bucket/p?AZURE_ACCOUNT_KEY=hunter2', 'AZURE_ACCOUNT_KEY'],
    ['s3://bucket/p?aws_secret_access_key=hunter2', 'aws_secret_access_key'],
    [`s3://bucket/p?${KEYS}`, 'AWS_SECRET_ACCESS_KEY is empty'],
    [`s3://bucket/p?${KEYS}hunter2&${KEYS}hunter2`, 'AWS_ACCESS_KEY_ID twice'],
    ['s3://bucket/p?AUTH=other', 'AUTH is neither'],
    [`s3://bucket/p?AUTH=implicit&${KEYS}hunter2`, "AUTH is set to 'implicit'"],
    ['s3://bucket/p?AWS_SECRET_ACCESS_KEY=hunter2', 'AWS_ACCESS_KEY_ID is not set'],
    ['s3://bucket/p?AWS_ENDPOINT=minio', 'AWS_ENDPOINT is no URL'],
    ['s3://bucket/p?AWS_ENDPOINT=ftp://minio', 'AWS_ENDPOINT is not of http'],
    ['s3://bucket/p?AWS_ENDPOINT=https://u:hunter2@minio', 'a user or a password'],
    ['s3://bucket/p?AWS_ENDPOINT=https://minio?hunter2', 'more than a host'],
    ['s3://bucket/p?AWS_SERVER_KMS_ID=hunter2', 'AWS_SERVER_ENC_MODE'],
    ['s3://bucket/p?AWS_SERVER_ENC_MODE=hunter2', 'AWS_SERVER_ENC_MODE'],
    ['s3://bucket/p?AWS_USE_PATH_STYLE=yes', 'neither true nor false'],
    ['azure:///p', 'it has no container'],
    ['azure://No_Container/p', "can't be one"],
    ['azure://c12/p?AZURE_ACCOUNT_KEY=hunter2', 'azure uri missing "AZURE_ACCOUNT_NAME"'],
    ['azure://c12/p?AZURE_ACCOUNT_NAME=a%20b&AZURE_ACCOUNT_KEY=hunter2', 'AZURE_ACCOUNT_NAME'],
    ['azure://c12/p?AZURE_ACCOUNT_NAME=abc&AZURE_ACCOUNT_KEY=hunter2!', 'not base64'],
    ['azure://c12/p?AZURE_ACCOUNT_NAME=abc&AZURE_ACCOUNT_KEY=hunter2&AUTH=implicit', 'twice'],
    ['gs:///p', 'it has no bucket'],
    ['gs://Bucket/p', "can't be one"],
    ['gs://bucket/p?CREDENTIALS=hunter2', 'not the key of a service account'],
    [`gs://bucket/p?AUTH=implicit&CREDENTIALS=${KEY}`, "AUTH is set to 'implicit'"],
    ['http:///p', 'it has no host'],
    ['http://host:port/p', 'can’t be understood'],
    ['http://host', 'it has no path'],
    ['http://hunter2@host/p', 'user:password'],
    ['https://host/p?a=hunter2', 'unknown https query parameters: a'],
    [`s3://bucket/p?${KEYS}hunter2#hunter2`, 'fragment'],
  ])('%j: %s', (url, problem) => {
    const { code, field, message, hint } = refusal(url);
    expect([code, field]).toEqual(['location-invalid', 'destination']);
    expect(message).toContain(problem);
    expect(hint).toBeTruthy();
    expect(`${message} ${hint}`).not.toContain('hunter2');
  });

  it('is told what was meant', () => {
    expect(refusal('s3://bucket/p?AZURE_ACCOUNT_KEY=x').hint).toBe(
      'AZURE_ACCOUNT_KEY is a parameter of azure://, not of s3://.',
    );
    expect(refusal('s3://bucket/p?aws_region=x').hint).toBe(
      'Names of parameters are upper case: AWS_REGION.',
    );
    expect(refusal('s3://bucket/p?x=y').hint).toContain('written as %26 or %23');
  });
});
