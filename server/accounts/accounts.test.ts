import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { migrate, openMetadata } from '../metadata/open.ts';
import type { Metadata } from '../metadata/open.ts';
import { Accounts } from './accounts.ts';
import { ensureRoot } from './bootstrap.ts';
import { checkKey } from './key-check.ts';
import { Secrets } from './secrets.ts';

let server: TestServer;
let metadata: Metadata;
let clock = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  server = await startTestServer();
  await server.exec('postgres', 'CREATE DATABASE holdfast');
  metadata = openMetadata(server.url.replace(/\/postgres$/, '/holdfast'));
  // Several processes start at once.
  await Promise.all([migrate(metadata), migrate(metadata)]);
}, 60_000);

afterAll(async () => {
  await metadata.close();
  await server.stop();
});

function accounts(): Accounts {
  return new Accounts(metadata, { now: () => clock, secureCookies: false });
}

const CLIENT = { address: '127.0.0.1', userAgent: 'test' };

/** The Cookie header that a browser sends after this Set-Cookie. */
function cookieOf(header: string): string {
  return header.split(';', 1)[0] ?? '';
}

describe('root', () => {
  it('is made once, with a password that is told once', async () => {
    const made = await Promise.all([ensureRoot(metadata, null), ensureRoot(metadata, null)]);
    expect(made.filter((one) => one.created)).toHaveLength(1);
    expect(await ensureRoot(metadata, 'another')).toEqual({ created: false });
    const first = made.find((one) => one.created);
    expect(await accounts().check('root', first?.created === true ? first.password : '', 'here')).toBe(true);
    const [row] = await server.exec('holdfast', 'SELECT password_hash FROM users');
    expect(row?.['password_hash']).toMatch(/^\$argon2id\$/);
    await server.exec('holdfast', 'DELETE FROM users');
    await ensureRoot(metadata, 'a known password');
  });

  it('has a session until it logs out or twelve hours have passed', async () => {
    const { cookie } = await accounts().logIn('root', 'a known password', CLIENT);
    expect(cookie).toMatch(/; HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Strict/i);
    const { sessions } = accounts();
    const session = await sessions.find(cookieOf(cookie));
    expect(session?.user).toBe('root');
    expect(await sessions.find(`${cookieOf(cookie)}x`)).toBeNull();
    expect(await sessions.find(undefined)).toBeNull();
    const stored = await server.exec('holdfast', 'SELECT token_hash FROM sessions');
    expect(JSON.stringify(stored)).not.toContain(cookieOf(cookie).split('=')[1]);

    clock = new Date(clock.getTime() + 12 * 3_600_000);
    expect(await sessions.find(cookieOf(cookie))).toBeNull();
    const again = await accounts().logIn('root', 'a known password', CLIENT);
    const open = await sessions.find(cookieOf(again.cookie));
    if (open === null) throw new Error('no session');
    await accounts().logOut(open);
    expect(await sessions.find(cookieOf(again.cookie))).toBeNull();
  });

  it('is refused with a wrong name or password in the same words, and throttled by address', async () => {
    for (const [user, password] of [
      ['root', 'wrong'],
      ['nobody', 'a known password'],
    ] as const) {
      await expect(accounts().logIn(user, password, CLIENT)).rejects.toMatchObject({
        code: 'not-authenticated',
        message: 'The name or the password is wrong.',
        field: 'password',
      });
    }
    for (let attempt = 1; attempt < 10; attempt++)
      expect(await accounts().check('root', 'wrong', '127.0.0.1')).toBe(false);
    await expect(accounts().check('root', 'a known password', '127.0.0.1')).rejects.toMatchObject({
      code: 'throttled',
    });
    expect(await accounts().check('root', 'a known password', '127.0.0.2')).toBe(true);
  }, 30_000);
});

describe('the secret key', () => {
  it('must be the one that the metadata store’s credentials are sealed with', async () => {
    const secrets = new Secrets(randomBytes(32));
    await checkKey(metadata, secrets);
    await checkKey(metadata, secrets);
    await expect(checkKey(metadata, new Secrets(randomBytes(32)))).rejects.toThrow('sealed with another key');
  });
});

it('refuses a metadata store of a newer version', async () => {
  await server.exec('holdfast', "INSERT INTO kysely_migration VALUES ('9999-from-the-future', now()::text)");
  await expect(migrate(metadata)).rejects.toMatchObject({
    code: 'unsupported',
    hint: expect.stringContaining('HOLDFAST_METADATA_URL'),
  });
  await server.exec('holdfast', "DELETE FROM kysely_migration WHERE name = '9999-from-the-future'");
});
