import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSecrets } from '../accounts/secrets.ts';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { Destinations } from '../destinations/destinations.ts';
import { accounts, unsignedManifest } from '../format/fixtures.ts';
import { readManifestAt, writeManifest } from '../format/manifest.ts';
import { JobLog } from '../jobs/log.ts';
import { migrate, openMetadata } from '../metadata/open.ts';
import type { Metadata } from '../metadata/open.ts';
import { wholeChain } from '../restore/layers.ts';
import { firstToKnow } from '../storage/credentials.ts';
import { startPlain } from '../storage/http/servers.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import { KEYS, S3Server } from '../storage/s3/server.ts';
import type { Store } from '../storage/store.ts';
import { DEFAULT_POLICY } from '../storage/retry.ts';
import { DEFAULT_TUNING } from '../storage/tuning.ts';
import { startDestination } from '../testing/destinations.ts';
import type { FoundBackup, ScanEvent, Unusable } from './found.ts';
import { ImportedBackups } from './imported.ts';
import { Importer } from './importer.ts';
import type { ImportSource } from './importer.ts';
import { KnownBackups } from './known.ts';
import { scan } from './scan.ts';

let server: TestServer;
let metadata: Metadata;
let directory: string;
let externDir: string;
let destinations: Destinations;
let imported: ImportedBackups;
let known: KnownBackups;
let importer: Importer;

const tuning = {
  ...DEFAULT_TUNING,
  retry: { ...DEFAULT_POLICY, attempts: 2, sleep: () => Promise.resolve() },
};
const open = (location: Location): Store =>
  openStore(location, { externDir, saved: firstToKnow(destinations, imported), tuning });

beforeAll(async () => {
  server = await startTestServer();
  await server.exec('postgres', 'CREATE DATABASE holdfast');
  metadata = openMetadata(server.url.replace(/\/postgres$/, '/holdfast'));
  await migrate(metadata);
  directory = await mkdtemp(path.join(tmpdir(), 'holdfast-imports-'));
  const secrets = await openSecrets(directory);
  const now = (): Date => new Date();
  destinations = new Destinations(metadata, secrets, now);
  imported = new ImportedBackups(metadata, secrets, now);
  known = new KnownBackups(new JobLog(metadata), imported);
  importer = new Importer({ destinations, imported, known, openStore: open });
});
afterAll(async () => {
  await metadata.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  externDir = await mkdtemp(path.join(directory, 'extern-'));
  await server.exec('holdfast', 'TRUNCATE imported_backups, destinations');
});

/** Writes a backup of no rows; `on`: what it builds on. */
async function write(url: string, on: { id: string; url: string }[] = []) {
  const id = randomUUID();
  const location = parseLocation(url);
  const at = new Date(Date.UTC(2026, 10, 22, 12, on.length)).toISOString();
  const store = open(location);
  await writeManifest(
    store,
    unsignedManifest({
      id,
      type: on.length === 0 ? 'full' : 'incremental',
      chain: on,
      changes: on.length === 0 ? [] : [{ table: accounts, method: 'feed', reason: null }],
      moment: { kind: 'hlc', at, timestamp: `${Date.parse(at)}000007.0000000003` },
      statement: `BACKUP DATABASE bank TO '${location.redacted}'`,
    }),
  );
  await store.close();
  return { id, url: location.redacted };
}

async function chain(base: (name: string) => string, names = ['full', 'one', 'two']) {
  const layers: { id: string; url: string }[] = [];
  for (const name of names) layers.push(await write(base(name), [...layers]));
  return layers;
}

async function all(events: AsyncIterable<ScanEvent>) {
  const seen = {
    backups: [] as FoundBackup[],
    unusable: [] as Unusable[],
    more: false,
    failed: null as Extract<ScanEvent, { type: 'failed' }>['problem'] | null,
    progress: [] as Extract<ScanEvent, { type: 'progress' }>[],
  };
  for await (const event of events) {
    if (event.type === 'found') {
      seen.backups.push(...event.backups);
      seen.unusable.push(...event.unusable);
    } else if (event.type === 'end') seen.more = event.more;
    else if (event.type === 'failed') seen.failed = event.problem;
    else seen.progress.push(event);
  }
  return seen;
}

const at = (url: string): ImportSource => ({ kind: 'url', url });
const local = (name: string) => `nodelocal://self/${name}`;
const urls = (backups: readonly { url: string }[]): string[] => backups.map(({ url }) => url).sort();

