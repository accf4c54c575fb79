import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SCRATCH_PREFIX } from '../restore/drill/aim.ts';
import { ProofStore } from '../metadata/proofs.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import type { JobId, JobView } from './job.ts';

/** Backups of a PostgreSQL server, drilled on that same server. */

const at = (name: string) => `nodelocal://self/${name}`;

let rig: Rig;
let proofs: ProofStore;

beforeAll(async () => {
  rig = await startRig();
  proofs = new ProofStore(rig.metadata);
  await rig.server.exec('postgres', 'CREATE DATABASE bank');
  await rig.server.exec(
    'bank',
    `CREATE TYPE mood AS ENUM ('glad', 'sad');
     CREATE TABLE accounts (id int PRIMARY KEY, "ö wner" text, mood mood, balance numeric(12,2) CHECK (balance > -1e6));
     CREATE TABLE transfers (id bigserial PRIMARY KEY, account int REFERENCES accounts, note text, at timestamptz DEFAULT now());
     CREATE TABLE heaps (amount numeric, note text);
     CREATE TABLE nothing ();
     CREATE TABLE empty (id int PRIMARY KEY);
     CREATE INDEX transfers_note ON transfers (note);
     CREATE UNIQUE INDEX accounts_owner ON accounts ("ö wner");
     CREATE VIEW rich AS SELECT * FROM accounts WHERE balance > 100;
     INSERT INTO accounts SELECT n, 'owner ' || n, 'glad', n FROM generate_series(1, 1000) n;
     INSERT INTO transfers (account, note) SELECT 1 + n % 1000, E'tab\\t' || n FROM generate_series(1, 5000) n;
     INSERT INTO heaps SELECT n, NULL FROM generate_series(1, 100) n`,
  );
  await (await rig.services.clusters.connect('default')).meet('slot', 'bank');
  await rig.startEngine();
  await rig.run(`BACKUP DATABASE bank TO '${at('full')}'`);
  await rig.server.exec(
    'bank',
    `UPDATE accounts SET balance = balance + 1 WHERE id % 3 = 0; DELETE FROM transfers WHERE id % 7 = 0;
     INSERT INTO transfers (account, note) SELECT 1, '' FROM generate_series(1, 50) n; INSERT INTO heaps VALUES (1, 'x')`,
  );
  await rig.run(`BACKUP DATABASE bank TO '${at('layer')}' INCREMENTAL FROM '${at('full')}'`);
}, 120_000);

afterAll(() => rig.stop(), 60_000);

function startDrill(...names: string[]): Promise<JobId> {
  return rig.services.statements.startDrill(
    { kind: 'drill', urls: names.map(at), options: { detached: false } },
    { cluster: 'default', user: 'root' },
  );
}

async function drill(...names: string[]): Promise<JobView> {
  return ended(await startDrill(...names));
}

