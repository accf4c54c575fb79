import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HoldfastError } from '../errors.ts';
import { parseLocation } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import { DEFAULT_POLICY } from '../storage/retry.ts';
import type { Tuning } from '../storage/tuning.ts';
import { contentsOf } from '../testing/compare.ts';
import { REMOTE_KINDS, startDestination, type TestDestination } from '../testing/destinations.ts';
import { type Asked, type Fault, type FaultProxy, startFaultProxy } from '../testing/fault-proxy.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

// What becomes of backups and restores when the way to their destination fails: they come out right, or they fail with the
// right error and leave nothing that looks like a backup.

/** As patient as in earnest, in less time. */
const TUNING: Tuning = {
  retry: { ...DEFAULT_POLICY, firstWaitMs: 10, longestWaitMs: 100 },
  connectMs: 2_000,
  stallMs: 1_000,
};

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ tuning: TUNING });
  await rig.startEngine();
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec(
    'shop',
    `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL);
     CREATE TABLE orders (id int PRIMARY KEY, item int NOT NULL REFERENCES items, note bytea);
     INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 5000) AS n;
     INSERT INTO orders SELECT n, 1 + n % 5000, sha512(n::text::bytea) FROM generate_series(1, 30000) AS n`,
  );
}, 120_000);

afterAll(() => rig.stop(), 60_000);

const isAny = () => true;
const isUpload = ({ method, bytes }: Asked) => (method === 'PUT' || method === 'POST') && bytes !== 0;
const isRead = ({ method }: Asked) => method === 'GET';

/** One fault each for the first `times` requests that it is for. */
function first(times: number, when: (asked: Asked) => boolean, fault: Fault): FaultProxy['decide'] {
  let left = times;
  return (asked) => (left > 0 && when(asked) && left-- > 0 ? fault : null);
}

/** A fifth of the requests that it is for, the second one among them; the same ones each time. */
function some(when: (asked: Asked) => boolean, fault: Fault): FaultProxy['decide'] {
  let [count, state] = [0, 1];
  return (asked) => {
    if (!when(asked)) return null;
    // https://en.wikipedia.org/wiki/Linear_congruential_generator
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return ++count === 2 || state < 2 ** 32 / 5 ? fault : null;
  };
}

/** What passes: everything has to come out right. */
const PASSING: [string, () => FaultProxy['decide']][] = [
  ['answers 503 to every fifth request', () => some(isAny, { kind: 'answer', status: 503 })],
  [
    'asks to be left alone for a second, twice',
    () => first(2, isUpload, { kind: 'answer', status: 429, retryAfterSeconds: 1 }),
  ],
  ['breaks off uploads', () => some(isUpload, { kind: 'reset', where: 'request', after: 20_000 })],
  ['breaks off before the answer', () => some(isAny, { kind: 'reset', where: 'response', after: 0 })],
  ['gives half responses', () => some(isRead, { kind: 'reset', where: 'response', after: 30_000 })],
  ['loses answers to what it did', () => some(isAny, { kind: 'lost-answer' })],
  ['stops taking an upload', () => first(2, isUpload, { kind: 'stall', where: 'request', after: 10_000 })],
  [
    'stops in the middle of an answer',
    () => first(2, isRead, { kind: 'stall', where: 'response', after: 100 }),
  ],
  ['flips a bit of uploads', () => first(2, isUpload, { kind: 'corrupt', where: 'request', after: 500 })],
  ['flips a bit of what is read', () => first(1, isRead, { kind: 'corrupt', where: 'response', after: 700 })],
];

describe.each(REMOTE_KINDS)('%s', (kind) => {
  let destination: TestDestination;
  let proxy: FaultProxy;
  let runs = 0;
  beforeAll(async () => {
    destination = await startDestination(kind);
    proxy = await startFaultProxy(destination.upstream);
  }, 60_000);
  afterEach(() => {
    proxy.decide = () => null;
  });
  afterAll(async () => {
    await proxy.close();
    await destination.stop();
  });

  const through = (path: string) => destination.url(path, proxy.port);

  /** Whether there is something at the path that a restore would take for a backup. */
  async function holdsBackup(path: string): Promise<boolean> {
    const store = openStore(parseLocation(destination.url(path)), { externDir: '' });
    try {
      return await store.stat('manifest.json').then(
        () => true,
        () => false,
      );
    } finally {
      await store.close();
    }
  }

  it.each(PASSING)('that %s', { timeout: 120_000 }, async (_what, plan) => {
    const path = `passing/${++runs}`;
    const before = proxy.happened.length;
    const into = `${kind} ${runs}`;
    proxy.decide = plan();
    await rig.run(`BACKUP DATABASE shop TO '${through(path)}'`);
    proxy.decide = plan();
    await rig.run(`RESTORE DATABASE shop FROM '${through(path)}' WITH into_db = '${into}'`);
    expect(proxy.happened.length).toBeGreaterThan(before);
    proxy.decide = () => null;
    expect(await contentsOf(rig.server, into)).toEqual(await contentsOf(rig.server, 'shop'));
    // Also by itself, without what went on on the way.
    await rig.run(`RESTORE DATABASE shop FROM '${destination.url(path)}' WITH into_db = '${into} again'`);
    expect(await contentsOf(rig.server, `${into} again`)).toEqual(await contentsOf(rig.server, 'shop'));
  });

  it.each<[string, Fault, string]>([
    ['is overloaded', { kind: 'answer', status: 503 }, 'storage-unavailable'],
    ['allows nothing', { kind: 'answer', status: 403 }, 'storage-denied'],
    ['breaks everything off', { kind: 'reset', where: 'request', after: 0 }, 'storage-unavailable'],
  ])('that %s for good: refused, and nothing is there', { timeout: 120_000 }, async (_what, fault, code) => {
    const path = `refused/${++runs}`;
    proxy.decide = () => fault;
    const error = await rig.run(`BACKUP DATABASE shop TO '${through(path)}'`).then(
      () => null,
      (reason: HoldfastError) => reason,
    );
    expect(error).toMatchObject({ name: 'HoldfastError', code });
    expect(error?.hint).toBeTruthy();
    proxy.decide = () => null;
    expect(await holdsBackup(path)).toBe(false);
  });

  it.each<[string, Fault, string]>([
    ['takes nothing any more', { kind: 'answer', status: 403 }, 'storage-denied'],
    ['fills up', { kind: 'answer', status: 507 }, 'storage-full'],
  ])('that %s in mid-backup: an error, and no backup', { timeout: 120_000 }, async (_what, fault, code) => {
    const path = `dying/${++runs}`;
    // The claim goes through.
    let uploads = 0;
    proxy.decide = (asked) => (isUpload(asked) && ++uploads > 1 ? fault : null);
    const error = await rig.run(`BACKUP DATABASE shop TO '${through(path)}'`).then(
      () => null,
      (reason: HoldfastError) => reason,
    );
    expect(error).toMatchObject({ name: 'HoldfastError', code });
    proxy.decide = () => null;
    expect(await holdsBackup(path)).toBe(false);
    await expect(
      rig.run(`RESTORE DATABASE shop FROM '${destination.url(path)}' WITH into_db = 'never'`),
    ).rejects.toMatchObject({ code: 'undefined-backup' });
  });
});
