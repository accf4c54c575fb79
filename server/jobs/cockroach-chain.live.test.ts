import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprints } from '../cluster/cockroach/testing/compare.ts';
import { liveCluster } from '../cluster/cockroach/testing/live.ts';
import { type Manifest, manifestSchema } from '../format/manifest-schema.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

/** A chain of incremental backups of a real CockroachDB cluster while its rows never stand still. */

const live = liveCluster();
const SOURCE = 'hb_chain';
const COPIES = ['hb_chain_0', 'hb_chain_1', 'hb_chain_2', 'hb_chain_3'];
const TABLES = ['accounts', 'wide', 'keyless', 'traded', 'child'];

const SCHEMA = `
  CREATE TABLE accounts (id INT8 PRIMARY KEY, balance INT8 NOT NULL, note STRING, INDEX (balance));
  CREATE TABLE wide (a UUID DEFAULT gen_random_uuid(), b INT8, c STRING, d STRING, PRIMARY KEY (b DESC, a),
    FAMILY (a, b), FAMILY (c), FAMILY (d));
  CREATE TABLE keyless (v INT8, w STRING);
  CREATE TABLE traded (id INT8 PRIMARY KEY, seat INT8 NOT NULL UNIQUE);
  CREATE TABLE child (id INT8 PRIMARY KEY, account INT8 NOT NULL REFERENCES accounts (id));
  INSERT INTO accounts SELECT i, 1000, 'note ' || i::STRING FROM generate_series(1, 5000) AS g (i);
  INSERT INTO wide (b, c, d) SELECT i, 'c', 'd' FROM generate_series(1, 1000) AS g (i);
  INSERT INTO keyless SELECT i % 50, 'w' FROM generate_series(1, 1000) AS g (i);
  INSERT INTO traded SELECT i, i FROM generate_series(1, 500) AS g (i);
  INSERT INTO child SELECT i, i FROM generate_series(1, 500) AS g (i);
  ALTER TABLE accounts SPLIT AT SELECT i * 1000 FROM generate_series(1, 4) AS g (i)`;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ clusterUrl: live.url });
  await rig.startEngine({ tasks: 4 });
  await live.exec('defaultdb', 'SET CLUSTER SETTING kv.rangefeed.enabled = true');
  await live.exec('defaultdb', `DROP DATABASE IF EXISTS ${SOURCE} CASCADE`);
  await live.exec('defaultdb', `CREATE DATABASE ${SOURCE}`);
  for (const statement of SCHEMA.split(';')) await live.exec(SOURCE, statement);
  await sleep(11_000);
});

afterAll(async () => {
  await rig.stop();
  for (const database of [SOURCE, ...COPIES])
    await live.exec('defaultdb', `DROP DATABASE IF EXISTS ${database} CASCADE`);
});

