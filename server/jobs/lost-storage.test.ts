import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { startDestination, type TestDestination } from '../testing/destinations.ts';
import { startFaultProxy } from '../testing/fault-proxy.ts';
import { onStage } from '../testing/processes.ts';
import { FAST, makeShop, provesShop, SHOP, SHOP_ROWS, SLOW } from '../testing/shops.ts';

const run = promisify(execFile);

/** Some tasks fit, and not all of them; then all. */
const SMALL_DISK = '2m';
const LARGE_DISK = '200m';

let server: TestServer;
let destination: TestDestination;

beforeAll(async () => {
  server = await startTestServer({ settings: { max_connections: '200' } });
  await makeShop(server, 'shop', SHOP);
  destination = await startDestination('s3');
}, 120_000);

afterAll(async () => {
  await destination.stop();
  await server.stop();
}, 60_000);

/** Whether file systems can be mounted here. What isn't tested then is said. */
async function mounts(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'holdfast-test', directory]);
    return true;
  } catch (error) {
    process.stderr.write(
      `SKIPPED: no small disk can be mounted. Full disks are not tested. ${String(error)}\n`,
    );
    return false;
  }
}

describe.concurrent('a job whose destination', () => {
  it('is gone for a while goes on by itself', async () => {
    const proxy = await startFaultProxy(destination.upstream);
    try {
      await onStage({ store: server, cluster: server, bytesPerSecond: SLOW }, async ({ processes, link }) => {
        await processes.startConsole();
        await processes.startEngine();
        const location = destination.url('a-while', proxy.port);
        const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
        await processes.untilDone(id, 2);
        proxy.decide = () => ({ kind: 'answer', status: 503 });
        await sleep(20_000);
        expect(await processes.job(id)).toMatchObject({ state: 'running' });
        proxy.decide = () => null;
        expect(await processes.succeeded(id)).toMatchObject({ attempt: 1, epoch: 1, rows: SHOP_ROWS });
        expect(proxy.happened.length).toBeGreaterThan(0);
        link.bytesPerSecond = FAST;
        await provesShop(processes, server, { location, database: 'after a while' });
      });
    } finally {
      await proxy.close();
    }
  }, 240_000);

  it('is gone for longer than it is patient pauses, says why, and is resumed', async () => {
    const proxy = await startFaultProxy(destination.upstream);
    const stage = { store: server, cluster: server, bytesPerSecond: SLOW, env: { HOLDFAST_PATIENCE: '10' } };
    try {
      await onStage(stage, async ({ processes, link }) => {
        await processes.startConsole();
        await processes.startEngine();
        const location = destination.url('for-long', proxy.port);
        const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
        await processes.untilDone(id, 2);
        proxy.decide = () => ({ kind: 'answer', status: 503 });
        const { error } = await processes.until(id, ({ state }) => state === 'paused', 180_000);
        expect(error).toMatchObject({ code: 'storage-unavailable' });
        expect(error?.hint).toContain(`RESUME JOB ${id}`);
        const done = (await processes.tasks(id)).filter(({ state }) => state === 'done');
        proxy.decide = () => null;
        await processes.sql(`RESUME JOB ${id}`);
        expect(await processes.succeeded(id)).toMatchObject({ attempt: 1, error: null, rows: SHOP_ROWS });
        expect(await processes.tasks(id)).toEqual(expect.arrayContaining(done));
        link.bytesPerSecond = FAST;
        await provesShop(processes, server, { location, database: 'after long' });
      });
    } finally {
      await proxy.close();
    }
  }, 360_000);

  it('is full pauses, says why, and is resumed once there is room', async () => {
    await onStage({ store: server, cluster: server, bytesPerSecond: SLOW }, async ({ processes, link }) => {
      if (!(await mounts(processes.externDir))) return;
      try {
        await processes.startConsole();
        await processes.startEngine();
        const location = 'nodelocal://self/full';
        const id = await processes.begin(`BACKUP DATABASE shop TO '${location}'`);
        const { error } = await processes.until(id, ({ state }) => state === 'paused', 180_000);
        expect(error).toMatchObject({ code: 'storage-full' });
        const done = (await processes.tasks(id)).filter(({ state }) => state === 'done');
        expect(done.length).toBeGreaterThan(0);
        await run('mount', ['-o', `remount,size=${LARGE_DISK}`, processes.externDir]);
        await processes.sql(`RESUME JOB ${id}`);
        expect(await processes.succeeded(id)).toMatchObject({ attempt: 1, error: null, rows: SHOP_ROWS });
        expect(await processes.tasks(id)).toEqual(expect.arrayContaining(done));
        link.bytesPerSecond = FAST;
        await provesShop(processes, server, { location, database: 'after room was made' });
      } finally {
        await processes.killAll();
        await run('umount', [processes.externDir]);
      }
    });
  }, 240_000);
});
