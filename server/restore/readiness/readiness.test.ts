import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../cluster/postgres/test-server.ts';
import { readManifestAt } from '../../format/manifest.ts';
import type { JobKind } from '../../jobs/job.ts';
import { ProofStore } from '../../metadata/proofs.ts';
import { parseStatements } from '../../statement/parse.ts';
import { parseLocation } from '../../storage/location.ts';
import { openStore } from '../../storage/open.ts';
import { startRig } from '../../testing/rig.ts';
import type { Rig } from '../../testing/rig.ts';
import { Readiness, type ReadinessReport } from './gather.ts';
import type { ReadinessEntry } from './verdict.ts';

// What readiness says of databases of a real server and of a simulated cluster, backed up by real engines to real files.

const at = (name: string) => `nodelocal://self/${name}`;

let rig: Rig;
let stopEngine: () => Promise<void>;
beforeAll(async () => {
  rig = await startRig();
  stopEngine = await rig.startEngine();
  await rig.services.clusters.register('sim', 'simulated://3?seed=7&rows=2000', { embedded: false });
}, 120_000);
afterAll(() => rig.stop(), 60_000);

/** Enough on a busy machine for all that answers at all. */
const PATIENT = { readingMs: 20_000, askingMs: 20_000 };

/** As a console tells it that has just been started, so many days from now: nothing is remembered. */
function report(days = 0, patience = PATIENT): Promise<ReadinessReport> {
  const { known, jobs, clusters, destinations } = rig.services;
  return new Readiness(
    {
      known,
      jobs,
      clusters,
      destinations,
      proofs: new ProofStore(rig.metadata),
      openStore: (location) => openStore(location, { externDir: rig.externDir }),
      now: () => new Date(Date.now() + days * 86_400_000),
    },
    patience,
  ).report();
}

type Target = Extract<ReadinessEntry, { kind: 'target' }>;

/** One database's part of the report. */
async function target(cluster: string, database: string, days = 0, patience = PATIENT): Promise<Target> {
  const { entries } = await report(days, patience);
  const found = entries.find(
    (entry): entry is Target =>
      entry.kind === 'target' && entry.facts.cluster === cluster && entry.facts.database === database,
  );
  if (found === undefined) throw new Error(`nothing is said of ${cluster}.${database}`);
  return found;
}

/** Databases of a cluster that are said to be in no backup. */
async function inNoBackup(cluster: string): Promise<string[]> {
  const { entries } = await report();
  return entries.flatMap((entry) =>
    entry.kind === 'databases' && entry.facts.cluster === cluster
      ? entry.facts.databases.map(({ name, tables }) => `${name} ${tables}`)
      : [],
  );
}

async function run(cluster: string, sql: string): Promise<void> {
  for (const statement of parseStatements(sql))
    await rig.services.statements.run(statement, {
      cluster,
      user: 'root',
      signal: new AbortController().signal,
      notice: () => undefined,
    });
}

const fileOf = (name: string, file = '') => path.join(rig.externDir, name, file);

