import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInstalled } from '../cluster/postgres/find-installed.ts';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

const bin = findInstalled('pg_basebackup', 'Backups of a server that was promoted are not tested.');
const url = (name: string) => `nodelocal://self/${name}`;

describe.skipIf(bin === null)('a cluster whose primary was replaced by its standby', () => {
  let primary: TestServer;
  let standby: TestServer;
  let rig: Rig;

  beforeAll(async () => {
    primary = await startTestServer({ bin: bin ?? undefined });
    rig = await startRig({ clusterUrl: primary.url });
    await rig.startEngine();
    await primary.exec('postgres', 'CREATE DATABASE bank');
    await primary.exec(
      'bank',
      `CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
       INSERT INTO accounts SELECT n, 1000 FROM generate_series(1, 100) n`,
    );
    await (await rig.services.clusters.connect('default')).meet('slot', 'bank');
    await rig.run(`BACKUP DATABASE bank TO '${url('full')}'`);
    await write(primary, 1);
    await rig.run(`BACKUP DATABASE bank TO '${url('incremental')}' INCREMENTAL FROM '${url('full')}'`);

    standby = await startTestServer({ bin: bin ?? undefined, standbyOf: primary });
  }, 120_000);

  afterAll(async () => {
    await rig.stop();
    await standby.stop();
    await primary.stop();
  }, 60_000);

  const write = (server: TestServer, by: number) =>
    server.exec(
      'bank',
      `UPDATE accounts SET balance = balance + ${by} WHERE id % 10 = ${by}; DELETE FROM accounts WHERE id = ${by}`,
    );
  const balances = (server: TestServer) => server.exec('bank', 'SELECT * FROM accounts ORDER BY id');

  async function refused(bases: string[]): Promise<{ message: string; hint?: string }> {
    const error: unknown = await rig
      .run(
        `BACKUP DATABASE bank TO '${url('refused')}' INCREMENTAL FROM ${bases.map((base) => `'${url(base)}'`).join(', ')}`,
      )
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unreadable-moment', field: 'bases' });
    expect(existsSync(join(rig.externDir, 'refused'))).toBe(false);
    return error as { message: string; hint?: string };
  }

  it('is refused an incremental backup on those of the old primary, and then takes a chain of its own', async () => {
    await write(primary, 2);
    await expect.poll(() => balances(standby)).toEqual(await balances(primary));
    await standby.exec('postgres', 'SELECT pg_promote()');
    await primary.stop();
    await rig.services.clusters.register('default', standby.url, { embedded: false });
    await write(standby, 3);

    // A slot stays on the server that it was made on.
    const withoutSlot = await refused(['full', 'incremental']);
    expect(withoutSlot.message).toMatch(/there is no replication slot/);
    expect(withoutSlot.hint).toMatch(/Turn on incremental backups of bank .* then take a full backup/);

    await rig.run(`BACKUP DATABASE bank TO '${url('between')}'`);
    await write(standby, 5);
    await (await rig.services.clusters.connect('default')).meet('slot', 'bank');
    const otherTimeline = await refused(['full', 'incremental']);
    expect(otherTimeline.message).toMatch(/went on from a standby .*timeline 1 then, 2 now/);
    expect(otherTimeline.hint).toBe('Take a full backup.');
    // Of this timeline, and older than the slot: the marks of the old primary, which came along, don't serve it.
    expect((await refused(['between'])).message).toMatch(/began after/);

    await rig.run(`BACKUP DATABASE bank TO '${url('new-full')}'`);
    await write(standby, 4);
    await rig.run(`BACKUP DATABASE bank TO '${url('new')}' INCREMENTAL FROM '${url('new-full')}'`);
    await rig.run(`RESTORE DATABASE bank FROM '${url('new-full')}', '${url('new')}' WITH into_db = 'copy'`);
    expect(await contentsOf(standby, 'copy')).toEqual(await contentsOf(standby, 'bank'));
  }, 120_000);
});
