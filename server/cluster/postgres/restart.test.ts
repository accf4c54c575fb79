import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors.ts';
import type { Cluster, TableRange } from '../cluster.ts';
import { describeTable, linesOf, never, rangesOf, readTable } from '../conformance-tools.ts';
import type { TableDescriptor } from '../descriptor.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import type { ObjectName } from '../names.ts';
import { openCluster } from '../open.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** What becomes of everything that goes on while the server is started again, and whether it goes on afterwards. */

const database = 'restarted';
const named = (name: string): ObjectName => ({ database, schema: 'public', name });
const once = { restore: '1', key: 'data/1' };
/** More than what sockets and buffers hold. */
const ROWS = 100_000;

let server: TestServer;
let cluster: Cluster;
let big: TableDescriptor;
let target: TableDescriptor;
let locked: TableDescriptor;
let held: HeldMoment;
let older: Moment;
let base: Moment;
let range: TableRange;

beforeAll(async () => {
  server = await startTestServer();
  cluster = openCluster(server.url);
  await cluster.createDatabase(database, '1');
  await server.exec(
    database,
    `CREATE TABLE big (id int PRIMARY KEY, t text);
     INSERT INTO big SELECT g, repeat('x', 200) FROM generate_series(1, ${ROWS}) g;
     CREATE TABLE target (id int PRIMARY KEY, t text);
     CREATE TABLE locked (id int PRIMARY KEY, n int, t text);
     ALTER TABLE locked ALTER t SET STORAGE EXTERNAL;
     INSERT INTO locked VALUES (1, 1, repeat('x', 10000))`,
  );
  await cluster.meet('slot', database);
});

afterAll(async () => {
  await cluster.close();
  await server.stop();
});

/** What the promise is rejected with. */
async function failure(work: Promise<unknown>, what = ''): Promise<unknown> {
  return work.then(
    (answer) => {
      throw new Error(`${what} did not fail: ${String(answer)}`);
    },
    (error: unknown) => error,
  );
}

async function aMoment(): Promise<Moment> {
  const taken = await cluster.holdMoment([database], null);
  await taken.release();
  return taken.moment;
}

/** A moment that changes can be read up to, from either of two before it. */
async function hold(): Promise<void> {
  // The WAL doesn't tell its row in full: it has to be looked up.
  const change = () => server.exec(database, 'UPDATE locked SET n = n + 1');
  older = await aMoment();
  await change();
  base = await aMoment();
  await change();
  held = await cluster.holdMoment([database], null);
  big = await describeTable(cluster, named('big'), held.moment);
  target = await describeTable(cluster, named('target'), held.moment);
  locked = await describeTable(cluster, named('locked'), held.moment);
  const [first] = await rangesOf(cluster, big.name, held.moment, 1e12);
  if (first === undefined) throw new Error('no range');
  range = first;
}

async function changes(table: TableDescriptor, from: Moment, at: Moment): Promise<Buffer> {
  const read = cluster.readChanges(table, 'feed', range, from, at, never);
  const chunks: Buffer[] = [];
  for await (const chunk of read) chunks.push(chunk.text);
  return Buffer.concat(chunks);
}

/** One of each way to use the cluster; those that need a moment take that one. */
function everything(at: Moment): Record<string, () => Promise<unknown>> {
  const rows = () => linesOf(['1\tx']);
  return {
    describe: () => cluster.describe(),
    databases: () => cluster.databases(),
    users: () => cluster.users(),
    'catalog now': () => cluster.catalog(database),
    catalog: () => cluster.catalog(database, at),
    descriptors: () => cluster.descriptors([big.name], at),
    ranges: () => rangesOf(cluster, big.name, at, 1e12),
    readRange: async () => buffer(await cluster.readRange(big, range, at, never)),
    readChanges: () => changes(big, older, at),
    holdMoment: async () => (await cluster.holdMoment([database], null)).release(),
    holdAlso: async () => (await cluster.holdAlso(at))?.release(),
    load: () => cluster.load(database, target, rows(), never, { restore: '1', key: 'hammered' }),
    removeKeys: () => cluster.removeKeys(database, target, linesOf(['1']), never),
    runDdl: () => cluster.runDdl(database, ['SELECT 1'], never),
    openLedger: () => cluster.openLedger(database, '2'),
    prerequisites: () => cluster.prerequisites(database),
    tend: () => cluster.tend(null),
    planChanges: () => cluster.planChanges({ moment: base, tables: [big] }, [big], at),
  };
}

const OF_A_MOMENT = ['catalog', 'descriptors', 'ranges', 'readRange', 'readChanges'];

