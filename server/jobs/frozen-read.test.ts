import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { contentsOf } from '../testing/compare.ts';
import { type FreezingLink, type Passing, startFreezingLink } from '../testing/freezing-link.ts';
import { type Rig, startRig } from '../testing/rig.ts';

// A read whose connection is neither alive nor dead any more: a firewall that forgot it, a machine that is suspended.

const STALL_MS = 3_000;

let source: TestServer;
let link: FreezingLink;
let rig: Rig;

beforeAll(async () => {
  source = await startTestServer();
  await source.exec('postgres', 'CREATE DATABASE bank');
  await source.exec(
    'bank',
    `CREATE TABLE orders (id int PRIMARY KEY, note text NOT NULL);
     INSERT INTO orders SELECT n, md5(n::text) || md5((n + 1)::text) FROM generate_series(1, 150000) AS n;
     CREATE TABLE others (id int PRIMARY KEY); INSERT INTO others SELECT n FROM generate_series(1, 500) AS n`,
  );
  const { hostname: host, port } = new URL(source.url);
  link = await startFreezingLink({ host, port: Number(port) });
  rig = await startRig({ clusterUrl: source.url.replace(`:${port}/`, `:${link.port}/`) });
  await rig.startEngine({ tasks: 2, readStallMs: STALL_MS });
}, 120_000);

afterAll(async () => {
  await rig.stop();
  await link.close();
  await source.stop();
}, 60_000);

/** The connection freezes for which it is so that many times, over all, and no other. */
function at(nth: number, when: (passing: Passing) => boolean): FreezingLink['freezes'] {
  let left = nth;
  return (passing) => left > 0 && when(passing) && --left === 0;
}

const sends =
  (text: string) =>
  ({ from, chunk }: Passing) =>
    from === 'client' && chunk.includes(text);

describe('a read that hands out nothing any more', () => {
  it.each([
    ['in mid-stream', 'middle', () => at(1, ({ from, before }) => from === 'server' && before > 300_000)],
    ['before its first row', 'first', () => at(1, sends('COPY (SELECT "id", "note" FROM'))],
    // The first one is the plan's.
    ['while it opens its table', 'opening', () => at(2, sends('LOCK TABLE ONLY "public"."orders"'))],
  ])('%s is broken off and begun again, and the backup equals the source', async (_, name, when) => {
    const [frozen, letGo] = [link.frozen, link.letGo];
    link.freezes = when();
    const answer = await rig.run(`BACKUP DATABASE bank TO 'nodelocal://self/${name}'`);
    expect(answer.rows[0]?.[1]).toBe('succeeded');
    expect(link.frozen - frozen).toBe(1);
    const lines = (await rig.events(String(answer.rows[0]?.[0]))).flatMap((event) =>
      event.type === 'log' && event.level === 'warning' ? [event.message] : [],
    );
    expect(lines[0]).toMatch(
      /^Task \d+ \(bank\.public\.orders, node 1\) failed on .*, try 1: No row of bank\.public\.orders came from node 1 for 3 s\. Trying again\.$/i,
    );
    // Nothing of it lingers, on this side or on the server.
    await expect.poll(() => link.letGo - letGo, { timeout: 20_000 }).toBe(1);
    await expect
      .poll(
        () =>
          source.exec(
            'bank',
            `SELECT query FROM pg_stat_activity WHERE state <> 'idle' AND query ~ '^(COPY|LOCK)'`,
          ),
        { timeout: 20_000 },
      )
      .toEqual([]);
    link.freezes = () => false;
    await source.exec('postgres', 'DROP DATABASE IF EXISTS copy');
    await rig.run(`RESTORE DATABASE bank FROM 'nodelocal://self/${name}' WITH into_db = 'copy'`);
    expect(await contentsOf(source, 'copy')).toEqual(await contentsOf(source, 'bank'));
  });
}, 120_000);
