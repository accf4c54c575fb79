import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CockroachCluster } from '../cluster/cockroach/adapter.ts';
import { findBinary } from '../cluster/cockroach/testing/binary.ts';
import { LocalCluster } from '../cluster/cockroach/testing/local-cluster.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import pg from 'pg';

/** A cluster with certificates: how it is connected to, and who is let in. */

const PASSWORD = 'p@ss/wörd?1';

const binary = findBinary();
if (binary === null)
  process.stderr.write(`SKIPPED: connecting to a secure cluster: there is no cockroach binary.\n`);

describe.skipIf(binary === null)('a secure CockroachDB cluster', () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await LocalCluster.start(binary ?? '', { nodes: 1, secure: true });
    await exec(`CREATE USER admin_user WITH PASSWORD '${PASSWORD}'`);
    await exec(`GRANT admin TO admin_user`);
    await exec(`CREATE USER nobody WITH PASSWORD '${PASSWORD}'`);
    await exec('CREATE DATABASE shop');
    await exec(
      'CREATE TABLE shop.orders AS SELECT i AS id, repeat(i::STRING, 20) AS note FROM generate_series(1, 20000) AS g (i)',
    );
  });

  afterAll(async () => {
    await cluster.stop();
  });

  async function exec(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: cluster.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  function urlOf(user: string, password: string, parameters: string): string {
    const url = new URL(cluster.url);
    url.username = user;
    url.password = encodeURIComponent(password);
    url.search = parameters;
    return url.href;
  }

  async function describeAt(url: string) {
    const adapter = new CockroachCluster(url, 'test');
    try {
      return await adapter.describe();
    } finally {
      await adapter.close();
    }
  }

  /** The node's certificate checked against its authority, as a URL says it. */
  const checked = () => `sslmode=verify-full&sslrootcert=${encodeURIComponent(cluster.authority ?? '')}`;

  it.each([
    ['root by its client certificate', () => cluster.url],
    ['an admin by password, over TLS that is checked', () => urlOf('admin_user', PASSWORD, checked())],
    ['an admin by password, over TLS that is not', () => urlOf('admin_user', PASSWORD, 'sslmode=require')],
  ])('is backed up and restored by %s', async (_, url) => {
    const rig: Rig = await startRig({ clusterUrl: url() });
    try {
      await rig.startEngine();
      const [shown] = await rig.services.clusters.overview();
      expect(JSON.stringify(shown)).not.toContain('rd%3F1');
      await rig.run(`BACKUP DATABASE shop TO 'nodelocal://self/shop' AS OF SYSTEM TIME '-1ms'`);
      await rig.run(`RESTORE DATABASE shop FROM 'nodelocal://self/shop' WITH into_db = 'copy', create_db`);
      expect(await exec('SELECT * FROM copy.orders ORDER BY id')).toEqual(
        await exec('SELECT * FROM shop.orders ORDER BY id'),
      );
    } finally {
      await rig.stop();
      await exec('DROP DATABASE IF EXISTS copy CASCADE');
    }
  });

  it('lets users in by their old passwords once they are recreated from a backup', async () => {
    await exec(`CREATE ROLE tellers WITH CREATEROLE`);
    await exec(`CREATE USER teller WITH PASSWORD '${PASSWORD}' CREATEDB`);
    await exec('GRANT tellers TO teller WITH ADMIN OPTION');
    const rig: Rig = await startRig({ clusterUrl: urlOf('admin_user', PASSWORD, checked()) });
    try {
      await rig.startEngine();
      const source = 'nodelocal://self/users';
      await rig.run(`BACKUP DATABASE shop TO '${source}' AS OF SYSTEM TIME '-1ms'`);
      await exec('DROP USER teller');
      await exec('DROP ROLE tellers');
      const { users } = await rig.services.users.compare(source, 'default');
      expect(users.find(({ name }) => name === 'teller')).toMatchObject({ state: 'missing', can: 'create' });
      for (const kept of ['root', 'admin_user'])
        expect(users.find(({ name }) => name === kept)).toMatchObject({ state: 'kept', can: null });
      expect(await rig.services.users.recreate(source, 'default', ['teller', 'tellers'], 'create')).toEqual(
        ['tellers', 'teller'].map((name) => ({ name, notDone: [], problem: null })),
      );
      const again = await rig.services.users.compare(source, 'default');
      expect(again.users.find(({ name }) => name === 'teller')).toMatchObject({ state: 'same' });
      await exec(`ALTER USER teller WITH PASSWORD 'forgotten'`);
      expect(await rig.services.users.recreate(source, 'default', ['teller'], 'update')).toEqual([
        { name: 'teller', notDone: [], problem: null },
      ]);
      const client = new pg.Client({ connectionString: urlOf('teller', PASSWORD, checked()) });
      await client.connect();
      expect((await client.query('SELECT current_user AS me')).rows).toEqual([{ me: 'teller' }]);
      await client.end();
    } finally {
      await rig.stop();
    }
  });

  it('takes no hash that it could not check, and says so', async () => {
    const adapter = new CockroachCluster(cluster.url, 'test');
    const scram = { name: 'scram', passwordHash: 'SCRAM-SHA-256$4096:x$y:z', attributes: [], memberOf: [] };
    try {
      expect(await adapter.createUser(scram)).toEqual([expect.stringContaining('SCRAM')]);
      expect((await adapter.users()).find(({ name }) => name === 'scram')?.passwordHash).toBeNull();
    } finally {
      await adapter.close();
    }
  });

  it('reads each node at its own address, with the same certificates', async () => {
    expect((await describeAt(cluster.url)).nodes).toMatchObject([{ direct: true }]);
  });

  it.each([
    ['a wrong password', () => urlOf('admin_user', 'wrong', checked()), 'cluster-denied', /password/],
    ['no password', () => urlOf('admin_user', '', checked()), 'cluster-denied', /password/],
    ['somebody who is no admin', () => urlOf('nobody', PASSWORD, checked()), 'cluster-denied', /admin/],
    ['no TLS', () => urlOf('admin_user', PASSWORD, 'sslmode=disable'), 'cluster-denied', /sslmode/],
    [
      'an authority that it does not know',
      () => urlOf('admin_user', PASSWORD, 'sslmode=verify-full'),
      'cluster-denied',
      /certificate/,
    ],
  ])('refuses %s, and says what to do', async (_, url, code, says) => {
    const error: unknown = await describeAt(url()).then(
      (info) => info,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code });
    const { message, hint } = error as { message: string; hint?: string };
    expect(`${message} ${hint}`).toMatch(says);
    expect(`${message} ${hint}`).not.toContain(PASSWORD);
  });
});
