import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secrets } from '../accounts/secrets.ts';
import { HoldfastError } from '../errors.ts';
import { fullUrl } from '../storage/full-url.ts';
import { parseLocation } from '../storage/location.ts';
import type { RemoteLocation } from '../storage/credentials.ts';
import { startRig, type Rig } from '../testing/rig.ts';
import { Destinations, type SavedDestination } from './destinations.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());
afterEach(async () => {
  for (const { id } of await saved().list()) await saved().remove(id);
});

const KEYS = 'AWS_ACCESS_KEY_ID=AK1&AWS_SECRET_ACCESS_KEY=hush';

function saved(): Destinations {
  return rig.services.destinations;
}

function add(name: string, url: string, bearer: string | null = null): Promise<SavedDestination> {
  return saved().add({ name, url, bearer });
}

async function refusal(work: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await work.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof HoldfastError)) throw error;
  return error;
}

function remote(url: string): RemoteLocation {
  const location = parseLocation(url);
  if (location.scheme === 'nodelocal') throw new Error('nodelocal has no credentials');
  return location;
}

/** All that the metadata store has of destinations, as text. */
async function stored(): Promise<string> {
  return JSON.stringify(await rig.metadata.db.selectFrom('destinations').selectAll().execute());
}

describe('saving', () => {
  it('takes a place, shows it redacted, and stores its secret sealed alone', async () => {
    const one = await add('  Offsite ', `  s3://bucket/a b/?${KEYS}&AWS_REGION=eu `);
    expect(one).toMatchObject({
      name: 'Offsite',
      url: 's3://bucket/a%20b?AWS_REGION=eu',
      login: 'keys',
      lastTest: null,
    });
    await add('archive', 'azure://files?AZURE_ACCOUNT_NAME=acme&AZURE_SAS_TOKEN=sig%3Dhush');
    await add('dav', 'https://files.example/backups', 'hush-token');
    await add('mount', 'nodelocal://self');
    const all = await saved().list();
    expect(all.map(({ name, login }) => `${name} ${login}`).sort()).toEqual([
      'Offsite keys',
      'archive sas',
      'dav bearer',
      'mount none',
    ]);
    expect(JSON.stringify(all)).not.toContain('hush');
    expect(await stored()).not.toContain('hush');
    expect(fullUrl(await saved().locationOf(one.id))).toContain('AWS_SECRET_ACCESS_KEY=hush');
    // Another console reads it, with the same key alone.
    const other = new Destinations(rig.metadata, new Secrets(Buffer.alloc(32)), () => new Date());
    expect((await refusal(other.locationOf(one.id))).code).toBe('internal');
  });

  it('binds a secret to its own destination', async () => {
    const [one, two] = [await add('one', `s3://one?${KEYS}`), await add('two', 's3://two?AUTH=implicit')];
    await rig.metadata.db
      .updateTable('destinations')
      .set((row) => ({
        secret_sealed: row
          .selectFrom('destinations as d')
          .select('d.secret_sealed')
          .where('d.id', '=', one.id),
      }))
      .where('id', '=', two.id)
      .execute();
    expect((await refusal(saved().locationOf(two.id))).code).toBe('internal');
  });

  it.each([
    ['', 'name'],
    [' \t', 'name'],
    ['a\u0007b', 'name'],
    ['a\u202eb', 'name'],
    ['ä'.repeat(61), 'name'],
  ])('refuses the name %j', async (name, field) => {
    expect(await refusal(add(name, 'nodelocal://self/x'))).toMatchObject({ code: 'invalid-value', field });
    expect(await saved().list()).toEqual([]);
  });

  it.each([
    ['', null, 'url', 'no URL'],
    ['bucket/x', null, 'url', 'unsupported storage scheme'],
    ['s3://bucket?AWS_SECRET_KEY=hush', null, 'url', 'unknown s3 query parameters'],
    ['s3://bucket/x', null, 'url', 'nothing of how to log in'],
    ['azure://files/x?AZURE_ACCOUNT_NAME=acme', null, 'url', 'nothing of how to log in'],
    [`s3://bucket?${KEYS.replace('hush', 'redacted')}`, null, 'url', 'in the place of a secret'],
    ['nodelocal://self/../x', null, 'url', 'leads out'],
    [`s3://bucket?${KEYS}`, 'hush', 'bearer', 'http and https'],
    ['https://u:hush@host', 'hush', 'bearer', 'a user and a bearer token'],
    ['https://host', 'Bearer hush', 'bearer', 'blanks'],
    ['https://host', '', 'bearer', 'empty'],
  ])('refuses %s with the token %j', async (url, bearer, field, words) => {
    const error = await refusal(add('x', url, bearer));
    expect(error.field).toBe(field);
    expect(error.message).toContain(words);
    expect(`${error.message} ${error.hint}`).not.toContain('hush');
    expect(await saved().list()).toEqual([]);
  });

  it('refuses a name, or a place, that is saved already', async () => {
    await add('one', `s3://bucket/a?${KEYS}`);
    expect(await refusal(add('one', 'nodelocal://self/x'))).toMatchObject({
      code: 'duplicate-object',
      field: 'name',
    });
    const error = await refusal(add('two', 's3://bucket/a/?AUTH=implicit&AWS_REGION=eu'));
    expect(error).toMatchObject({ code: 'duplicate-object', field: 'url' });
    expect(error.message).toContain('“one”');
    await add('below', 's3://bucket/a/b?AUTH=implicit');
  });

  it('lets one win of two that save the same at once', async () => {
    const settled = await Promise.allSettled(
      Array.from({ length: 6 }, () => add('one', 'nodelocal://self/one')),
    );
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of settled)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'duplicate-object' });
  });
});