describe('a directory', () => {
  it('is looked through whatever lies in it, and each thing is told as what it is', async () => {
    const layers = await chain((name) => local(`nächtlich/a b/${name}`));
    await write(local('damaged'));
    await writeFile(path.join(externDir, 'damaged/manifest.json'), '{"formatVersion": 1, "hold');
    await write(local('edited'));
    const edited = path.join(externDir, 'edited/manifest.json');
    await writeFile(edited, JSON.stringify({ formatVersion: 1, holdfastVersion: '0', digest: 'x' }));
    await mkdir(path.join(externDir, 'web/app'), { recursive: true });
    await writeFile(path.join(externDir, 'web/app/manifest.json'), '{"name": "an app", "icons": []}');
    await writeFile(path.join(externDir, 'web/app/checkpoint.json'), '{"epoch": 7}');
    await mkdir(path.join(externDir, 'begun/data'), { recursive: true });
    const claim = {
      formatVersion: 1,
      jobId: '1',
      attempt: 1,
      startedAt: '2026-11-22T12:00:00.000Z',
      statement: 'BACKUP …',
    };
    await writeFile(path.join(externDir, 'begun/checkpoint.json'), JSON.stringify(claim));
    await mkdir(path.join(externDir, 'training'));
    await writeFile(path.join(externDir, 'training/checkpoint.json'), '{"epoch": 7}');

    const found = await all(importer.scan(at('nodelocal://self/')));
    expect(found.failed).toBeNull();
    expect(urls(found.backups)).toEqual(
      ['full', 'one', 'two'].map((name) => local(`n%C3%A4chtlich/a%20b/${name}`)),
    );
    expect(found.backups.every((backup) => !backup.known && backup.rows === 20)).toBe(true);
    expect(found.unusable.map(({ url, why, problem }) => [url, why, problem.message]).sort()).toEqual([
      [
        local('begun'),
        'unfinished',
        'a backup was started here at 2026-11-22T12:00:00.000Z and has not been finished',
      ],
      [local('damaged'), 'damaged', expect.stringContaining('it is not JSON')],
      [local('edited'), 'damaged', expect.stringContaining('its digest does not match')],
      [local('web/app'), 'foreign', expect.stringContaining('it is not a manifest of Holdfast')],
    ]);

    // Importing what can't be imported says why, and keeps nobody else from it.
    const added = await importer.add(at('nodelocal://self/'), [...urls(layers), local('damaged')]);
    expect(added).toMatchObject({
      imported: 3,
      already: 0,
      problems: [{ url: local('damaged'), problem: { code: 'corrupt-backup' } }],
    });
    const { backups } = await known.list();
    expect(backups.map(({ url, layer, root, job }) => [url, layer, root, job])).toEqual(
      [...layers].reverse().map(({ url }, index) => [url, 3 - index, layers[0]?.url, null]),
    );
  });

  it('gives each backup once, however often it is imported, until it is forgotten', async () => {
    const layers = await chain(local);
    const source = at(local(''));
    expect(await importer.add(source, urls(layers))).toMatchObject({ imported: 3, already: 0 });
    expect(await importer.add(source, urls(layers))).toMatchObject({ imported: 0, already: 3 });
    const again = await all(importer.scan(source));
    expect(again.backups.map((backup) => backup.known)).toEqual([true, true, true]);
    expect((await known.list()).backups).toHaveLength(3);
    expect((await known.list('SELF/ON')).backups.map(({ url }) => url)).toEqual([local('one')]);
    expect((await known.list('o_e')).backups).toEqual([]);
    expect(await known.about(local('one'), '5')).toMatchObject({ job: null });

    const before = await readdir(externDir, { recursive: true });
    await importer.forget([local('one'), local('never')]);
    expect(urls((await known.list()).backups)).toEqual([local('full'), local('two')]);
    expect(await known.about(local('one'), '5')).toBeNull();
    expect(await readdir(externDir, { recursive: true })).toEqual(before);

    // Another backup in the same place is another backup.
    await rm(path.join(externDir, 'full'), { recursive: true });
    await write(local('full'));
    const other = (await all(importer.scan(source))).backups.find(({ url }) => url === local('full'));
    expect(other?.known).toBe(false);
    expect(await importer.add(source, [local('full')])).toMatchObject({ imported: 1 });
    expect((await known.list()).backups).toHaveLength(2);
  });

  it('of a thousand backups tells all, and how far it is; of more than it looks at, that there are more', async () => {
    await write(local('many/0'));
    const manifests = Array.from({ length: 999 }, (_, index) => `many/${index + 1}`);
    for (const name of manifests)
      await cp(path.join(externDir, 'many/0'), path.join(externDir, name), { recursive: true });
    const found = await all(importer.scan(at(local('many'))));
    expect(new Set(found.backups.map(({ url }) => url)).size).toBe(1000);
    expect(found.more).toBe(false);
    expect(found.progress.length).toBeGreaterThan(10);
    expect(found.progress.at(-1)).toEqual({ type: 'progress', files: 1000, manifests: 1000, read: 1000 });

    const few = await all(
      scan(parseLocation(local('many')), {
        openStore: open,
        known,
        knownAmong: () => Promise.resolve(new Set()),
        mostBackups: 100,
      }),
    );
    expect(few.backups).toHaveLength(100);
    expect(few.more).toBe(true);
  });

  it('that is not there has nothing in it; one that leads out is refused', async () => {
    expect(await all(importer.scan(at(local('nowhere'))))).toMatchObject({ backups: [], failed: null });
    expect((await all(importer.scan(at('nodelocal://self/../x')))).failed).toMatchObject({
      code: 'location-refused',
      field: 'url',
    });
    expect((await all(importer.scan(at('no url')))).failed).toMatchObject({ field: 'url' });
    expect((await all(importer.scan({ kind: 'saved', id: 'gone' }))).failed).toMatchObject({
      code: 'undefined-object',
    });
  });

  it('that was moved gives chains that hold together where they are now', async () => {
    const layers = await chain((name) => local(`old/${name}`));
    await importer.add(at(local('old')), urls(layers));
    await cp(path.join(externDir, 'old'), path.join(externDir, 'elsewhere/new'), { recursive: true });
    await rm(path.join(externDir, 'old'), { recursive: true });
    const source = at(local('elsewhere'));
    const found = await all(importer.scan(source));
    expect(found.backups.map((backup) => backup.known)).toEqual([false, false, false]);
    expect(await importer.add(source, urls(found.backups))).toMatchObject({ imported: 3 });
    const newest = local('elsewhere/new/two');
    expect(await wholeChain(newest, open, known)).toEqual(urls(found.backups));
    const roots = (await known.list('elsewhere')).backups.map(({ root }) => root);
    expect(new Set(roots)).toEqual(new Set([local('elsewhere/new/full')]));
    // Scattered, they are found by what they are.
    await mkdir(path.join(externDir, 'far'));
    await cp(path.join(externDir, 'elsewhere/new/full'), path.join(externDir, 'far/away'), {
      recursive: true,
    });
    await rm(path.join(externDir, 'elsewhere/new/full'), { recursive: true });
    await importer.add(source, [local('far/away')]);
    expect((await wholeChain(newest, open, known))[0]).toBe(local('far/away'));
  });
});

