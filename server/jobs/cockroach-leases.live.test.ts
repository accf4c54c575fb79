import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { CockroachCluster } from '../cluster/cockroach/adapter.ts';
import { fingerprints } from '../cluster/cockroach/testing/compare.ts';
import { liveCluster, whyNotWhole } from '../cluster/cockroach/testing/live.ts';
import { describeTable, never, rangesOf, readLines } from '../cluster/conformance-tools.ts';
import { manifestSchema } from '../format/manifest-schema.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { exportTaskSchema } from './spec.ts';
import { LEASES_MS } from './timing.ts';

/** Leases that move on a real CockroachDB of three nodes, while a backup runs. */

const live = liveCluster();
const skipped = whyNotWhole();

const ROWS = 12_000;
/** One a thousand rows. */
const RANGES = 12;
const ORDERS = { database: 'moving', schema: 'public', name: 'orders' };

/** What waits for a look at the leases waits no longer than a second. */
const HURRIED = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms >= LEASES_MS ? 1_000 : ms, signal),
};

let rig: Rig;
/** Files are put away once this is so. */
let mayPut: () => void = () => undefined;
let puts: Promise<void> = Promise.resolve();

beforeAll(async () => {
  if (skipped !== null) return;
  rig = await startRig({
    clusterUrl: live.url,
    around: (store) => ({
      ...store,
      put: async (name, body, options) => {
        if (name.startsWith('data/')) await puts;
        return store.put(name, body, options);
      },
    }),
  });
  await live.exec('defaultdb', 'CREATE DATABASE moving');
  await live.exec('moving', 'CREATE TABLE orders (id INT8 PRIMARY KEY, note STRING)');
  await live.exec('moving', 'CREATE TABLE others (id INT8 PRIMARY KEY, note STRING)');
  for (const table of ['orders', 'others']) {
    await live.exec(
      'moving',
      `INSERT INTO ${table} SELECT i, repeat(i::STRING, 20) FROM generate_series(1, ${ROWS}) AS g (i)`,
    );
    const splits = Array.from({ length: RANGES - 1 }, (_, n) => `(${(n + 1) * 1_000})`);
    await live.exec('moving', `ALTER TABLE ${table} SPLIT AT VALUES ${splits.join(', ')}`);
    await lead(table, 1);
  }
  // Younger than ten seconds they aren't there at the default moment.
  await sleep(11_000);
});

afterAll(async () => {
  if (skipped !== null) return;
  await rig.stop();
  for (const database of ['moving', 'moving copy'])
    await live.exec('defaultdb', `DROP DATABASE IF EXISTS "${database}" CASCADE`);
});

/** Has a node lead all of a table's ranges; whose it was takes a moment to let go. */
async function lead(table: string, node: number): Promise<void> {
  const starts = Array.from({ length: RANGES }, (_, n) => `(${node}, ${n * 1_000})`);
  await live.exec('moving', `ALTER TABLE ${table} EXPERIMENTAL_RELOCATE LEASE VALUES ${starts.join(', ')}`);
}

describe.skipIf(skipped !== null)('leases that move', () => {
  it('are seen piece by piece, and rows are the same from a node that leads nothing of them', async () => {
    const cluster = new CockroachCluster(live.url, 'test');
    try {
      const { moment } = await cluster.holdMoment(['moving'], null);
      const ranges = await rangesOf(cluster, ORDERS, moment, 1);
      expect(ranges).toHaveLength(RANGES);
      const pieces = [ranges.slice(0, 5), ranges.slice(7)].map((some) => ({
        start: some[0]?.start ?? null,
        end: some.at(-1)?.end ?? null,
      }));
      const seen = async () =>
        (await cluster.leaseholders(ORDERS, moment, pieces, never)).map((each) => Object.fromEntries(each));
      expect(await seen()).toEqual([{ 1: 5 }, { 1: 5 }]);
      await live.exec(
        'moving',
        'ALTER TABLE orders EXPERIMENTAL_RELOCATE LEASE VALUES (2, 0), (3, 1000), (2, 11500)',
      );
      await expect.poll(seen, { timeout: 30_000 }).toEqual([
        { 1: 3, 2: 1, 3: 1 },
        { 1: 4, 2: 1 },
      ]);
      const table = await describeTable(cluster, ORDERS, moment);
      for (const range of ranges.slice(0, 3)) {
        const lines = await readLines(cluster, table, range, moment);
        expect(lines).toHaveLength(range.index === 0 ? 999 : 1_000);
        for (const { id } of (await cluster.describe()).nodes)
          expect(await readLines(cluster, table, { ...range, leaseholder: id }, moment)).toEqual(lines);
      }
      await lead('orders', 1);
      await expect.poll(seen, { timeout: 30_000 }).toEqual([{ 1: 5 }, { 1: 5 }]);
    } finally {
      await cluster.close();
    }
  });

  it('in mid-backup are told in its log, and tasks that wait go to who leads their ranges now', async () => {
    puts = new Promise((resolve) => (mayPut = resolve));
    const stop = await rig.startEngine({ tasks: 1, limits: { job: 1 }, clock: HURRIED });
    const backup = rig.run("BACKUP DATABASE moving TO 'nodelocal://self/moving'");
    backup.catch(() => undefined);
    try {
      const tasks = () =>
        rig.metadata.db
          .selectFrom('tasks')
          .select(['id', 'job_id', 'state', 'node', 'locality', 'body'])
          .orderBy('id')
          .execute();
      await expect
        .poll(async () => (await tasks()).map(({ state }) => state), { timeout: 60_000 })
        .toEqual(['running', 'waiting']);
      expect((await tasks()).map(({ node }) => node)).toEqual(['1', '1']);
      // Whichever waits.
      const waits = exportTaskSchema.parse((await tasks())[1]?.body).table.name;
      await lead(waits, 3);
      await expect.poll(async () => (await tasks())[1]?.node, { timeout: 60_000 }).toBe('3');
      const [first, second] = await tasks();
      expect(first?.node).toBe('1');
      expect(second?.locality).toBe('region=local,zone=z3');
      const body = exportTaskSchema.parse(second?.body);
      expect(body.node).toBe('3');
      expect(new Set(body.ranges.map(({ leaseholder }) => leaseholder))).toEqual(new Set(['3']));
      mayPut();
      expect((await backup).rows[0]?.slice(1, 4)).toEqual(['succeeded', '1', String(2 * ROWS)]);
      const lines = (await rig.events(first?.job_id ?? '')).flatMap((event) =>
        event.type === 'log' ? [event.message] : [],
      );
      expect(lines).toContain(
        `Leases moved: 1 task of moving.public.${waits} goes to node 3 now, from node 1.`,
      );
      expect(
        lines.find((line) => line.startsWith(`Reading of moving.public.${waits} has begun, from node 3 `)),
      ).toBeDefined();
    } finally {
      mayPut();
      await stop();
    }
    const restored = await rig.startEngine({ tasks: 2 });
    await rig.run("RESTORE DATABASE moving FROM 'nodelocal://self/moving' WITH into_db = 'moving copy'");
    await restored();
    const { moment } = manifestSchema.parse(
      JSON.parse(await readFile(path.join(rig.externDir, 'moving', 'manifest.json'), 'utf8')),
    );
    if (moment.kind !== 'hlc') throw new Error('the moment is none of CockroachDB');
    for (const table of ['orders', 'others'])
      expect(await fingerprints(live, 'moving copy', table)).toEqual(
        await fingerprints(live, 'moving', table, moment.timestamp),
      );
  });
});
