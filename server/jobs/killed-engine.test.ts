import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { contentsOf } from '../testing/compare.ts';
import { onStage, type Part, type Processes } from '../testing/processes.ts';
import {
  auditLedger,
  FAST,
  makeLedger,
  makeShop,
  provesShop,
  SHOP,
  SHOP_ROWS,
  SLOW,
  writeLedger,
} from '../testing/shops.ts';
import { LEASE_MS, SWEEP_MS } from './timing.ts';

// Each with processes and a metadata store of its own, side by side: most of their time they wait for somebody to be missed.

const ACCOUNTS = 60_000;
const ONE_TASK = { HOLDFAST_ENGINE_TASKS: '1' };

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ settings: { max_connections: '200' } });
  await makeShop(server, 'shop', SHOP);
  await makeLedger(server, 'bank', ACCOUNTS);
}, 120_000);

afterAll(() => server.stop(), 60_000);

const onOwnStage = (play: Parameters<typeof onStage>[1]) =>
  onStage({ store: server, cluster: server, bytesPerSecond: SLOW, env: ONE_TASK }, play);

/** The engine, of two, that does not coordinate the job. */
async function bystander(processes: Processes, job: string): Promise<Part> {
  const coordinator = await processes.coordinator(job);
  const other = processes.engines().find((engine) => engine !== coordinator);
  if (coordinator === undefined || other === undefined) throw new Error('the job has no two engines');
  return other;
}

const by = (engine: Part) => (task: { engine: string | null }) =>
  task.engine?.endsWith(`/${engine.pid}`) === true;

describe.concurrent('of the engines of a job', () => {
  it('one more takes part as soon as it is there; killed, it costs what it had in hand', async () => {
    await onOwnStage(async ({ processes }) => {
      await processes.startConsole();
      const first = await processes.startEngine();
      const id = await processes.begin("BACKUP DATABASE shop TO 'nodelocal://self/more'");
      await processes.untilDone(id, 2);
      const second = await processes.startEngine();
      const done = async (engine: Part) =>
        (await processes.tasks(id)).filter((task) => task.state === 'done' && by(engine)(task)).length;
      while ((await done(second)) < 2) await processes.until(id, ({ state }) => state === 'running', 1);
      expect(await done(first)).toBeGreaterThanOrEqual(2);

      await second.kill();
      const before = await processes.tasks(id);
      const inHand = new Set(
        before.filter((task) => task.state === 'running' && by(second)(task)).map((task) => task.id),
      );
      expect(await processes.succeeded(id)).toMatchObject({ attempt: 1, epoch: 1, rows: SHOP_ROWS });
      const after = await processes.tasks(id);
      for (const task of before.filter(({ state }) => state === 'done'))
        expect(after.find((each) => each.id === task.id)).toEqual(task);
      for (const task of after) expect(task.tries).toBe(inHand.has(task.id) ? 2 : 1);

      await provesShop(processes, server, { location: 'nodelocal://self/more', database: 'more' });
    });
  }, 240_000);

  it('the coordinator is missed within 30 seconds, and what was done stays so', async () => {
    await onOwnStage(async ({ processes, link }) => {
      link.bytesPerSecond = FAST;
      await processes.startConsole();
      await processes.startEngine();
      await processes.startEngine();
      await processes.succeeded(await processes.begin("BACKUP DATABASE shop TO 'nodelocal://self/missed'"));
      link.bytesPerSecond = SLOW;
      const id = await processes.begin(
        "RESTORE DATABASE shop FROM 'nodelocal://self/missed' WITH into_db = 'missed'",
      );
      await processes.untilDone(id, 3);
      await (await processes.coordinator(id))?.kill();
      const killed = performance.now();
      const before = await processes.tasks(id);
      await processes.until(id, ({ epoch }) => epoch === 2);
      const missedMs = performance.now() - killed;
      expect(missedMs).toBeLessThan(30_000);
      process.stderr.write(
        `taken over after ${Math.round(missedMs)} ms (a lease of ${LEASE_MS}, looked for every ${SWEEP_MS})\n`,
      );

      expect(await processes.succeeded(id)).toMatchObject({ attempt: 1, epoch: 2, rows: SHOP_ROWS });
      const after = await processes.tasks(id);
      for (const task of before.filter(({ state }) => state === 'done'))
        expect(after.find((each) => each.id === task.id)).toEqual(task);
      expect(await contentsOf(server, 'missed')).toEqual(await contentsOf(server, 'shop'));
    });
  }, 240_000);

  it('one is dead while the job is canceled: every file it wrote goes, and nothing else', async () => {
    await onOwnStage(async ({ processes }) => {
      await processes.startConsole();
      await processes.startEngine();
      await processes.startEngine();
      const id = await processes.begin("BACKUP DATABASE shop TO 'nodelocal://self/canceled'");
      await processes.untilDone(id, 2);
      const victim = await bystander(processes, id);
      while (!(await processes.tasks(id)).some((task) => task.state === 'running' && by(victim)(task)))
        await processes.until(id, ({ state }) => state === 'running', 1);
      await victim.kill();
      const directory = path.join(processes.externDir, 'canceled');
      const foreign = [path.join(directory, 'notes.txt'), path.join(directory, 'data', 'notes.txt')];
      for (const file of foreign) await writeFile(file, 'somebody else’s');

      await processes.sql(`CANCEL JOB ${id}`);
      await processes.until(id, ({ state }) => state === 'canceled');
      const files = await readdir(directory, { recursive: true, withFileTypes: true });
      expect(
        files
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => path.join(parentPath, name))
          .sort(),
      ).toEqual(foreign.sort());
    });
  }, 240_000);

  it('any may be killed while others write: the copy is of one moment', async () => {
    await onOwnStage(async ({ processes, link }) => {
      await processes.startConsole();
      await processes.startEngine();
      await processes.startEngine();
      const writer = await writeLedger(server, 'bank', ACCOUNTS);
      try {
        const id = await processes.begin("BACKUP DATABASE bank TO 'nodelocal://self/bank'");
        await processes.untilDone(id, 1);
        await (await processes.coordinator(id))?.kill();
        await processes.startEngine();
        const { attempt } = await processes.succeeded(id);
        process.stderr.write(`its coordinator was killed: ${attempt} attempts\n`);
      } finally {
        const committed = await writer.stop();
        expect(await auditLedger(server, 'bank')).toMatchObject({ wrong: 0, transfers: committed });
      }
      link.bytesPerSecond = FAST;
      await processes.succeeded(
        await processes.begin(
          "RESTORE DATABASE bank FROM 'nodelocal://self/bank' WITH into_db = 'bank copy'",
        ),
      );
      const copy = await auditLedger(server, 'bank copy');
      expect(copy).toMatchObject({ wrong: 0, total: ACCOUNTS * 1000 });
      expect(copy.transfers).toBeGreaterThan(0);
    });
  }, 240_000);
});
