import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { parseLocation, redactUrl } from './location.ts';

function refusal(url: string): HoldfastError {
  try {
    parseLocation(url);
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error(`accepted: ${url}`);
}

describe('parseLocation', () => {
  it.each([
    ['nodelocal://1/b/two', '1', 'b/two', 'nodelocal://1/b/two'],
    ['nodelocal://self/b', 'self', 'b', 'nodelocal://self/b'],
    ['nodelocal:///b', '', 'b', 'nodelocal:///b'],
    ['nodelocal://2147483647/b', '2147483647', 'b', 'nodelocal://2147483647/b'],
    ['NodeLocal://1/b', '1', 'b', 'nodelocal://1/b'],
    ['  nodelocal://1/b\n', '1', 'b', 'nodelocal://1/b'],
    ['nodelocal://1/b/', '1', 'b', 'nodelocal://1/b'],
    ['nodelocal://1/b?', '1', 'b', 'nodelocal://1/b'],
    ['nodelocal://1/a b/c', '1', 'a b/c', 'nodelocal://1/a%20b/c'],
    ['nodelocal://1/a%20b/c', '1', 'a b/c', 'nodelocal://1/a%20b/c'],
    ['nodelocal://1/Köln', '1', 'Köln', 'nodelocal://1/K%C3%B6ln'],
    ['nodelocal://1/K%c3%b6ln', '1', 'Köln', 'nodelocal://1/K%C3%B6ln'],
    ['nodelocal://1/100%25', '1', '100%', 'nodelocal://1/100%25'],
    ['nodelocal://1/a%3Fb%23c', '1', 'a?b#c', 'nodelocal://1/a%3Fb%23c'],
    ["nodelocal://1/it's", '1', "it's", 'nodelocal://1/it%27s'],
    [
      'nodelocal://1/2026-11-22T12:30:00+00',
      '1',
      '2026-11-22T12:30:00+00',
      'nodelocal://1/2026-11-22T12:30:00+00',
    ],
    ['nodelocal://1/a@b=c,d&e$', '1', 'a@b=c,d&e$', 'nodelocal://1/a@b=c,d&e$'],
    ['nodelocal://1/..a/b../...', '1', '..a/b../...', 'nodelocal://1/..a/b../...'],
  ])('%s', (url, host, path, redacted) => {
    expect(parseLocation(url)).toEqual({ scheme: 'nodelocal', host, path, redacted });
    expect(parseLocation(redacted)).toEqual({ scheme: 'nodelocal', host, path, redacted });
  });

  it.each([
    ['nodelocal://1/b/../../etc', 'location-refused'],
    ['nodelocal://1/../b', 'location-refused'],
    ['nodelocal://1/..', 'location-refused'],
    ['nodelocal://1/%2e%2e/b', 'location-refused'],
    ['nodelocal://1/a/.%2E', 'location-refused'],
    ['nodelocal://1/a%2F..%2F..%2Fetc', 'location-refused'],
    ['nodelocal://1//etc/passwd', 'location-refused'],
    ['nodelocal://1/%2Fetc', 'location-refused'],
    ['nodelocal:////etc', 'location-refused'],
    ['nodelocal://1/./b', 'location-invalid'],
    ['nodelocal://1/a//b', 'location-invalid'],
    ['nodelocal://1/a//', 'location-invalid'],
    ['nodelocal://1/a\\..\\b', 'location-invalid'],
    ['nodelocal://1/a%5Cb', 'location-invalid'],
    ['nodelocal://1/a%00b', 'location-invalid'],
    ['nodelocal://1/a\u0000b', 'location-invalid'],
    ['nodelocal://1/a%0Ab', 'location-invalid'],
    [`nodelocal://1/${'x'.repeat(256)}`, 'location-invalid'],
    ['nodelocal://1/100%', 'location-invalid'],
    ['nodelocal://1/%zz', 'location-invalid'],
    ['nodelocal://1/%ff', 'location-invalid'],
    ['nodelocal://1/%c3%28', 'location-invalid'],
    ['nodelocal://1/\ud800', 'location-invalid'],
    ['nodelocal://1', 'location-invalid'],
    ['nodelocal://1/', 'location-invalid'],
    ['nodelocal://', 'location-invalid'],
    ['nodelocal:///', 'location-invalid'],
    ['nodelocal://0/b', 'location-invalid'],
    ['nodelocal://-1/b', 'location-invalid'],
    ['nodelocal://host/b', 'location-invalid'],
    ['nodelocal://self:80/b', 'location-invalid'],
    ['nodelocal://user@1/b', 'location-invalid'],
    ['nodelocal://1/b?AUTH=implicit', 'location-invalid'],
    ['nodelocal://1/b#part', 'location-invalid'],
    ['nodelocal:/b', 'location-invalid'],
    ['ftp://host/path', 'location-invalid'],
    ['userfile:///b', 'location-invalid'],
    ['/absolute/path', 'location-invalid'],
    ['relative', 'location-invalid'],
    ['', 'location-invalid'],
  ])('%j is refused: %s', (url, code) => {
    const error = refusal(url);
    expect(error.code).toBe(code);
    expect(error.field).toBe('destination');
    expect(error.hint).toBeTruthy();
  });

  it("uses CockroachDB's words where it has some", () => {
    expect(refusal('ftp://host/path').message).toBe(
      'unsupported storage scheme: "ftp" - refer to docs to find supported storage schemes',
    );
    expect(refusal('ftp://host/path').hint).toContain(
      's3://, azure://, gs://, http://, https://, nodelocal://',
    );
    expect(refusal('nodelocal://host/b').message).toContain(
      'host component of nodelocal URI must be a node ID',
    );
    expect(refusal('nodelocal://1/b?FOO=1&BAR=2').message).toContain(
      'unknown nodelocal query parameters: FOO, BAR',
    );
  });

  it('names the field that the URL was typed into', () => {
    expect(() => parseLocation('x', 'bases')).toThrow(expect.objectContaining({ field: 'bases' }));
  });

  it('says which rule a path breaks', () => {
    expect(refusal('nodelocal://1/a/../b').message).toBe(
      'the path leads out of the extern directory (it has the part ".."): nodelocal://1/a/../b',
    );
    expect(refusal('nodelocal://1/a/../b').hint).toContain('HOLDFAST_EXTERN_DIR');
  });
});

describe('redactUrl', () => {
  it.each([
    ['nodelocal://1/b/two', 'nodelocal://1/b/two'],
    [
      's3://bucket/p?AWS_ACCESS_KEY_ID=AKIA1&AWS_SECRET_ACCESS_KEY=SECRET',
      's3://bucket/p?AWS_ACCESS_KEY_ID=AKIA1&AWS_SECRET_ACCESS_KEY=redacted',
    ],
    ['s3://b/p?AWS_SESSION_TOKEN=SECRET&AUTH=implicit', 's3://b/p?AWS_SESSION_TOKEN=redacted&AUTH=implicit'],
    [
      'azure://c/p?AZURE_ACCOUNT_KEY=SECRET%2Ba==&AZURE_ACCOUNT_NAME=acme',
      'azure://c/p?AZURE_ACCOUNT_KEY=redacted&AZURE_ACCOUNT_NAME=acme',
    ],
    ['azure://c/p?sv=2020&sig=SECRET', 'azure://c/p?sv=redacted&sig=redacted'],
    ['gs://b/p?AUTH=specified&CREDENTIALS=SECRET', 'gs://b/p?AUTH=specified&CREDENTIALS=redacted'],
    ['s3://b/p?aws_secret_access_key=SECRET', 's3://b/p?aws_secret_access_key=redacted'],
    ['s3://b/p?UNKNOWN=SECRET', 's3://b/p?UNKNOWN=redacted'],
    [
      's3://b/p?AWS_SECRET_ACCESS_KEY=SECRET&SECRET/SECRET=',
      's3://b/p?AWS_SECRET_ACCESS_KEY=redacted&redacted',
    ],
    ['s3://b/p?AWS_SECRET_ACCESS_KEY=SECRET#SECRET', 's3://b/p?AWS_SECRET_ACCESS_KEY=redacted#redacted'],
    ['s3://b/p?SECRET', 's3://b/p?redacted'],
    ['s3://b/p?AWS_ENDPOINT=https://u:SECRET@minio', 's3://b/p?AWS_ENDPOINT=redacted'],
    ['s3://b/p?AWS_ENDPOINT=https%3A%2F%2Fu%3ASECRET%40minio', 's3://b/p?AWS_ENDPOINT=redacted'],
    ['s3://b/p?AWS_ENDPOINT=http://minio:9000', 's3://b/p?AWS_ENDPOINT=http://minio:9000'],
    ['s3://b/p%3FAWS_SECRET_ACCESS_KEY%3DSECRET', 's3://b/redacted'],
    ['s3://b/p&AWS_SECRET_ACCESS_KEY=SECRET/SECRET', 's3://b/redacted'],
    ['http://user:SECRET@host/p', 'http://user:redacted@host/p'],
    ['http://SECRET@host/p', 'http://redacted@host/p'],
    ['http://user:SEC/RET@host/p', 'http://user:redacted@host/p'],
    ['http://user:SEC?RET@host/p', 'http://user:redacted@host/p'],
    ['http://user:SEC@RET@host/p', 'http://user:redacted@host/p'],
    ['http://user:SEC#RET@host/p', 'http://user:redacted@host/p'],
    ['http://user:SECRET', 'http://user:redacted'],
    ['http://host:8080/p@q', 'http://host:8080/p@q'],
    ['http://[::1]:8080/p', 'http://[::1]:8080/p'],
    ['s3:/b/p?AWS_SECRET_ACCESS_KEY=SECRET', 's3redacted'],
    ['s3%3A%2F%2Fb%3FAWS_SECRET_ACCESS_KEY%3DSECRET', 's3redacted'],
    ['user:SECRET@host', 'userredacted'],
    ['', ''],
    ['?', 'redacted'],
    ['nodelocal://1/a\nb\u0007', 'nodelocal://1/a%0Ab%07'],
    ['x://?&&=SECRET&', 'x://?&&redacted&'],
  ])('%j', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });

  it('survives anything, and no refusal tells a secret', () => {
    for (const url of [
      's3://b/p?AWS_SECRET_ACCESS_KEY=hunter2',
      'nodelocal://1/b?AWS_SECRET_ACCESS_KEY=hunter2',
      'nodelocal://1/b?AWS_SECRET_ACCESS_KEY=a&hunter2/',
      'nodelocal://user:hunter2@1/b',
      'nodelocal://1/%zz?AZURE_ACCOUNT_KEY=hunter2',
      'nodelocal://1/../b?AZURE_ACCOUNT_KEY=hunter2#hunter2',
      'http://user:hunter2@host/',
      'gs://b?CREDENTIALS=hunter2',
    ]) {
      const { message, hint } = refusal(url);
      expect(`${message} ${hint}`, url).not.toContain('hunter2');
    }
    for (const odd of [
      '\ud800',
      '://',
      'a://',
      '%',
      'a:// ?%&=#',
      '\0'.repeat(10),
      'x'.repeat(1e6),
      'a://:@'.repeat(1e4),
    ]) {
      expect(typeof redactUrl(odd)).toBe('string');
    }
  });
});
