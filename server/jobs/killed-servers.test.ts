import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf, startHoldfast } from '../../scripts/holdfast.ts';
import { embeddedPaths } from '../cluster/embedded/initialise.ts';
import { runningPostmaster } from '../cluster/embedded/postmaster.ts';
import { findInstalled } from '../cluster/postgres/find-installed.ts';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { contentsOf } from '../testing/compare.ts';
import { onStage, type Processes, restart } from '../testing/processes.ts';
import { viaPsql } from '../testing/psql.ts';
import { runSql } from '../testing/run-sql.ts';
import { FAST, makeShop, provesShop, SHOP, SHOP_ROWS, SLOW } from '../testing/shops.ts';

// Side by side: most of their time they wait for somebody to be missed.

/** Has the databases that are backed up. */
let source: TestServer;

beforeAll(async () => {
  source = await startTestServer({ settings: { max_connections: '200' } });
  await makeShop(source, 'shop', SHOP);
}, 120_000);

afterAll(() => source.stop(), 60_000);

/** What `makeShop` and `contentsOf` need of a server. */
function embedded(port: number, password: string): Pick<TestServer, 'exec'> {
  const config = { host: '127.0.0.1', user: 'root', port, password };
  return { exec: (database, sql) => runSql({ ...config, database }, sql) };
}

async function sizes(directory: string): Promise<Record<string, number>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, (await stat(file)).size] as const)),
  );
}

/** Pauses the job; answers once nothing of it moves any more, and says how long that took. */
async function pause(processes: Processes, id: string): Promise<void> {
  await processes.sql(`PAUSE JOB ${id}`);
  const asked = performance.now();
  await processes.until(id, ({ state }) => state === 'paused', 20_000);
  process.stderr.write(`paused after ${Math.round(performance.now() - asked)} ms\n`);
  const before = await sizes(processes.externDir);
  await sleep(2_000);
  expect(await sizes(processes.externDir)).toEqual(before);
}

const installed = findInstalled('postgres', 'The metadata store is not tested on it.');

describe.concurrent.each([
  { on: 'the PostgreSQL that npm brings', bin: undefined },
  ...(installed === null ? [] : [{ on: 'the PostgreSQL that is installed', bin: installed }]),
])('with the metadata store on $on', ({ bin }) => {
  it('a job is paused, everything is killed and started again, the job is resumed', async () => {
    const store = await startTestServer({ bin });
    try {
      await onStage({ store, cluster: source, bytesPerSecond: SLOW }, async ({ processes, link }) => {
        await processes.startConsole();
        await processes.startEngine();
        await processes.startEngine();
        const location = 'nodelocal://self/paused';
        const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
        await processes.untilDone(id, 2);
        await pause(processes, id);
        await processes.sql(`RESUME JOB ${id}`);
        const done = (await processes.tasks(id)).filter(({ state }) => state === 'done').length;
        await processes.untilDone(id, done + 2);
        // Whoever held the moment is there still.
        expect(await processes.job(id)).toMatchObject({ attempt: 1 });
        await pause(processes, id);

        await processes.killAll();
        await processes.startConsole();
        await processes.startEngine();
        await sleep(1_000);
        expect(await processes.job(id)).toMatchObject({ state: 'paused' });
        await processes.sql(`RESUME JOB ${id}`);
        expect(await processes.succeeded(id)).toMatchObject({ rows: SHOP_ROWS });

        const restore = await processes.begin(
          `RESTORE DATABASE shop FROM '${location}' WITH into_db = 'paused ${store.version}'`,
        );
        await processes.untilDone(restore, 2);
        await (await processes.coordinator(restore))?.kill();
        link.bytesPerSecond = FAST;
        await processes.startEngine();
        expect(await processes.succeeded(restore)).toMatchObject({ attempt: 1 });
        expect(await contentsOf(source, `paused ${store.version}`)).toEqual(await contentsOf(source, 'shop'));
      });
    } finally {
      await store.stop();
    }
  }, 240_000);
});

