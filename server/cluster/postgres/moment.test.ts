import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import { describeTable, holdAlso, readTable } from '../conformance-tools.ts';
import type { DatabaseSnapshot, Moment } from '../moment.ts';
import type { ObjectName } from '../names.ts';
import { openCluster } from '../open.ts';
import { findInstalled } from './find-installed.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const one = 'moment one';
const two = 'moment two';
const table = (name: string, database = one): ObjectName => ({ database, schema: 'public', name });

/** How many of these adapters' sessions are doing something, which holding a moment is. */
async function busy(server: TestServer): Promise<number> {
  const rows = await server.exec(
    'postgres',
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast' AND state <> 'idle'`,
  );
  return rows.length;
}

function snapshotIn(moment: Moment, database: string): DatabaseSnapshot {
  const snapshot = moment.kind === 'snapshot' ? moment.databases[database] : undefined;
  if (snapshot === undefined) throw new Error(`the moment does not cover ${database}`);
  return snapshot;
}

async function rowsAt(cluster: Cluster, name: ObjectName, at: Moment): Promise<string[]> {
  return (await readTable(cluster, await describeTable(cluster, name, at), at, 1e9)).flat();
}

describe('a moment of PostgreSQL that is held also by another', () => {
  let server: TestServer;
  let cluster: Cluster;
  /** The one that is about to die. */
  let first: Cluster;

  beforeAll(async () => {
    server = await startTestServer();
    cluster = openCluster(server.url);
    for (const database of [one, two]) {
      await server.exec('postgres', `CREATE DATABASE "${database}"`);
      await server.exec(database, 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
    }
  });

  afterAll(async () => {
    await cluster.close();
    await server.stop();
  });

  async function holdFirst(databases = [one, two]): Promise<Moment> {
    first = openCluster(server.url);
    return (await first.holdMoment(databases, null)).moment;
  }

  it('is the same moment, by other snapshots', async () => {
    const moment = await holdFirst();
    const held = await holdAlso(cluster, moment);
    for (const database of [one, two]) {
      const { snapshot, ...then } = snapshotIn(moment, database);
      expect(snapshotIn(held.moment, database)).toEqual({ ...then, snapshot: expect.any(String) });
      expect(snapshotIn(held.moment, database).snapshot).not.toBe(snapshot);
    }
    await server.exec(one, 'INSERT INTO t VALUES (2)');
    await server.exec(two, 'INSERT INTO t VALUES (2)');
    await first.close();
    expect(await rowsAt(cluster, table('t'), held.moment)).toEqual(['1']);
    expect(await rowsAt(cluster, table('t', two), held.moment)).toEqual(['1']);
    await held.release();
    expect(await cluster.holdAlso(held.moment)).toBeNull();
  });

  it('is told to be lost when its session dies', async () => {
    const held = await holdAlso(cluster, await holdFirst([one]));
    await first.close();
    const lost = new Promise((resolve) => held.lost.addEventListener('abort', resolve));
    await server.exec(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'holdfast' AND state = 'idle in transaction'`,
    );
    await lost;
    expect(held.lost.reason).toMatchObject({ code: 'unreadable-moment' });
    await held.release();
  });

  it('is all or nothing', async () => {
    const moment = await holdFirst();
    await server.exec(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'holdfast' AND state = 'idle in transaction' AND datname = '${two}'`,
    );
    await expect.poll(() => cluster.holdAlso(moment)).toBeNull();
    // What is left is the first one's.
    await expect.poll(() => busy(server)).toBe(1);
    await first.close();
    await expect.poll(() => busy(server)).toBe(0);
  });

  it('is nothing where a database is gone', async () => {
    await server.exec('postgres', 'CREATE DATABASE "moment gone"');
    const moment = await holdFirst([one, 'moment gone']);
    await server.exec('postgres', 'DROP DATABASE "moment gone" WITH (FORCE)');
    expect(await cluster.holdAlso(moment)).toBeNull();
    await first.close();
  });

  it('keeps from being rewritten what the first one did', async () => {
    await server.exec(one, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1); CREATE TABLE other ()');
    const moment = await holdFirst([one]);
    await describeTable(first, table('kept'), moment);
    const second = await holdAlso(cluster, moment);
    await first.close();
    const third = await holdAlso(cluster, second.moment);
    await second.release();
    await server.exec(one, `SET lock_timeout = '5s'; TRUNCATE other; INSERT INTO kept VALUES (2)`);
    await expect(server.exec(one, `SET lock_timeout = '100ms'; TRUNCATE kept`)).rejects.toThrow(
      /lock timeout/,
    );
    expect(await rowsAt(cluster, table('kept'), third.moment)).toEqual(['1']);
    await third.release();
    await server.exec(one, 'TRUNCATE kept');
  });

  it('is nothing where its id is another snapshot’s', async () => {
    const before = await holdFirst([one]);
    await first.close();
    await server.exec(one, 'INSERT INTO t VALUES (100)');
    const now = await cluster.holdMoment([one], null);
    // As a server gives it that was started again.
    const { snapshot } = snapshotIn(now.moment, one);
    const moment: Moment = {
      kind: 'snapshot',
      at: before.at,
      databases: { [one]: { ...snapshotIn(before, one), snapshot } },
    };
    expect(await cluster.holdAlso(moment)).toBeNull();
    await expect(cluster.catalog(one, moment)).rejects.toMatchObject({ code: 'unreadable-moment' });
    await now.release();
  });
});

const bin = findInstalled('pg_basebackup', 'Moments of a standby are not tested.');

describe.skipIf(bin === null)('a moment of a standby', () => {
  let primary: TestServer;
  let standby: TestServer;

  beforeAll(async () => {
    primary = await startTestServer({ bin: bin ?? undefined });
    await primary.exec('postgres', 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
    standby = await startTestServer({ bin: bin ?? undefined, standbyOf: primary });
  });

  afterAll(async () => {
    await standby.stop();
    await primary.stop();
  });

  it('can be held also by another, and outlives the first', async () => {
    const [first, cluster] = [openCluster(standby.url), openCluster(standby.url)];
    const name = table('t', 'postgres');
    const { moment } = await first.holdMoment(['postgres'], null);
    const held = await holdAlso(cluster, moment);
    await first.close();
    await primary.exec('postgres', 'INSERT INTO t VALUES (2)');
    await expect.poll(() => standby.exec('postgres', 'SELECT id FROM t')).toHaveLength(2);
    expect(await rowsAt(cluster, name, held.moment)).toEqual(['1']);
    await held.release();
    expect(await cluster.holdAlso(held.moment)).toBeNull();
    await cluster.close();
  });
});
