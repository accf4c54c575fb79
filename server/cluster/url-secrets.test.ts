import { describe, expect, it } from 'vitest';
import { redactClusterUrl, withStoredSecrets } from './url-secrets.ts';

describe('redactClusterUrl', () => {
  it.each([
    ['postgres://root:secret@host:1/db', 'postgres://root:redacted@host:1/db'],
    ['postgres://root:se%40cret@host/db?sslmode=require', 'postgres://root:redacted@host/db?sslmode=require'],
    ['postgres://root@host/db?password=secret&x=1', 'postgres://root@host/db?password=redacted&x=1'],
    ['postgres://root@host/db?PASSWORD=secret', 'postgres://root@host/db?PASSWORD=redacted'],
    ['postgres://root@host/db', 'postgres://root@host/db'],
    ['simulated://3', 'simulated://3'],
    ['postgres://root:secret@host:port/db', 'redacted'],
    ['not a url with secret', 'redacted'],
    ['', 'redacted'],
  ])('of %s', (url, redacted) => {
    expect(redactClusterUrl(url)).toBe(redacted);
  });
});

describe('withStoredSecrets', () => {
  const stored = 'postgres://root:s%2Fe%40c%20ret@one:5432/db?sslpassword=p%26w&sslmode=require';

  it('gives back what a shown URL was made from', () => {
    const filled = new URL(withStoredSecrets(redactClusterUrl(stored), stored));
    expect(filled.password).toBe('s%2Fe%40c%20ret');
    expect(filled.searchParams.get('sslpassword')).toBe('p&w');
    expect(filled.searchParams.get('sslmode')).toBe('require');
  });

  it('keeps what was edited around it', () => {
    expect(withStoredSecrets('postgres://root:redacted@one:5432/other?sslmode=disable', stored)).toBe(
      'postgres://root:s%2Fe%40c%20ret@one:5432/other?sslmode=disable',
    );
  });

  it.each([
    'postgres://root:new@one/db',
    'postgres://root@one/db',
    'postgres://one/db?x=redacted',
    'redacted',
    'no url',
  ])('leaves %s alone', (url) => {
    expect(withStoredSecrets(url, stored)).toBe(url);
  });

  it.each([
    ['postgres://root:redacted@one/db', null],
    ['postgres://root:redacted@one/db', 'postgres://root@one/db'],
    ['postgres://root@one:5432/db?password=redacted', stored],
    ['postgres://root:redacted@two:5432/db', stored],
    ['postgres://root:redacted@one:5433/db', stored],
    ['postgres://admin:redacted@one:5432/db', stored],
  ])('refuses %s where %s has nothing to take', (url, from) => {
    expect(() => withStoredSecrets(url, from)).toThrow(expect.objectContaining({ field: 'url' }));
  });
});
