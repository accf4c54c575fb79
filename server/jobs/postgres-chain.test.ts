import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCluster } from '../cluster/open.ts';
import { readManifestAt } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import { parseLocation } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

/** A PostgreSQL server backed up incrementally and restored, statement by statement, while it is written to. */

const ACCOUNTS = 200;
const LAYERS = 10;
const at = (name: string | number) => `nodelocal://self/layer-${name}`;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE bank');
  await rig.server.exec(
    'bank',
    `CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
     CREATE TABLE transfers (id bigserial PRIMARY KEY, from_account int REFERENCES accounts, to_account int, amount int);
     CREATE TABLE notes (text text);
     INSERT INTO accounts SELECT n, 1000 FROM generate_series(1, ${ACCOUNTS}) n;
     INSERT INTO notes VALUES ('a')`,
  );
  await rig.startEngine();
}, 120_000);

afterAll(() => rig.stop(), 60_000);

/** Moves money until it is told to stop; some transfers are taken back, some are forgotten. */
async function transfer(until: AbortSignal): Promise<number> {
  const client = new pg.Client({ connectionString: rig.server.url.replace(/\/postgres$/, '/bank') });
  await client.connect();
  await client.query('SET synchronous_commit = off');
  let count = 0;
  for (; !until.aborted; count++) {
    const [from, to, amount] = [1 + (count % ACCOUNTS), 1 + ((count * 7) % ACCOUNTS), (count % 13) + 1];
    await client.query(`BEGIN;
      UPDATE accounts SET balance = balance - ${amount} WHERE id = ${from};
      SAVEPOINT s; INSERT INTO transfers (from_account, to_account, amount) VALUES (${from}, ${to}, ${amount}); RELEASE s;
      UPDATE accounts SET balance = balance + ${amount} WHERE id = ${to};
      DELETE FROM transfers WHERE id = currval('transfers_id_seq') - 50;
      ${count % 11 === 0 ? 'ROLLBACK' : 'COMMIT'}`);
    await setImmediate();
  }
  await client.end();
  return count;
}

async function manifestOf(url: string): Promise<Manifest> {
  return readManifestAt(parseLocation(url), (location) => openStore(location, { externDir: rig.externDir }));
}

describe('a chain of PostgreSQL backups', () => {
  it('is refused before it is turned on, and offered after', async () => {
    await rig.run(`BACKUP DATABASE bank TO '${at('early')}'`);
    await expect(
      rig.run(`BACKUP DATABASE bank TO '${at('never')}' INCREMENTAL FROM '${at('early')}'`),
    ).rejects.toMatchObject({ code: 'unreadable-moment', field: 'bases' });
    const cluster = await rig.services.clusters.connect('default');
    await cluster.meet('slot', 'bank');
    const [candidate] = await rig.services.statements.baseCandidates(
      { kind: 'databases', names: ['bank'] },
      'default',
    );
    expect(candidate).toMatchObject({ url: at('early') });
    expect(candidate?.problem).toMatch(/began after .* and the base is older/);
  }, 60_000);

  it('restores, layer by layer, to its own moment under a writer that never stops', async () => {
    const stop = new AbortController();
    const writer = transfer(stop.signal);
    const sums: number[] = [];
    try {
      await rig.run(`BACKUP DATABASE bank TO '${at(0)}'`);
      for (let layer = 1; layer <= LAYERS; layer++) {
        const bases = Array.from({ length: layer }, (_, index) => `'${at(index)}'`).join(', ');
        await rig.run(`BACKUP DATABASE bank TO '${at(layer)}' INCREMENTAL FROM ${bases}`);
      }
    } finally {
      stop.abort();
    }
    expect(await writer).toBeGreaterThan(100);
    const newest = await manifestOf(at(LAYERS));
    expect(newest.changes.map(({ table }) => table.name).sort()).toEqual(['accounts', 'transfers']);
    expect(newest.moment.kind === 'snapshot' && newest.moment.databases['bank']?.timeline).toBe(1);
    for (const layer of [0, 1, 2, LAYERS - 1, LAYERS]) {
      const chain = Array.from({ length: layer + 1 }, (_, index) => `'${at(index)}'`).join(', ');
      await rig.run(`RESTORE DATABASE bank FROM ${chain} WITH into_db = 'bank_${layer}'`);
      const [row] = await rig.server.exec(
        `bank_${layer}`,
        `SELECT (SELECT sum(balance)::int FROM accounts) AS sum, (SELECT count(*)::int FROM accounts) AS accounts,
                (SELECT count(*)::int FROM transfers) AS transfers, (SELECT max(id)::int FROM transfers) AS last`,
      );
      // Each transfer deletes the one 50 before it, rolled back ones too few to matter: at most so many are left.
      expect(row).toMatchObject({ sum: ACCOUNTS * 1000, accounts: ACCOUNTS });
      sums.push(Number(row?.['last']));
    }
    expect(sums).toEqual(sums.toSorted((a, b) => a - b));
    expect(new Set(sums).size).toBe(sums.length);
  }, 240_000);

  it('restores its newest layer to exactly what is there once nobody writes', async () => {
    const bases = Array.from({ length: LAYERS + 1 }, (_, index) => `'${at(index)}'`).join(', ');
    await rig.run(`BACKUP DATABASE bank TO '${at('last')}' INCREMENTAL FROM ${bases}`);
    await rig.run(`RESTORE DATABASE bank FROM ${bases}, '${at('last')}' WITH into_db = 'bank_last'`);
    for (const table of ['accounts', 'transfers', 'notes']) {
      const rows = (database: string) =>
        rig.server.exec(database, `SELECT t::text FROM ${table} t ORDER BY 1`);
      expect(await rows('bank_last'), table).toEqual(await rows('bank'));
    }
    const other = openCluster(rig.server.url);
    const prerequisites = await other.prerequisites('bank');
    await other.close();
    expect(prerequisites.map(({ met }) => met)).not.toContain(false);
  }, 120_000);
});