/** Writes until it is told to stop; answers how many transactions it made. */
async function write(stop: AbortSignal): Promise<number> {
  const client = new pg.Client({ connectionString: live.urlOf(SOURCE) });
  await client.connect();
  let done = 0;
  for (; !stop.aborted; done++) {
    const n = 1 + ((done * 37) % 4990);
    const statements = [
      `UPDATE accounts SET balance = balance - 1 WHERE id = ${n}`,
      `UPDATE accounts SET balance = balance + 1 WHERE id = ${n + 7}`,
      `UPDATE wide SET c = CASE WHEN c IS NULL THEN 'again' END WHERE b = ${1 + (done % 1000)}`,
      `DELETE FROM wide WHERE b = ${((done * 3) % 900) + 1}`,
      `INSERT INTO wide (b, d) VALUES (${2000 + done}, NULL)`,
      `DELETE FROM keyless WHERE v = ${done % 50} LIMIT 1`,
      `INSERT INTO keyless VALUES (${done % 50}, 'new ${done}')`,
      // Two rows trade what must be unique.
      `UPDATE traded SET seat = 1500 - seat WHERE id IN (${1 + (done % 250)}, ${500 - (done % 250)})`,
      `DELETE FROM child WHERE id = ${1 + (done % 500)}`,
    ];
    await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`).catch(async (error: unknown) => {
      await client.query('ROLLBACK');
      // Transactions of others may be in the way.
      if (!String(error).includes('restart transaction') && !String(error).includes('duplicate key'))
        throw error;
    });
  }
  await client.end();
  return done;
}

async function manifestOf(name: string): Promise<Manifest> {
  return manifestSchema.parse(
    JSON.parse(await readFile(path.join(rig.externDir, name, 'manifest.json'), 'utf8')),
  );
}

describe('a chain of backups of CockroachDB', () => {
  it('taken under a running workload has, layer by layer, what was there at each moment', async () => {
    const stop = new AbortController();
    const writer = write(stop.signal);
    const names = ['chain-0', 'chain-1', 'chain-2', 'chain-3'];
    const urls = names.map((name) => `'nodelocal://self/${name}'`);
    await sleep(2000);
    for (const [index, url] of urls.entries()) {
      const on = index === 0 ? '' : `INCREMENTAL FROM ${urls.slice(0, index).join(', ')}`;
      // Closer to now than usual: the feed has to wait for what it resolves.
      const answer = await rig.run(`BACKUP DATABASE ${SOURCE} TO ${url} AS OF SYSTEM TIME '-1s' ${on}`);
      expect(answer.rows[0]?.[1]).toBe('succeeded');
      // In the middle of the chain a table is truncated, and one is given a column.
      if (index === 1) {
        await live.exec(SOURCE, 'TRUNCATE child');
        await live.exec(SOURCE, 'INSERT INTO child VALUES (1000, 3)');
      }
      await sleep(3000);
    }
    stop.abort();
    expect(await writer).toBeGreaterThan(20);

    const manifests = await Promise.all(names.map(manifestOf));
    const methods = (manifest: Manifest) =>
      Object.fromEntries(manifest.changes.map(({ table, method }) => [table.name, method]));
    expect(methods(manifests[1] as Manifest)).toEqual({
      accounts: 'feed',
      wide: 'comparison',
      keyless: 'feed',
      traded: 'feed',
      child: 'feed',
    });
    expect(Object.keys(methods(manifests[2] as Manifest))).not.toContain('child');
    const verified = await rig.run(`VERIFY BACKUP ${urls.join(', ')} WITH depth = 'rows'`);
    expect(verified.rows[0]?.[1]).toBe('succeeded');
    const drilled = await rig.run(`DRILL BACKUP ${urls.join(', ')}`);
    expect(drilled.rows[0]?.[1]).toBe('succeeded');
    expect(
      await live.exec('defaultdb', `SELECT 1 FROM [SHOW DATABASES] WHERE database_name LIKE 'holdfast%'`),
    ).toEqual([]);
    for (const [layer, manifest] of manifests.entries()) {
      const copy = COPIES[layer] ?? '';
      await rig.run(
        `RESTORE DATABASE ${SOURCE} FROM ${urls.slice(0, layer + 1).join(', ')} WITH into_db = '${copy}'`,
      );
      if (manifest.moment.kind !== 'hlc') throw new Error('the moment is none of CockroachDB');
      for (const table of TABLES)
        expect(await fingerprints(live, copy, table), `${table} of layer ${layer}`).toEqual(
          await fingerprints(live, SOURCE, table, manifest.moment.timestamp),
        );
      // The writer moves money and makes none.
      const [sum] = await live.exec(copy, 'SELECT sum(balance)::INT8 AS sum FROM accounts');
      expect(Number(sum?.['sum'])).toBe(5_000_000);
    }
  }, 600_000);

  it('is refused once the newest base has left a table’s GC window', async () => {
    await live.exec(SOURCE, 'ALTER TABLE traded CONFIGURE ZONE USING gc.ttlseconds = 15');
    await expect(
      rig.run(
        `BACKUP DATABASE ${SOURCE} TO 'nodelocal://self/late' INCREMENTAL FROM 'nodelocal://self/chain-0'`,
      ),
    ).rejects.toMatchObject({
      code: 'unreadable-moment',
      field: 'bases',
      message: expect.stringMatching(
        /hb_chain\.public\.traded .*left the table's GC window \(gc\.ttlseconds = 15\) at/,
      ),
    });
    // Without that table there is nothing to refuse.
    await rig.run(
      `BACKUP ${SOURCE}.accounts TO 'nodelocal://self/on-time' INCREMENTAL FROM 'nodelocal://self/chain-0'`,
    );
    expect((await manifestOf('on-time')).changes).toMatchObject([{ method: 'feed' }]);
  });
});