/** A row of a job that was, for what is known of it by its number alone. */
async function endedJob(kind: JobKind, location: string): Promise<string> {
  const now = new Date();
  const times = { created_at: now, started_at: now, finished_at: now, modified_at: now };
  const { id } = await rig.metadata.db
    .insertInto('jobs')
    .values({
      id: String(++jobs),
      kind,
      state: 'succeeded',
      cluster: null,
      statement: kind,
      user_name: 'root',
      location,
      spec_sealed: '',
      ...times,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

let jobs = 0;

/** Records what a verify or a drill would have; answers its job's number. */
async function prove(
  name: string,
  proof: { kind: 'verify'; outcome: 'sound' | 'damaged' } | { kind: 'drill'; outcome: 'passed' | 'failed' },
): Promise<string> {
  const jobId = await endedJob(proof.kind === 'verify' ? 'VERIFY' : 'DRILL', at(name));
  const { id } = await readManifestAt(parseLocation(at(name)), (location) =>
    openStore(location, { externDir: rig.externDir }),
  );
  const common = {
    jobId,
    backupId: id,
    location: at(name),
    figures: { files: 3, bytes: 5000, rows: 10, findings: proof.outcome === 'damaged' ? 1 : 0 },
    startedAt: new Date(Date.now() - 60_000),
    finishedAt: new Date(),
  };
  await new ProofStore(rig.metadata).record(
    proof.kind === 'verify'
      ? { ...common, ...proof, cluster: null, depth: 'checksums', findings: [] }
      : {
          ...common,
          ...proof,
          cluster: 'default',
          depth: null,
          findings: [],
          figures: { ...common.figures, restoreMs: 2000 },
        },
  );
  return jobId;
}

describe('readiness', () => {
  it('names what is in no backup when nothing is', async () => {
    await rig.server.exec('postgres', 'CREATE DATABASE bank');
    await rig.server.exec('postgres', 'CREATE DATABASE "Käse 🧀"');
    await rig.server.exec(
      'bank',
      `CREATE TABLE customers (id int PRIMARY KEY);
       CREATE TABLE accounts (id int PRIMARY KEY, customer int REFERENCES customers, note text);
       INSERT INTO customers VALUES (1); INSERT INTO accounts VALUES (1, 1, 'naïve')`,
    );
    await rig.server.exec(
      'Käse 🧀',
      'CREATE TABLE "Sorte" (name text); INSERT INTO "Sorte" VALUES (\'Gouda\')',
    );
    const { entries, clusters } = await report();
    expect(clusters).toBe(2);
    expect(entries.map(({ kind, facts, verdict }) => [kind, facts.cluster, verdict.level])).toEqual([
      ['databases', 'default', 'unprotected'],
      ['databases', 'sim', 'unprotected'],
    ]);
    expect(entries[0]?.verdict.action).toMatchObject({ databases: ['Käse 🧀', 'bank'] });
    expect(await inNoBackup('default')).toEqual(['Käse 🧀 1', 'bank 2']);
  });

  it('says of a fresh backup what it could be restored to, and that nothing has proved it', async () => {
    await run('default', `BACKUP DATABASE bank TO '${at('bank-1')}'`);
    await run('default', `BACKUP DATABASE "Käse 🧀" TO '${at('käse')}'`);
    const { facts, verdict } = await target('default', 'bank');
    expect(verdict).toMatchObject({ level: 'unproven', action: { kind: 'drill', url: at('bank-1') } });
    expect(facts).toMatchObject({
      source: { state: 'up' },
      present: true,
      point: { parts: [{ url: at('bank-1'), whole: true, tables: ['public.accounts', 'public.customers'] }] },
      chain: { url: at('bank-1'), layers: [{ type: 'full', state: 'readable' }] },
      pace: null,
      missing: [],
      verify: null,
      drill: null,
      // Without a slot nothing tells what changed.
      deadline: { kind: 'impossible' },
      unprotected: { kind: 'known', tables: [] },
      destination: { reachable: true, saved: null, writable: null },
      running: [],
    });
    expect(facts.point?.bytes).toBeGreaterThan(10);
    const cheese = await target('default', 'Käse 🧀');
    expect(cheese.facts.point?.parts[0]?.tables).toEqual(['public."Sorte"']);
    expect(await inNoBackup('default')).toEqual([]);
  });

  it('is late after a day, and at risk after a week', async () => {
    expect((await target('default', 'bank', 1.1)).verdict.level).toBe('due');
    expect((await target('default', 'bank', 8)).verdict.level).toBe('at-risk');
  });

  it('is proved by a verify and a drill, and unproved by what they find', async () => {
    await prove('bank-1', { kind: 'verify', outcome: 'sound' });
    expect((await target('default', 'bank')).verdict.action).toMatchObject({ kind: 'drill' });
    const jobId = await prove('bank-1', { kind: 'drill', outcome: 'passed' });
    const { facts, verdict } = await target('default', 'bank');
    expect(verdict).toMatchObject({ level: 'ready', action: null });
    expect(facts.pace).toMatchObject({ of: 'backup', from: 'drill', bytesASecond: 2500, jobId });
    // Of another database of the cluster the same drill tells how long it would take.
    expect((await target('default', 'Käse 🧀')).facts.pace).toMatchObject({ of: 'cluster', from: 'drill' });
    await prove('bank-1', { kind: 'verify', outcome: 'damaged' });
    expect((await target('default', 'bank')).verdict).toMatchObject({
      level: 'at-risk',
      action: { kind: 'full-backup' },
    });
    await prove('bank-1', { kind: 'verify', outcome: 'sound' });
    expect((await target('default', 'bank')).verdict.level).toBe('ready');
  });

  it('names tables that came after the backup, were renamed, or that it lacks', async () => {
    await rig.server.exec('bank', 'CREATE TABLE loans (id int); ALTER TABLE accounts RENAME TO "Konten"');
    const { facts, verdict } = await target('default', 'bank');
    expect(facts.unprotected).toMatchObject({ tables: ['public."Konten"', 'public.loans'] });
    expect(verdict).toMatchObject({
      level: 'incomplete',
      action: { kind: 'add-tables', database: 'bank', on: null, tables: 2 },
    });
    await run('default', `BACKUP bank."Konten" TO '${at('konten')}'`);
    const after = await target('default', 'bank');
    expect(after.facts.unprotected).toMatchObject({ tables: ['public.loans'] });
    expect(after.facts.missing[0]).toMatch(/^Without bank\.public\.customers, /);
    await rig.server.exec('bank', 'DROP TABLE loans; ALTER TABLE "Konten" RENAME TO accounts');
  });

  it('goes by an older backup where the newest is damaged, and tells of both', async () => {
    await run('default', `BACKUP DATABASE bank TO '${at('bank-2')}'`);
    const manifest = fileOf('bank-2', 'manifest.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace('customers', 'Customers'));
    const { facts, verdict } = await target('default', 'bank');
    expect(verdict).toMatchObject({
      level: 'at-risk',
      words: expect.stringMatching(
        /^The newest backup can’t be restored: manifest\.json of .*bank-2 is damaged/,
      ),
      action: { kind: 'full-backup', databases: ['bank'] },
    });
    // Its tables are those of the older one, and the one of the table by itself is newer than that.
    expect(facts.point?.parts.map(({ url }) => url)).toContain(at('bank-1'));
    await writeFile(manifest, text);
    expect((await target('default', 'bank')).facts.point?.parts).toMatchObject([{ url: at('bank-2') }]);
  });

  it('goes back to the layer before the one that is missing', async () => {
    await run('sim', `BACKUP DATABASE shop TO '${at('shop-0')}'`);
    for (const layer of [1, 2, 3]) {
      const bases = Array.from({ length: layer }, (_, n) => `'${at(`shop-${n}`)}'`).join(', ');
      await run('sim', `BACKUP DATABASE shop TO '${at(`shop-${layer}`)}' INCREMENTAL FROM ${bases}`);
    }
    const whole = await target('sim', 'shop');
    expect(whole.facts.chain?.layers.map(({ state }) => state)).toEqual(Array(4).fill('readable'));
    expect(whole.facts.deadline).toMatchObject({ kind: 'at', seconds: 90_000 });
    expect(whole.facts.point?.parts).toMatchObject([{ url: at('shop-3'), type: 'incremental' }]);
    await rename(fileOf('shop-2'), fileOf('elsewhere'));
    const { facts, verdict } = await target('sim', 'shop');
    expect(facts.chain?.layers.map(({ state }) => state)).toEqual([
      'readable',
      'readable',
      'lost',
      'readable',
    ]);
    expect(facts.point?.parts).toMatchObject([{ url: at('shop-1') }]);
    expect(verdict.words).toContain(`layer 3 of the 4 of its chain: there is no backup at ${at('shop-2')}`);
    // Another backup in its place is not that one.
    await rename(fileOf('shop-0'), fileOf('shop-2'));
    expect((await target('sim', 'shop')).facts.point).toBeNull();
    await rename(fileOf('shop-2'), fileOf('shop-0'));
    await rename(fileOf('elsewhere'), fileOf('shop-2'));
    expect((await target('sim', 'shop')).verdict.level).toBe('unproven');
  }, 60_000);

  it('counts the oldest of the newest backups of single tables', async () => {
    await run('sim', `BACKUP bank.customers TO '${at('customers')}'`);
    await run('sim', `BACKUP bank.accounts TO '${at('accounts')}'`);
    const { facts, verdict } = await target('sim', 'bank');
    expect(facts.point?.parts.map(({ url, whole, tables }) => [url, whole, tables])).toEqual([
      [at('accounts'), false, ['public.accounts']],
      [at('customers'), false, ['public.customers']],
    ]);
    expect(facts.point?.at).toBe(facts.point?.parts[1]?.at);
    expect(verdict.level).toBe('incomplete');
    expect(verdict.reasons[0]?.kind).toBe('unprotected-tables');
    // A newer backup of the one makes up for a lost one.
    await run('sim', `BACKUP bank.customers TO '${at('customers-2')}'`);
    await rename(fileOf('customers-2'), fileOf('customers-3'));
    expect((await target('sim', 'bank')).verdict.level).toBe('at-risk');
    await run('sim', `BACKUP DATABASE bank TO '${at('sim-bank')}'`);
    const after = await target('sim', 'bank');
    expect(after.verdict.level).toBe('unproven');
    expect(after.facts.point?.parts).toMatchObject([{ url: at('sim-bank'), whole: true }]);
  }, 60_000);

  it('says so where the destination never answers, and goes on', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const move = (from: string, to: string) =>
      rig.metadata.db.updateTable('jobs').set({ location: to }).where('location', '=', from).execute();
    const redacted = parseLocation(at('käse')).redacted;
    const dead = `http://127.0.0.1:${port}/cheese`;
    const brisk = { readingMs: 5_000, askingMs: 5_000 };
    await move(redacted, dead);
    try {
      const { facts, verdict } = await target('default', 'Käse 🧀', 0, brisk);
      expect(facts).toMatchObject({
        point: null,
        destination: { reachable: false },
        chain: { layers: [{ state: 'unreachable', why: 'the destination has not answered in time' }] },
      });
      expect(verdict).toMatchObject({ level: 'lost', action: { kind: 'mend-destination', url: dead } });
      expect((await target('default', 'bank', 0, brisk)).facts.destination?.reachable).toBe(true);
    } finally {
      await move(dead, redacted);
      silent.close();
    }
  }, 60_000);

  it('knows backups by themselves: their database dropped, their cluster down, or gone', async () => {
    await rig.server.exec('postgres', 'DROP DATABASE "Käse 🧀" WITH (FORCE)');
    const dropped = await target('default', 'Käse 🧀', 3);
    expect(dropped.facts.present).toBe(false);
    expect(dropped.verdict).toMatchObject({ level: 'unproven', action: { kind: 'drill' } });
    expect(dropped.verdict.reasons.map(({ kind }) => kind)).toContain('database-gone');

    const other = await startTestServer();
    try {
      await other.exec('postgres', 'CREATE DATABASE bank');
      await other.exec('bank', 'CREATE TABLE a (id int PRIMARY KEY)');
      await rig.services.clusters.register('other', other.url, { embedded: false });
      await run('other', `BACKUP DATABASE bank TO '${at('other')}'`);
      expect((await target('other', 'bank')).verdict.level).toBe('unproven');
    } finally {
      await other.stop();
    }
    const down = await target('other', 'bank');
    expect(down.facts).toMatchObject({
      source: { state: 'down' },
      present: null,
      unprotected: { kind: 'unknown' },
      deadline: { kind: 'unknown' },
      point: { parts: [{ url: at('other') }] },
    });
    expect(down.verdict).toMatchObject({
      level: 'unknown',
      action: { kind: 'mend-cluster', cluster: 'other' },
    });
    await rig.services.clusters.remove('other');
    const gone = await target('other', 'bank', 30);
    expect(gone.facts).toMatchObject({ source: { state: 'gone' } });
    expect(gone.verdict).toMatchObject({ level: 'unproven', action: { kind: 'drill', url: at('other') } });
  }, 60_000);

  it('tells what is running on a target, and does not ask for it twice', async () => {
    await stopEngine();
    const id = await rig.jobStore.create({
      kind: 'BACKUP',
      cluster: 'default',
      statement: `BACKUP DATABASE bank TO '${at('never')}'`,
      user: 'root',
      location: at('never'),
      spec: parseBackup(`BACKUP DATABASE bank TO '${at('never')}'`),
      estimatedBytes: 0,
    });
    const { facts, verdict } = await target('default', 'bank', 1.1);
    expect(facts.running).toEqual([{ jobId: id, kind: 'BACKUP', state: 'pending' }]);
    expect(verdict).toMatchObject({ level: 'due', action: { kind: 'see-job', jobId: id, why: 'running' } });
    await rig.metadata.db.deleteFrom('jobs').where('id', '=', id).execute();
  });

  it('knows backups where no cluster is registered at all', async () => {
    await rig.metadata.db.deleteFrom('clusters').execute();
    const { entries, clusters } = await report();
    expect(clusters).toBe(0);
    expect(entries.map(({ kind }) => kind)).toEqual(Array(entries.length).fill('target'));
    expect(entries.flatMap((entry) => (entry.kind === 'target' ? [entry.facts.source.state] : []))).toEqual(
      Array(entries.length).fill('gone'),
    );
    expect(entries.map(({ facts }) => facts.cluster).sort()).toEqual([
      'default',
      'default',
      'other',
      'sim',
      'sim',
    ]);
  });
});

function parseBackup(sql: string) {
  const [statement] = parseStatements(sql);
  if (statement?.kind !== 'backup') throw new Error('not a BACKUP');
  return statement;
}
