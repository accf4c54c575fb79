import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprints, rowsOf } from '../cluster/cockroach/testing/compare.ts';
import { liveCluster, whyNotWhole } from '../cluster/cockroach/testing/live.ts';
import { manifestSchema } from '../format/manifest-schema.ts';
import { migrate, openMetadata } from '../metadata/open.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

/** The whole way through jobs: metadata in a PostgreSQL, the cluster a real CockroachDB of three nodes. */

const live = liveCluster();
const skipped = whyNotWhole();
if (skipped !== null)
  process.stderr.write(
    `SKIPPED: backups of CockroachDB's own workloads, and of a cluster that loses a node: ${skipped}.\n`,
  );

const MOVR = ['users', 'vehicles', 'rides', 'vehicle_location_histories', 'promo_codes', 'user_promo_codes'];
const BANK_ROWS = 60_000;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ clusterUrl: live.url });
  await rig.startEngine({ tasks: 4 });
  if (skipped !== null) return;
  await live.initWorkload('movr', []);
  await live.initWorkload('bank', [`--rows=${BANK_ROWS}`, '--payload-bytes=200', '--ranges=30']);
  await live.exec('bank', 'ALTER TABLE bank SCATTER');
  // Younger than ten seconds they aren't there at the default moment.
  await sleep(11_000);
});

afterAll(async () => {
  await rig.stop();
  for (const database of [
    'bank',
    'movr',
    'bank copy',
    'movr copy',
    'bank killed',
    'bank gone',
    'short',
    'refused',
    'new users',
  ])
    await live.exec('defaultdb', `DROP DATABASE IF EXISTS "${database}" CASCADE`);
});

async function momentOf(location: string): Promise<string> {
  const text = await readFile(path.join(rig.externDir, location, 'manifest.json'), 'utf8');
  const { moment } = manifestSchema.parse(JSON.parse(text));
  if (moment.kind !== 'hlc') throw new Error('the moment is none of CockroachDB');
  return moment.timestamp;
}

/** Answers once the backup has written its first data file. */
async function hasBegun(location: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const entries = await readdir(path.join(rig.externDir, location), { recursive: true }).catch(
          () => [],
        );
        return entries.filter((name) => name.endsWith('.copy.zst')).length;
      },
      { timeout: 60_000, interval: 20 },
    )
    .toBeGreaterThan(0);
}

describe.skipIf(skipped !== null)('a backup of a CockroachDB cluster', () => {
  it('of `bank` comes back with equal fingerprints', async () => {
    const answer = await rig.run("BACKUP DATABASE bank TO 'nodelocal://self/bank'");
    expect(answer.rows[0]?.slice(1, 4)).toEqual(['succeeded', '1', String(BANK_ROWS)]);
    await rig.run(`RESTORE DATABASE bank FROM 'nodelocal://self/bank' WITH into_db = 'bank copy'`);
    const at = await momentOf('bank');
    expect(await fingerprints(live, 'bank copy', 'bank')).toEqual(
      await fingerprints(live, 'bank', 'bank', at),
    );
  });

  it('of `movr` comes back with equal rows, fingerprints and definitions', async () => {
    await rig.run("BACKUP DATABASE movr TO 'nodelocal://self/movr'");
    await rig.run(`RESTORE DATABASE movr FROM 'nodelocal://self/movr' WITH into_db = 'movr copy'`);
    for (const table of MOVR)
      expect(await fingerprints(live, 'movr copy', table), table).toEqual(
        await fingerprints(live, 'movr', table),
      );
    expect(await rowsOf(live, 'movr copy')).toEqual(await rowsOf(live, 'movr'));
    const definitions = (database: string) =>
      live.exec(
        database,
        `SELECT descriptor_name, create_statement FROM crdb_internal.create_statements
         WHERE database_name = '${database}' AND schema_name = 'public' ORDER BY 1`,
      );
    expect(await definitions('movr copy')).toEqual(await definitions('movr'));
  });

  it('is consistent while rows move, and reads ranges on the nodes that have their leases', async () => {
    let moving = true;
    let moves = 0;
    const mover = (async () => {
      for (; moving; moves++)
        await live.exec(
          'bank',
          `BEGIN; UPDATE bank SET balance = balance - 1 WHERE id = ${moves % BANK_ROWS};
           UPDATE bank SET balance = balance + 1 WHERE id = ${(moves * 7 + 1) % BANK_ROWS}; COMMIT`,
        );
    })();
    const backup = await rig.run("BACKUP bank.bank TO 'nodelocal://self/moving' AS OF SYSTEM TIME '-1s'");
    moving = false;
    await mover;
    expect(moves).toBeGreaterThan(0);
    const nodes = await rig.metadata.db
      .selectFrom('tasks')
      .select('node')
      .distinct()
      .where('job_id', '=', String(backup.rows[0]?.[0]))
      .execute();
    expect(nodes.length).toBeGreaterThan(1);
    await rig.run(`RESTORE bank.bank FROM 'nodelocal://self/moving' WITH into_db = 'bank gone', create_db`);
    const at = await momentOf('moving');
    expect(await fingerprints(live, 'bank gone', 'bank')).toEqual(
      await fingerprints(live, 'bank', 'bank', at),
    );
  });

  it('succeeds, and equals the source at its moment, when a node is killed in the middle', async () => {
    const backup = rig.run("BACKUP DATABASE bank TO 'nodelocal://self/killed'");
    let over = false;
    void backup.catch(() => undefined).then(() => (over = true));
    try {
      await hasBegun('killed');
      await live.kill(3);
      expect(over, 'the backup was over before the node was gone').toBe(false);
      await live.exec('bank', 'UPDATE bank SET balance = balance + 1000 WHERE id % 100 = 0');
      expect((await backup).rows[0]?.slice(1, 4)).toEqual(['succeeded', '1', String(BANK_ROWS)]);
    } finally {
      await live.restart(3);
    }
    await rig.run(`RESTORE DATABASE bank FROM 'nodelocal://self/killed' WITH into_db = 'bank killed'`);
    const at = await momentOf('killed');
    expect(await fingerprints(live, 'bank killed', 'bank')).toEqual(
      await fingerprints(live, 'bank', 'bank', at),
    );
  }, 300_000);
});