describe('changing', () => {
  it('keeps the secret that isn’t typed again, at the same server alone', async () => {
    const { id } = await add('one', `s3://bucket/a?${KEYS}`);
    const change = (url: string, keep = true): Promise<SavedDestination> =>
      saved().change(id, { name: 'renamed', url, bearer: null }, { keep });
    expect(await change('s3://bucket/b?S3_STORAGE_CLASS=GLACIER_IR')).toMatchObject({
      id,
      name: 'renamed',
      login: 'keys',
      url: 's3://bucket/b?S3_STORAGE_CLASS=GLACIER_IR',
    });
    expect(fullUrl(await saved().locationOf(id))).toContain('AWS_SECRET_ACCESS_KEY=hush');

    const elsewhere = await refusal(change('s3://bucket/b?AWS_ENDPOINT=http://evil'));
    expect(elsewhere).toMatchObject({ code: 'invalid-value', field: 'url' });
    expect(elsewhere.message).toContain('not sent to another server');
    expect((await refusal(change('s3://bucket/b', false))).message).toContain('nothing of how to log in');

    await change('s3://bucket/b?AWS_ACCESS_KEY_ID=AK2&AWS_SECRET_ACCESS_KEY=new');
    expect(fullUrl(await saved().locationOf(id))).toContain('AWS_SECRET_ACCESS_KEY=new');
    expect(await change('nodelocal://self/x')).toMatchObject({ login: 'none' });
    expect(await stored()).not.toContain('new');
  });

  it('keeps a token, and lets go of it', async () => {
    const { id } = await add('dav', 'https://host/a', 'token');
    const draft = { name: 'dav', url: 'https://host/b', bearer: null };
    expect(await saved().change(id, draft, { keep: true })).toMatchObject({ login: 'bearer' });
    expect(await saved().locationOf(id)).toMatchObject({ credentials: { kind: 'bearer', token: 'token' } });
    expect(await saved().change(id, draft, { keep: false })).toMatchObject({ login: 'none' });
  });

  it('refuses what adding refuses, and one that is gone', async () => {
    const { id } = await add('one', 'nodelocal://self/one');
    await add('two', 'nodelocal://self/two');
    const change = (name: string, url: string): Promise<SavedDestination> =>
      saved().change(id, { name, url, bearer: null }, { keep: true });
    expect(await refusal(change('two', 'nodelocal://self/one'))).toMatchObject({ field: 'name' });
    expect(await refusal(change('one', 'nodelocal://self/two'))).toMatchObject({ field: 'url' });
    await saved().remove(id);
    await saved().remove(id);
    expect(await refusal(change('one', 'nodelocal://self/one'))).toMatchObject({ code: 'undefined-object' });
  });
});