describe('a bucket', () => {
  let s3: S3Server;
  let bucket: string;
  const opens = () =>
    `AWS_ACCESS_KEY_ID=${KEYS.accessKeyId}&AWS_SECRET_ACCESS_KEY=${encodeURIComponent(KEYS.secretAccessKey)}`;
  const bare = (name: string, of = bucket) =>
    `s3://${of}/${name}?AWS_REGION=us-east-1&AWS_ENDPOINT=http://127.0.0.1:${s3.port}`;
  const full = (name: string, of = bucket) => `${bare(name, of)}&${opens()}`;

  beforeAll(async () => {
    s3 = await S3Server.start();
  });
  afterAll(() => s3.stop());
  beforeEach(async () => {
    bucket = await s3.bucket({ pageSize: 2 });
  });

  it('is looked through from its root, page by page, and opened from then on by what was typed', async () => {
    const layers = await chain((name) => full(`nightly/bank ü/${name}`));
    const source = at(full(''));
    const found = await all(importer.scan(source));
    expect(urls(found.backups)).toEqual(urls(layers));
    expect(JSON.stringify(found)).not.toContain(encodeURIComponent(KEYS.secretAccessKey));
    expect(JSON.stringify(found)).not.toContain(KEYS.secretAccessKey);
    await importer.add(source, urls(layers));
    const rows = await metadata.db.selectFrom('imported_backups').selectAll().execute();
    expect(rows.every((row) => row.url_sealed !== null)).toBe(true);
    expect(JSON.stringify(rows)).not.toContain(KEYS.secretAccessKey);
    // From the record alone.
    const newest = layers[2]?.url ?? '';
    expect((await readManifestAt(parseLocation(newest), open)).id).toBe(layers[2]?.id);
    expect(await wholeChain(newest, open, known)).toEqual(layers.map(({ url }) => url));
    await importer.forget(urls(layers));
    await expect(readManifestAt(parseLocation(newest), open)).rejects.toThrow();
  });

  it('of a saved destination is opened by that, and its credentials are not kept twice', async () => {
    const layers = await chain((name) => full(`nightly/${name}`));
    await write(full('other/one'));
    const { id } = await destinations.add({ name: 'Nightly', url: full('nightly'), bearer: null });
    const source: ImportSource = { kind: 'saved', id };
    const found = await all(importer.scan(source));
    expect(urls(found.backups)).toEqual(urls(layers));
    await importer.add(source, urls(found.backups));
    // Nor where a URL with credentials was typed though a destination has them.
    await importer.add(at(full('nightly')), urls(found.backups));
    const rows = await metadata.db.selectFrom('imported_backups').select('url_sealed').execute();
    expect(rows.map((row) => row.url_sealed)).toEqual([null, null, null]);
    expect((await readManifestAt(parseLocation(layers[2]?.url ?? ''), open)).id).toBe(layers[2]?.id);
  });

  it('that can’t be reached, isn’t there, or refuses is said to be so', async () => {
    const gone = `s3://bucket/x?AWS_REGION=us-east-1&AWS_ENDPOINT=http://127.0.0.1:1&${opens()}`;
    expect((await all(importer.scan(at(gone)))).failed).toMatchObject({
      code: 'storage-unavailable',
      field: 'url',
    });
    const missing = await all(importer.scan(at(full('x', `bucket-${randomUUID()}`))));
    expect(missing.failed).toMatchObject({ code: 'storage-missing', field: 'url' });
    await s3.behave(bucket, { denied: ['s3:ListBucket'] });
    expect((await all(importer.scan(at(full('x'))))).failed).toMatchObject({ code: 'storage-denied' });
    await expect(importer.add(at('s3://'), [bare('x')])).rejects.toMatchObject({ field: 'url' });
  });

  it('finds the layers of a chain that lie elsewhere', async () => {
    const other = await s3.bucket();
    const [base] = await chain((name) => full(name, other), ['full']);
    const layer = await write(full('inc/one'), base === undefined ? [] : [base]);
    await importer.add(at(full('', other)), [base?.url ?? '']);
    const found = await all(importer.scan(at(full('inc'))));
    expect(found.backups.map(({ url, known: is }) => [url, is])).toEqual([
      [layer.url, false],
      [base?.url, true],
    ]);
  });
});

