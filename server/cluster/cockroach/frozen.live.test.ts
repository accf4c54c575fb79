import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors.ts';
import { type FreezingLink, startFreezingLink } from '../../testing/freezing-link.ts';
import { nodeId, type TableRange } from '../cluster.ts';
import { describeTable, rangesOf } from '../conformance-tools.ts';
import { CockroachCluster } from './adapter.ts';
import { liveCluster } from './testing/live.ts';

const live = liveCluster();
const TABLE = { database: 'frozen', schema: 'public', name: 'orders' };
/** No node has it: what it would lead is read through the URL's own address, which is the link. */
const NOBODY = nodeId(99);

let link: FreezingLink;
let cluster: CockroachCluster;

beforeAll(async () => {
  const { hostname: host, port } = new URL(live.url);
  link = await startFreezingLink({ host, port: Number(port) });
  cluster = new CockroachCluster(live.url.replace(`:${port}`, `:${link.port}`), 'test', {
    defaultAsOf: '-1us',
  });
  await live.exec('defaultdb', 'CREATE DATABASE frozen');
  await live.exec('frozen', 'CREATE TABLE orders (id INT8 PRIMARY KEY, note STRING)');
  await live.exec(
    'frozen',
    `INSERT INTO orders SELECT i, repeat('x', 200) FROM generate_series(1, 20000) AS g (i)`,
  );
});

afterAll(async () => {
  await cluster.close();
  await link.close();
  await live.exec('defaultdb', 'DROP DATABASE frozen CASCADE');
});

describe('a read whose connection is neither alive nor dead any more', () => {
  it('is freed by its signal, with its reason, and its connection is gone', async () => {
    const { moment } = await cluster.holdMoment(['frozen'], null);
    const table = await describeTable(cluster, TABLE, moment);
    const [first] = await rangesOf(cluster, TABLE, moment, 1);
    if (first === undefined) throw new Error('no range');
    const range: TableRange = { ...first, leaseholder: NOBODY };
    const ways: FreezingLink['freezes'][] = [
      ({ from, before }) => from === 'server' && before > 500_000,
      ({ from, chunk }) => from === 'client' && chunk.includes('FORCE_INDEX'),
    ];
    for (const [nth, freezes] of ways.entries()) {
      link.freezes = freezes;
      const over = new AbortController();
      const rows = await cluster.readRange(table, range, moment, over.signal);
      rows.resume();
      await expect.poll(() => link.frozen, { timeout: 60_000 }).toBe(nth + 1);
      link.freezes = () => false;
      const reason = new HoldfastError('cluster-unavailable', 'nothing came');
      const failed = once(rows, 'error');
      over.abort(reason);
      expect((await failed)[0]).toBe(reason);
      await expect.poll(() => link.letGo, { timeout: 20_000 }).toBe(nth + 1);
      // The next try has another connection.
      let bytes = 0;
      for await (const chunk of await cluster.readRange(table, range, moment, new AbortController().signal))
        bytes += (chunk as Buffer).length;
      expect(bytes).toBeGreaterThan(20_000 * 200);
    }
  });
});