describe('a metadata store', () => {
  it('on a CockroachDB of 21.1 is refused with what it lacks, and nothing is made there', async () => {
    await live.exec('defaultdb', 'CREATE DATABASE IF NOT EXISTS refused');
    const metadata = openMetadata(live.urlOf('refused'));
    try {
      await expect(migrate(metadata)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(/v21\.1.*lacks to_regclass and user-defined functions/),
      });
      expect(await live.exec('refused', 'SHOW TABLES')).toEqual([]);
    } finally {
      await metadata.close();
    }
  });
});

describe('users', () => {
  it('come back by the documented procedure: from system.users into a database, and from there', async () => {
    await live.exec(
      'defaultdb',
      'CREATE USER IF NOT EXISTS "ann-ö" WITH CREATEDB VALID UNTIL \'2031-01-01\'',
    );
    await live.exec('defaultdb', 'CREATE ROLE IF NOT EXISTS auditors');
    await live.exec('defaultdb', 'GRANT auditors TO "ann-ö" WITH ADMIN OPTION');
    await live.exec('defaultdb', 'CREATE DATABASE IF NOT EXISTS refused');
    await live.exec('refused', 'CREATE TABLE IF NOT EXISTS t (id INT8 PRIMARY KEY)');
    await rig.run("BACKUP DATABASE refused TO 'nodelocal://self/users' AS OF SYSTEM TIME '-1us'");
    await rig.run("RESTORE system.users FROM 'nodelocal://self/users' WITH into_db = 'new users', create_db");
    await rig.run(
      "RESTORE system.role_options, system.role_members FROM 'nodelocal://self/users' WITH into_db = 'new users'",
    );
    for (const table of ['users', 'role_options', 'role_members'])
      expect(await live.exec('new users', `SELECT * FROM ${table} ORDER BY 1, 2`), table).toEqual(
        await live.exec('system', `SELECT * FROM ${table} ORDER BY 1, 2`),
      );
    await live.exec('defaultdb', 'DROP USER "ann-ö"');
    await live.exec(
      'system',
      `INSERT INTO system.users SELECT * FROM "new users".users WHERE username NOT IN (SELECT username FROM system.users)`,
    );
    const names = await live.exec('system', `SELECT username FROM system.users WHERE username = 'ann-ö'`);
    expect(names).toHaveLength(1);
    await live.exec('defaultdb', 'DROP USER "ann-ö"');
    await live.exec('defaultdb', 'DROP ROLE auditors');
  });
});

describe('a backup that can’t be', () => {
  it('names the table that is past its GC window, the window, and the earliest time', async () => {
    await live.exec('defaultdb', 'CREATE DATABASE short');
    await live.exec('short', 'CREATE TABLE kept (id INT8 PRIMARY KEY)');
    await live.exec('short', 'CREATE TABLE brief (id INT8 PRIMARY KEY)');
    await live.exec('short', 'ALTER TABLE brief CONFIGURE ZONE USING gc.ttlseconds = 2');
    await sleep(8_000);
    await expect(
      rig.run("BACKUP DATABASE short TO 'nodelocal://self/short' AS OF SYSTEM TIME '-6s'"),
    ).rejects.toMatchObject({
      code: 'unreadable-moment',
      message: expect.stringMatching(/short\.public\.brief .*gc\.ttlseconds = 2/),
      hint: expect.stringMatching(/earliest time that works is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/),
    });
    await rig.run("BACKUP short.kept TO 'nodelocal://self/kept' AS OF SYSTEM TIME '-6s'");
  });

  it('names the privilege that its user lacks', async () => {
    await live.exec('defaultdb', 'CREATE USER IF NOT EXISTS reader');
    const poor = await startRig({ clusterUrl: live.urlOf('defaultdb', 'reader') });
    try {
      await expect(poor.run("BACKUP DATABASE defaultdb TO 'nodelocal://self/x'")).rejects.toMatchObject({
        code: 'cluster-denied',
        message: expect.stringMatching(/reader.*admin role/),
        hint: expect.stringMatching(/GRANT admin TO reader/),
      });
    } finally {
      await poor.stop();
    }
  });
});