describe('a web server that lists nothing', () => {
  it('gives single backups with all that they build on', async () => {
    const web = await startPlain();
    try {
      const layers = await chain((name) => `${web.origin}/backups/${name}`);
      const place = await all(importer.scan(at(`${web.origin}/backups`)));
      expect(place.failed).toMatchObject({ code: 'unsupported', field: 'url' });
      expect(place.failed?.hint).toMatch(/^Give the URL of the newest backup of a chain/);
      expect((await all(importer.scan(at(web.origin)))).failed).toMatchObject({ code: 'unsupported' });
      const source = at(layers[2]?.url ?? '');
      const found = await all(importer.scan(source));
      expect(urls(found.backups)).toEqual(urls(layers));
      expect(await importer.add(source, urls(found.backups))).toMatchObject({ imported: 3 });
    } finally {
      await web.stop();
    }
  });
});

describe.each(['azure', 'gs', 'webdav'] as const)('a whole %s', (kind) => {
  it('is looked through from its root', async () => {
    const destination = await startDestination(kind);
    try {
      const layers = await chain((name) => destination.url(`bänk 1/${name}`), ['full', 'one']);
      const source = at(destination.url(''));
      const found = await all(importer.scan(source));
      expect(found.failed).toBeNull();
      expect(urls(found.backups)).toEqual(urls(layers));
      expect(await importer.add(source, urls(found.backups))).toMatchObject({ imported: 2, problems: [] });
      expect((await readManifestAt(parseLocation(layers[1]?.url ?? ''), open)).id).toBe(layers[1]?.id);
    } finally {
      await destination.stop();
    }
  });
});