describe('finding credentials', () => {
  it('takes those of the destination that lies nearest', async () => {
    await add('bucket', `s3://bucket?${KEYS}`);
    await add(
      'nightly',
      's3://bucket/nightly?AWS_ACCESS_KEY_ID=AK2&AWS_SECRET_ACCESS_KEY=other&AWS_REGION=eu',
    );
    await add('mount', 'nodelocal://self/nightly');
    const keyOf = async (url: string): Promise<unknown> => (await saved().complete(remote(url)))?.credentials;
    expect(await keyOf('s3://bucket/nightly/bank')).toMatchObject({ accessKeyId: 'AK2' });
    expect(await keyOf('s3://bucket/nightly2/bank')).toMatchObject({ accessKeyId: 'AK1' });
    expect(await keyOf('s3://elsewhere/nightly')).toBeUndefined();
    expect(await keyOf('gs://bucket/nightly')).toBeUndefined();
    expect(await saved().complete(remote('s3://bucket/nightly/bank'))).toMatchObject({
      path: 'nightly/bank',
      region: 'eu',
      // What is recorded stays as it was given.
      redacted: 's3://bucket/nightly/bank',
    });
  });

  it('gives a token to the server that it is for', async () => {
    await add('dav', 'https://host/a', 'token');
    expect(await saved().complete(remote('https://host/a/b'))).toMatchObject({
      credentials: { kind: 'bearer', token: 'token' },
    });
    expect(await saved().complete(remote('http://host/a/b'))).toBeNull();
  });

  it('asks which account where two could be meant', async () => {
    await add('a', 'azure://files?AZURE_ACCOUNT_NAME=one1&AZURE_ACCOUNT_KEY=aGFoYQ==');
    await add('b', 'azure://files?AZURE_ACCOUNT_NAME=two2&AZURE_ACCOUNT_KEY=aGloaQ==');
    const error = await refusal(saved().complete(remote('azure://files/x')));
    expect(error.message).toContain('“a” and “b”');
    expect(await saved().complete(remote('azure://files/x?AZURE_ACCOUNT_NAME=two2'))).toMatchObject({
      account: 'two2',
      credentials: { key: 'aGloaQ==' },
    });
  });
});

describe('testing', () => {
  const test = (subject: Parameters<typeof rig.services.connectionTests.run>[0]) =>
    rig.services.connectionTests.run(subject);

  it('notes what it found of a saved one, as long as that is the same place', async () => {
    const { id } = await add('mount', 'nodelocal://self/tested');
    const { url, report } = await test({ kind: 'saved', id });
    expect(url).toBe('nodelocal://self/tested');
    expect(report).toMatchObject({ ok: true });
    const lastTest = async () => (await saved().list())[0]?.lastTest;
    expect((await lastTest())?.report).toEqual(report);
    await saved().change(id, { name: 'other name', url, bearer: null }, { keep: true });
    expect((await lastTest())?.report).toEqual(report);
    await saved().change(id, { name: 'other name', url: `${url}/b`, bearer: null }, { keep: true });
    expect(await lastTest()).toBeNull();
    await saved().noteTest(id, parseLocation(url), report);
    expect(await lastTest()).toBeNull();
  });

  it('says why one can’t be written', async () => {
    await mkdir(rig.externDir, { recursive: true });
    await writeFile(path.join(rig.externDir, 'file'), '');
    const { id } = await add('file', 'nodelocal://self/file/x');
    const { report } = await test({ kind: 'saved', id });
    expect(report.ok).toBe(false);
    expect((await saved().list())[0]?.lastTest?.report.steps[0]).toMatchObject({
      outcome: 'failed',
      message: '"file" in its path is a file, not a directory',
    });
  });

  it('tests what isn’t saved, with the stored secret where that is kept, and beside a backup’s own place', async () => {
    expect(await test({ kind: 'place', url: 'nodelocal://self', bearer: null, keepOf: null })).toMatchObject({
      url: 'nodelocal://self/',
      report: { ok: true },
    });
    const { id } = await add('s3', `s3://bucket?${KEYS}&AWS_ENDPOINT=http://127.0.0.1:1`);
    const url = 's3://bucket/b?AWS_ENDPOINT=http://127.0.0.1:1';
    const place = { kind: 'place', url, bearer: null } as const;
    expect(await refusal(test({ ...place, keepOf: null }))).toMatchObject({ field: 'url' });
    expect(await test({ ...place, keepOf: id })).toMatchObject({ url });
    expect(await refusal(test({ kind: 'backup', url: 's3://bucket' }))).toMatchObject({
      field: 'destination',
    });
    expect(await test({ kind: 'backup', url: 'nodelocal://self/deep/bank' })).toMatchObject({
      url: 'nodelocal://self/deep',
      report: { ok: true },
    });
    expect((await readdir(rig.externDir)).filter((name) => name !== 'file')).toEqual([]);
  });
});