describe.concurrent('a job goes on', () => {
  it('where the console is killed and the metadata store restarted: nobody died who worked for it', async () => {
    const store = await startTestServer();
    try {
      await onStage({ store, cluster: source, bytesPerSecond: SLOW }, async ({ processes, link }) => {
        const first = await processes.startConsole();
        await processes.startEngine();
        await processes.startEngine();
        const location = 'nodelocal://self/store';
        const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
        await processes.untilDone(id, 1);
        await first.kill();
        await restart(store, 'fast', 3_000);
        await processes.untilDone(id, 6);
        await restart(store, 'immediate', 3_000);
        expect(await processes.succeeded(id)).toMatchObject({ attempt: 1, epoch: 1, rows: SHOP_ROWS });
        expect(new Set((await processes.tasks(id)).map(({ engine }) => engine)).size).toBe(2);
        link.bytesPerSecond = FAST;
        await processes.startConsole();
        expect((await processes.sql(`SHOW JOB ${id}`))[0]).toContain('succeeded');
        await provesShop(processes, source, { location, database: 'stored' });
      });
    } finally {
      await store.stop();
    }
  }, 240_000);

  it('where the source is restarted: it starts over, and says so', async () => {
    const cluster = await startTestServer();
    try {
      await makeShop(cluster, 'shop', SHOP);
      await onStage({ store: source, cluster, bytesPerSecond: SLOW }, async ({ processes, link }) => {
        await processes.startConsole();
        await processes.startEngine();
        await processes.startEngine();
        const location = 'nodelocal://self/source';
        const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
        await processes.untilDone(id, 2);
        await restart(cluster, 'immediate', 3_000);
        expect(await processes.succeeded(id)).toMatchObject({ rows: SHOP_ROWS });
        expect((await processes.log(id)).join('\n')).toMatch(/moment was lost|new moment is taken/);
        await provesShop(processes, cluster, { location, database: 'again' });

        const restore = await processes.begin(
          `RESTORE DATABASE shop FROM '${location}' WITH into_db = 'twice'`,
        );
        await processes.untilDone(restore, 2);
        await restart(cluster, 'fast', 3_000);
        link.bytesPerSecond = FAST;
        await processes.succeeded(restore);
        expect(await contentsOf(cluster, 'twice')).toEqual(await contentsOf(cluster, 'shop'));
      });
    } finally {
      await cluster.stop();
    }
  }, 240_000);

  it('where the server that has both is restarted', async () => {
    const both = await startTestServer();
    try {
      await makeShop(both, 'shop', SHOP);
      await onStage({ store: both, cluster: both, bytesPerSecond: SLOW }, async ({ processes, link }) => {
        await processes.startConsole();
        await processes.startEngine();
        const location = 'nodelocal://self/both';
        const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
        await processes.untilDone(id, 2);
        await restart(both, 'immediate', 0);
        link.bytesPerSecond = FAST;
        expect(await processes.succeeded(id)).toMatchObject({ rows: SHOP_ROWS });
        await provesShop(processes, both, { location, database: 'copy' });
      });
    } finally {
      await both.stop();
    }
  }, 240_000);

  it('where the embedded PostgreSQL is killed, which has both', async () => {
    const holdfast = await startHoldfast({ env: { HOLDFAST_ENGINE_TASKS: '1' } });
    const { dataDir, embeddedPort, rootPassword, sqlPort } = holdfast.about;
    try {
      const sql = (statement: string) => viaPsql({ port: sqlPort, password: rootPassword }, statement);
      const on = embedded(embeddedPort, rootPassword);
      await makeShop(on, 'shop', { ...SHOP, rows: 2 * SHOP.rows });
      const begun = await sql("BACKUP DATABASE shop TO 'nodelocal://self/embedded' WITH detached");
      const id = begun[0]?.[0] ?? '';
      const done = `SELECT count(*)::int AS done FROM tasks WHERE job_id = ${id} AND state = 'done'`;
      while ((await on.exec('holdfast', done))[0]?.['done'] === 0) await sleep(50);
      const running = await runningPostmaster(embeddedPaths(dataDir).pgdata);
      process.kill(running?.pid ?? 0, 'SIGKILL');
      await expect
        .poll(() => sql(`SHOW JOB ${id}`).then(([row]) => row, String), { timeout: 120_000, interval: 500 })
        .toContain('succeeded');
      await sql("RESTORE DATABASE shop FROM 'nodelocal://self/embedded' WITH into_db = 'copy'");
      expect(await contentsOf(on, 'copy')).toEqual(await contentsOf(on, 'shop'));
    } finally {
      await holdfast.stop();
    }
  }, 240_000);

  it('where npm start is killed, and what it started with it', async () => {
    await onStage({ store: source, cluster: source, bytesPerSecond: SLOW }, async ({ processes, link }) => {
      const first = await processes.startAll();
      const location = 'nodelocal://self/everything';
      const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
      await processes.untilDone(id, 2);
      await first.kill();
      // What it started notices, and lets go of the job.
      while ((await processesOf(processes.dataDir)).length > 0) await sleep(300);
      expect(await processes.job(id)).toMatchObject({ state: 'running' });
      const second = await processes.startAll();
      await processes.untilDone(id, 2);
      await processes.killAll();
      expect(second.alive()).toBe(false);
      link.bytesPerSecond = FAST;
      await processes.startAll();
      expect(await processes.succeeded(id)).toMatchObject({ rows: SHOP_ROWS });
      await provesShop(processes, source, { location, database: 'everything' });
    });
  }, 240_000);
});
