import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster, ClusterUser } from '../cluster.ts';
import { openCluster } from '../open.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Of one password; the server keeps it as it is. */
const HASH = `SCRAM-SHA-256$4096:${'c2FsdHNhbHRzYWx0c2FsdA=='}$${'A'.repeat(43)}=:${'B'.repeat(43)}=`;

let server: TestServer;
let cluster: Cluster;
const exec = (sql: string) => server.exec('postgres', sql);

beforeAll(async () => {
  server = await startTestServer({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
  cluster = openCluster(server.url);
});
afterAll(async () => {
  await cluster.close();
  await server.stop();
});

function role(name: string, part: Partial<ClusterUser> = {}): ClusterUser {
  return { name, passwordHash: null, attributes: ['LOGIN'], memberOf: [], ...part };
}

describe('a role that is created', () => {
  it.each([HASH, 'md5' + '0123456789abcdef'.repeat(2)])('has its hash as it was: %s', async (hash) => {
    const name = `hashed ${hash.slice(0, 3)}`;
    expect(await cluster.createUser(role(name, { passwordHash: hash }))).toEqual([]);
    expect((await cluster.users()).find((user) => user.name === name)?.passwordHash).toBe(hash);
  });

  it('leaves its hash out of the statements that the server keeps and logs', async () => {
    await exec('CREATE EXTENSION pg_stat_statements');
    await cluster.createUser(role('kept "role"', { passwordHash: HASH }));
    const kept = (await exec('SELECT query FROM pg_stat_statements')).map(({ query }) => String(query));
    expect(kept.find((query) => query.startsWith('CREATE ROLE "kept ""role"""'))).toBeDefined();
    expect(kept.find((query) => query.includes('AAAAAAAA'))).toBeUndefined();
  });

  it.each(['plain text', 'md5short', HASH.slice(0, -2), `${HASH}'`, ''])(
    'gets no password from what is no hash: %j',
    async (passwordHash) => {
      await exec('DROP ROLE IF EXISTS strange');
      expect(await cluster.createUser(role('strange', { passwordHash }))).toEqual([
        expect.stringMatching(/^Without a password: .* none that PostgreSQL knows/),
      ]);
      expect(await exec(`SELECT rolpassword FROM pg_authid WHERE rolname = 'strange'`)).toEqual([
        { rolpassword: null },
      ]);
    },
  );

  it('says so where it can log in and the backup has no hash', async () => {
    expect(await cluster.createUser(role('open'))).toEqual([expect.stringContaining('no hash')]);
    expect(await cluster.createUser(role('closed', { attributes: ['NOLOGIN'] }))).toEqual([]);
  });

  it('goes without options that PostgreSQL has not, whatever is in them', async () => {
    const attributes = ['NOLOGIN', 'FLYING', `VALID UNTIL '2030-01-01' SUPERUSER`, 'CREATEDB SUPERUSER'];
    const notDone = await cluster.createUser(role('odd', { attributes }));
    expect(notDone).toEqual(attributes.slice(1).map((each) => expect.stringContaining(each) as unknown));
    expect(
      await exec(`SELECT rolsuper, rolcreatedb, rolvaliduntil FROM pg_authid WHERE rolname = 'odd'`),
    ).toEqual([{ rolsuper: false, rolcreatedb: false, rolvaliduntil: null }]);
  });

  it('gets a membership that keeps something from it exactly so, or not at all', async () => {
    const [{ version } = {}] = await exec(`SELECT current_setting('server_version_num')::int AS version`);
    const attributes = ['INHERIT', 'NOLOGIN'];
    await cluster.createUser(role('group', { attributes }));
    const memberships = [{ role: 'group', admin: true, inherit: false, set: false }];
    const notDone = await cluster.createUser(
      role('member', { attributes, memberOf: ['group'], memberships }),
    );
    const made = (await cluster.users()).find(({ name }) => name === 'member');
    if (Number(version) >= 160000) {
      expect(notDone).toEqual([]);
      expect(made?.memberships).toEqual(memberships);
    } else {
      expect(notDone).toEqual([expect.stringContaining('before PostgreSQL 16')]);
      expect(made?.memberOf).toEqual([]);
    }
  });

  it('is not there at all when it could not be made', async () => {
    await expect(
      cluster.createUser(role('late', { attributes: [`VALID UNTIL 'no time'`] })),
    ).rejects.toMatchObject({ message: expect.stringContaining('late') });
    expect(await exec(`SELECT 1 FROM pg_roles WHERE rolname = 'late'`)).toEqual([]);
  });
});