/** Uses the cluster in each way, again and again, until it is told to stop; answers how often each failed with what. */
async function hammer(at: Moment, signal: AbortSignal): Promise<Map<string, unknown[]>> {
  const failures = new Map<string, unknown[]>();
  const ways = Object.entries(everything(at)).map(async ([way, use]) => {
    const errors: unknown[] = [];
    failures.set(way, errors);
    while (!signal.aborted) {
      await use().catch((error: unknown) => errors.push(error));
      await sleep(5);
    }
  });
  await Promise.all(ways);
  return failures;
}

describe.each(['fast', 'immediate'] as const)('a %s shutdown', (mode) => {
  it('fails what goes on as what may be tried again, and tells that the moment is lost', async () => {
    await hold();
    const unavailable = { code: 'cluster-unavailable' };
    const lost = new Promise((resolve) => held.lost.addEventListener('abort', resolve));
    const blocker = new pg.Client(server.url.replace(/postgres$/, database));
    blocker.on('error', () => undefined);
    await blocker.connect();
    // It waits for the moment's own lock, and others wait for it.
    await blocker.query('BEGIN');
    const blocked = failure(blocker.query('LOCK TABLE locked IN ACCESS EXCLUSIVE MODE'));
    await expect.poll(() => server.exec(database, 'SELECT FROM pg_locks WHERE NOT granted')).toHaveLength(1);
    // One that nobody reads on, so that the server waits for it; one that is read.
    const stalled = await cluster.readRange(big, range, held.moment, never);
    await new Promise((resolve) => stalled.once('readable', resolve));
    const rows: Readable = new PassThrough();
    (rows as PassThrough).write('1\tx\n');
    const going = {
      load: failure(cluster.load(database, target, rows, never, once)),
      ddl: failure(cluster.runDdl(database, ['SELECT pg_sleep(60)'], never)),
      descriptors: failure(cluster.descriptors([named('locked')], held.moment)),
      changes: failure(changes(locked, base, held.moment)),
    };
    await expect
      .poll(async () => {
        const waiting = await server.exec(
          'postgres',
          `SELECT wait_event_type AS what FROM pg_stat_activity WHERE application_name = 'holdfast' AND state = 'active'`,
        );
        return waiting.map(({ what }) => what).sort();
      })
      .toEqual(['Client', 'Client', 'Lock', 'Lock', 'Timeout']);
    await server.halt(mode);
    await lost;
    expect(held.lost.reason).toMatchObject({ code: 'unreadable-moment' });
    expect(await failure(buffer(stalled))).toMatchObject(unavailable);
    for (const [what, error] of Object.entries(going)) expect(await error, what).toMatchObject(unavailable);
    for (const [what, use] of Object.entries(everything(held.moment)))
      expect(await failure(use(), what), what).toMatchObject(unavailable);
    await blocked;
    await blocker.end().catch(() => undefined);

    await server.start();
    await held.release();
    for (const [what, use] of Object.entries(everything(held.moment)))
      if (OF_A_MOMENT.includes(what))
        expect(await failure(use(), what), what).toMatchObject({ code: 'unreadable-moment' });
    expect(await cluster.holdAlso(held.moment)).toBeNull();
    // The load left nothing behind, and can be tried again.
    expect(await server.exec(database, 'SELECT id FROM target')).toEqual([]);
    expect(await cluster.load(database, target, linesOf(['1\tx']), never, once)).toEqual({ rows: 1 });
    expect(await cluster.load(database, target, linesOf(['1\tx']), never, once)).toEqual({ rows: 1 });
    await server.exec(database, 'DELETE FROM target');
    await cluster.closeLedger(database, '1');
    await cluster.openLedger(database, '1');
  });

  it('is never anything else while it lasts, and everything works again afterwards', async () => {
    await hold();
    const stop = new AbortController();
    const hammering = hammer(held.moment, stop.signal);
    await sleep(200);
    await server.halt(mode);
    await sleep(100);
    await server.start();
    await expect
      .poll(() =>
        cluster.databases().then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('there');
    stop.abort();
    const failures = await hammering;
    for (const [way, errors] of failures) {
      const codes = errors.map((error) => (error instanceof HoldfastError ? error.code : String(error)));
      // What changed is read once, and kept for a while.
      if (way !== 'readChanges') expect(codes, way).toContain('cluster-unavailable');
      const others = errors.filter(
        (error) =>
          !(error instanceof HoldfastError) ||
          !(
            error.code === 'cluster-unavailable' ||
            (error.code === 'unreadable-moment' && OF_A_MOMENT.includes(way))
          ),
      );
      expect(others, way).toEqual([]);
    }
    await held.release();
    await hold();
    for (const [what, use] of Object.entries(everything(held.moment)))
      await use().catch((error: unknown) => expect(error, what).toBeUndefined());
    expect((await readTable(cluster, big, held.moment, 1e6)).flat()).toHaveLength(ROWS);
    await held.release();
    await server.exec(database, 'DELETE FROM target');
  });
});
