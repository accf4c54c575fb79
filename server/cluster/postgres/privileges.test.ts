import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import { atMoment, describeTable, readTable } from '../conformance-tools.ts';
import type { ObjectName } from '../names.ts';
import { openCluster } from '../open.ts';
import { unfinishedDatabase } from './ledger.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let cluster: Cluster;
const database = 'ops';
const table = (name: string): ObjectName => ({ database, schema: 'public', name });

beforeAll(async () => {
  server = await startTestServer();
  cluster = openCluster(server.url);
  await cluster.createDatabase(database, '1');
  await cluster.closeLedger(database, '1');
});

afterAll(async () => {
  await cluster.close();
  await server.stop();
});

describe('privileges', () => {
  const as = (role: string) => openCluster(`postgres://${role}:pw@127.0.0.1:${server.port}/${database}`);

  beforeAll(async () => {
    await server.exec(
      database,
      `CREATE ROLE weak LOGIN PASSWORD 'pw'; CREATE ROLE reader LOGIN PASSWORD 'pw';
       CREATE TABLE private (i integer); INSERT INTO private VALUES (1);
       CREATE TABLE hidden (i integer); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
       ${server.version < 140000 ? 'GRANT SELECT ON private, hidden TO reader' : 'GRANT pg_read_all_data TO reader'}`,
    );
    await server.exec('postgres', 'CREATE DATABASE closed');
    await server.exec('closed', 'REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
  });

  it('that are missing are named, with the table', async () => {
    const weak = as('weak');
    try {
      expect((await weak.catalog(database)).objects.map(({ name }) => name.name)).toContain('private');
      await atMoment(weak, [database], async (at) => {
        await expect(weak.descriptors([table('private')], at)).rejects.toMatchObject({
          code: 'cluster-denied',
          message: expect.stringMatching(/user weak .* ops\.public\.private.*SELECT/),
          hint: expect.stringContaining('pg_read_all_data'),
        });
      });
      expect((await weak.databases()).find(({ name }) => name === 'closed')).toMatchObject({ bytes: null });
      await expect(weak.catalog('closed')).rejects.toMatchObject({ code: 'cluster-denied' });
      await expect(weak.createDatabase('theirs', '1')).rejects.toMatchObject({ code: 'cluster-denied' });
      expect((await weak.users()).find(({ name }) => name === 'weak')).toMatchObject({ passwordHash: null });
      expect(await weak.describe()).toMatchObject({ user: 'weak', identity: expect.stringMatching(/^\d+$/) });
    } finally {
      await weak.close();
    }
  });

  it('of pg_read_all_data, or of SELECT before PostgreSQL 14, are enough, but for rows that row-level security hides', async () => {
    const reader = as('reader');
    try {
      await atMoment(reader, [database], async (at) => {
        const descriptor = await describeTable(reader, table('private'), at);
        expect(await readTable(reader, descriptor, at, 1e6)).toEqual([['1']]);
        await expect(reader.descriptors([table('hidden')], at)).rejects.toMatchObject({
          code: 'cluster-denied',
          message: expect.stringContaining('row-level security'),
        });
      });
    } finally {
      await reader.close();
    }
  });

  it('that keep the system identifier back are made up for', async () => {
    await server.exec('postgres', 'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC');
    const weak = openCluster(`postgres://weak:pw@127.0.0.1:${server.port}`);
    try {
      expect((await weak.describe()).identity).toContain(`127.0.0.1:${server.port}`);
    } finally {
      await weak.close();
    }
  });

  it('of roles are told in the words of CREATE ROLE', async () => {
    await server.exec(
      'postgres',
      `CREATE ROLE everything LOGIN CREATEDB CONNECTION LIMIT 3 VALID UNTIL '2030-01-01' IN ROLE weak, reader`,
    );
    expect((await cluster.users()).find(({ name }) => name === 'everything')).toEqual({
      name: 'everything',
      passwordHash: null,
      attributes: [
        ...['NOSUPERUSER', 'INHERIT', 'NOCREATEROLE', 'CREATEDB', 'LOGIN', 'NOREPLICATION', 'NOBYPASSRLS'],
        ...['CONNECTION LIMIT 3', `VALID UNTIL '2030-01-01 00:00:00+00'`],
      ],
      memberOf: ['reader', 'weak'],
      // The rest is told from PostgreSQL 16 on.
      memberships: ['reader', 'weak'].map(
        (role) => expect.objectContaining({ role, admin: false }) as unknown,
      ),
    });
    expect((await cluster.users()).find(({ name }) => name === 'weak')?.passwordHash).toMatch(
      /^SCRAM-SHA-256\$/,
    );
  });
});

describe('databases', () => {
  it('that a killed restore left half made are dropped, or made anew', async () => {
    const unfinished = unfinishedDatabase('half', '77');
    const names = async () => (await cluster.databases()).map(({ name }) => name);
    await server.exec('postgres', `CREATE DATABASE ${unfinished}`);
    await cluster.dropDatabase('half', '78');
    expect(await names()).toContain(unfinished);
    await cluster.dropDatabase('half', '77');
    expect(await names()).not.toContain(unfinished);
    await server.exec('postgres', `CREATE DATABASE ${unfinished}`);
    await cluster.createDatabase('half', '77');
    expect(await names()).not.toContain(unfinished);
    expect(await names()).toContain('half');
  });

  it('are dropped with sessions in them', async () => {
    await cluster.createDatabase('in use', '1');
    const held = await cluster.holdMoment(['in use'], null);
    await cluster.dropDatabase('in use', '1');
    await expect.poll(() => held.lost.aborted).toBe(true);
    await held.release();
    await expect(cluster.catalog('in use')).rejects.toMatchObject({ code: 'undefined-database' });
  });

  it('show the server’s own as such', async () => {
    const databases = await cluster.databases();
    expect(databases.find(({ name }) => name === 'postgres')).toMatchObject({ system: true });
    expect(databases.map(({ name }) => name)).not.toContain('template1');
  });
});