/** Changes what a drill has restored, once its rows are in: until then a lock keeps it from adding keys. */
async function meddle(id: JobId, sql: string): Promise<void> {
  const client = await vi.waitFor(() => locking(`${SCRATCH_PREFIX}${id}`), { timeout: 20_000, interval: 5 });
  try {
    await vi.waitFor(
      async () => {
        const { rows } = await client.query(
          'SELECT 1 FROM accounts UNION ALL SELECT 1 FROM heaps UNION ALL SELECT 1 FROM transfers',
        );
        expect(rows).toHaveLength(6100);
      },
      { timeout: 20_000, interval: 20 },
    );
    await client.query(sql);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** A session in whose transaction rows can be loaded, and no table can be altered. */
async function locking(database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: rig.server.url.replace(/\/postgres$/, `/${database}`) });
  // Its database is dropped under it at last.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE accounts, heaps, transfers IN SHARE UPDATE EXCLUSIVE MODE');
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function ended(id: JobId): Promise<JobView> {
  return rig.services.jobs.ended(id, new AbortController().signal, () => undefined);
}

async function scratchDatabases(): Promise<unknown[]> {
  return rig.server.exec(
    'postgres',
    `SELECT datname FROM pg_database WHERE datname LIKE '${SCRATCH_PREFIX}%'`,
  );
}

describe('a drill', () => {
  it('restores a full backup, finds it as it was, and leaves nothing', async () => {
    const job = await drill('full');
    expect(job).toMatchObject({ kind: 'DRILL', state: 'succeeded', fraction: 1, error: null });
    expect(job.statement).toBe(`DRILL BACKUP '${at('full')}'`);
    expect(await scratchDatabases()).toEqual([]);
    const proof = await proofs.ofJob(job.id);
    expect(proof).toMatchObject({ kind: 'drill', outcome: 'passed', findings: [], cluster: 'default' });
    expect(proof?.figures.rows).toBe(6100);
    expect(proof?.figures.restoreMs).toBeGreaterThan(0);
  }, 60_000);

  it('restores a chain and compares each row once', async () => {
    const job = await drill('full', 'layer');
    expect(job).toMatchObject({ state: 'succeeded', error: null });
    const [rows] = await rig.server.exec(
      'bank',
      `SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM transfers) + (SELECT count(*) FROM heaps) AS rows`,
    );
    const proof = await proofs.ofJob(job.id);
    expect(proof?.figures.rows).toBe(Number(rows?.['rows']));
    expect(proof?.outcome).toBe('passed');
    expect(await scratchDatabases()).toEqual([]);
  }, 60_000);

  it('of what can’t be restored fails, says so in its proof, and leaves nothing', async () => {
    const directory = path.join(rig.externDir, 'full', 'data', 'bank.public.transfers');
    const [name = ''] = await readdir(directory);
    const file = path.join(directory, name);
    const sound = await readFile(file);
    const damaged = Buffer.from(sound);
    damaged[200] = (damaged[200] ?? 0) ^ 1;
    await writeFile(file, damaged);
    try {
      const job = await drill('full');
      expect(job).toMatchObject({ state: 'failed', error: { code: 'corrupt-backup' } });
      expect(await proofs.ofJob(job.id)).toMatchObject({
        outcome: 'failed',
        findings: [{ table: null, reason: `the restore did not get through: job ${job.id} says why` }],
      });
      expect(await scratchDatabases()).toEqual([]);
    } finally {
      await writeFile(file, sound);
    }
  }, 60_000);

  it('finds rows and definitions that are not what was backed up', async () => {
    const id = await startDrill('full');
    await meddle(
      id,
      `DELETE FROM transfers WHERE id = 1; UPDATE heaps SET note = '' WHERE amount = 7;
       ALTER TABLE nothing ADD COLUMN something int`,
    );
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'corrupt-backup' } });
    expect(job.error?.message).toContain('what was restored is not what was backed up: ');
    const proof = await proofs.ofJob(id);
    expect(proof).toMatchObject({ outcome: 'failed', figures: { findings: 4 } });
    const reasons = proof?.kind === 'drill' ? proof.findings.map(({ reason }) => reason) : [];
    expect(reasons).toEqual([
      'its 100 rows are not those of the backup: their fingerprint differs',
      '4999 rows were read back of 5000',
      'it has the columns something integer instead of none',
      expect.stringContaining('its definition is not there as it was: CREATE TABLE'),
    ]);
    expect(await scratchDatabases()).toEqual([]);
  }, 60_000);

  it('that is paused among its steps goes on, and has proved all of it', async () => {
    const id = await startDrill('full', 'layer');
    const client = await vi.waitFor(() => locking(`${SCRATCH_PREFIX}${id}`), {
      timeout: 20_000,
      interval: 5,
    });
    await rig.services.statements.controlJob(id, 'pause');
    await client.end();
    await vi.waitFor(async () => expect((await rig.services.jobs.view(id)).state).toBe('paused'), 20_000);
    expect(await scratchDatabases()).toHaveLength(1);
    await rig.services.statements.controlJob(id, 'resume');
    expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    const proof = await proofs.ofJob(id);
    expect(proof).toMatchObject({ outcome: 'passed', figures: { uncompared: 0 } });
    // The pause is no part of how long a restore takes.
    expect(proof?.figures.restoreMs).toBeUndefined();
    expect(await scratchDatabases()).toEqual([]);
  }, 60_000);

  it('that is canceled leaves nothing, and has proved nothing', async () => {
    const id = await startDrill('full');
    await rig.services.statements.controlJob(id, 'cancel');
    expect((await ended(id)).state).toBe('canceled');
    expect(await proofs.ofJob(id)).toBeNull();
    expect(await scratchDatabases()).toEqual([]);
  }, 60_000);
});
