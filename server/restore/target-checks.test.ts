import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { openCluster } from '../cluster/open.ts';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { unsignedManifest } from '../format/fixtures.ts';
import type { Manifest } from '../format/manifest.ts';
import { bareTable } from './fixtures.ts';
import { checkGround, engineCheck, objectChecks } from './target-checks.ts';

let server: TestServer;
let root: Cluster;
let weak: Cluster;

const manifest = (version: string, users: string[] = []): Manifest => ({
  ...unsignedManifest({
    cluster: { name: 'lost', kind: 'postgres', version, identity: '1' },
    users: users.map((name) => ({ name, passwordHash: null, attributes: ['LOGIN'], memberOf: [] })),
  }),
  digest: '',
});
const items = [bareTable('accounts', {})];

async function check(cluster: Cluster, of: Manifest, part: { creates?: string[]; bytes?: number } = {}) {
  const { creates = [], bytes = 1 } = part;
  const info = await cluster.describe();
  const isThere = (database: string) => !creates.includes(database);
  const found = await checkGround(cluster, info, of, { items, isThere, createsDatabases: creates, bytes });
  const by = Object.fromEntries(found.checks.map((each) => [each.what, each]));
  return { ...found, by };
}

beforeAll(async () => {
  server = await startTestServer();
  await server.exec('postgres', 'CREATE DATABASE bank');
  await server.exec(
    'bank',
    `CREATE ROLE weak LOGIN PASSWORD 'pw'; REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON DATABASE bank TO weak`,
  );
  root = openCluster(server.url);
  weak = openCluster(`postgres://weak:pw@127.0.0.1:${server.port}/bank`);
});
afterAll(async () => {
  await root.close();
  await weak.close();
  await server.stop();
});

it('finds nothing wrong where root restores into its own version', async () => {
  const { version } = await root.describe();
  const { problems, warnings, by } = await check(root, manifest(version), { creates: ['new'] });
  expect(problems).toEqual([]);
  expect(warnings).toEqual([]);
  expect(by).toMatchObject({
    version: { verdict: 'good', words: expect.stringContaining('as in the backup') },
    rights: { verdict: 'good' },
    users: { verdict: 'good' },
  });
});

it('warns of what an older version may lack, not of a newer one', async () => {
  const older = await check(root, manifest('99.1'));
  expect(older.by['version']).toMatchObject({ verdict: 'warning' });
  expect(older.warnings).toEqual([
    expect.stringMatching(/^The backup is of PostgreSQL 99\.1, and the cluster runs/),
  ]);
  expect((await check(root, manifest('9.6'))).by['version']).toMatchObject({ verdict: 'good' });
});

it('names users that are not there', async () => {
  const names = ['weak', 'Gone', 'a', 'b', 'c', 'd', 'e'];
  expect((await check(root, manifest('18', names))).by['users']).toMatchObject({
    verdict: 'warning',
    words: 'of the backup’s users, "Gone", a, b, c, d and 1 more are not there; a restore creates none',
  });
});

it('refuses what the user may not do, and says which right is missing', async () => {
  const creating = await check(weak, manifest('18'), { creates: ['bank', 'other'] });
  expect(creating.problems.map(({ code, field, hint }) => [code, field, hint])).toEqual([
    ['cluster-denied', 'intoDb', 'ALTER ROLE weak CREATEDB, or restore into a database that is there.'],
  ]);
  const into = await check(weak, manifest('18'));
  expect(into.problems.map(({ message, hint }) => [message, hint])).toEqual([
    [
      'user weak may not create anything in bank.public',
      'GRANT CREATE ON SCHEMA public TO weak, or restore into another database.',
    ],
  ]);
  await server.exec('bank', 'GRANT CREATE ON SCHEMA public TO weak');
  expect((await check(weak, manifest('18'))).problems).toEqual([]);
  await server.exec('bank', 'REVOKE CREATE ON DATABASE bank FROM weak');
  expect((await check(weak, manifest('18'))).problems.map(({ message }) => message)).toEqual([
    'user weak may not create anything in bank',
  ]);
});

it('knows how much room a server on this machine has, and nobody else’s', async () => {
  const enough = await check(root, manifest('18'));
  expect(enough.by['space']).toMatchObject({ verdict: 'good', words: expect.stringMatching(/iB free/) });
  const lacking = await check(root, manifest('18'), { bytes: 2 ** 60 });
  expect(lacking.by['space']).toMatchObject({ verdict: 'warning' });
  expect(lacking.warnings).toEqual([expect.stringMatching(/^There is too little room/)]);
  expect((await check(weak, manifest('18'))).by['space']).toMatchObject({ verdict: 'unknown' });
});

it('says what is wrong with the kind of cluster, names and dependencies', async () => {
  const info = await root.describe();
  expect(engineCheck(info, null)).toMatchObject({ verdict: 'good' });
  expect(objectChecks([], [])).toMatchObject([{ verdict: 'good' }, { verdict: 'good' }]);
});
