import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { SnapshotKeeper } from './keeper.ts';

let rig: Rig;
const keepers: SnapshotKeeper[] = [];

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec('shop', 'CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)');
  await rig.startEngine();
}, 120_000);

afterAll(async () => {
  for (const keeper of keepers) await keeper.stop();
  await rig.stop();
}, 60_000);

const retention = () => rig.services.clusters.retention;
const POLICY = { enabled: true, everySeconds: 60, windowSeconds: 300 };

/** A keeper whose clock is put forward by hand: `now` in milliseconds on top of the real time. */
function newKeeper(name: string, clock: { ahead: number } = { ahead: 0 }): SnapshotKeeper {
  const keeper = new SnapshotKeeper({
    keeper: name,
    retention: retention(),
    connect: (cluster) => rig.services.clusters.connect(cluster),
    logger: pino({ level: 'silent' }),
    now: () => new Date(Date.now() + clock.ahead),
  });
  keepers.push(keeper);
  return keeper;
}

const set = (n: number) => rig.server.exec('shop', `UPDATE t SET n = ${n}`);
const times = async () => (await retention().retained('default')).flatMap((one) => one.times);

/** Connections that hold a snapshot of the database. */
async function holders(): Promise<number> {
  const rows = await rig.server.exec(
    'postgres',
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = 'shop' AND state = 'idle in transaction'`,
  );
  return Number(rows[0]?.['n']);
}

async function refusal(sql: string): Promise<HoldfastError> {
  const error: unknown = await rig.run(sql).then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof HoldfastError)) throw error;
  return error;
}

let n = 0;
async function backUp(asOf = ''): Promise<string> {
  const url = `nodelocal://self/past-${++n}`;
  await rig.run(`BACKUP shop.t TO '${url}' ${asOf}`);
  return url;
}

/** What the backup says t.n was. */
async function restored(url: string): Promise<number> {
  const name = `copy_${++n}`;
  await rig.run(`RESTORE shop.t FROM '${url}' WITH into_db = '${name}', create_db`);
  const rows = await rig.server.exec(name, 'SELECT n FROM t');
  return Number(rows[0]?.['n']);
}

beforeEach(async () => {
  while (keepers.length > 0) await keepers.pop()?.stop();
  await retention().setPolicy('default', POLICY);
});

describe('the past of a PostgreSQL database', () => {
  it('is retained from its first backup on, and read AS OF SYSTEM TIME', async () => {
    expect(
      (await refusal(`BACKUP shop.t TO 'nodelocal://self/early' AS OF SYSTEM TIME '-1s'`)).message,
    ).toMatch(/snapshots are retained of databases that have been backed up/);
    await backUp();
    const keeper = newKeeper('one');
    await keeper.tick();
    expect(await times()).toHaveLength(1);
    await set(1);
    // Not due yet.
    await keeper.tick();
    expect(await times()).toHaveLength(1);

    const url = await backUp(`AS OF SYSTEM TIME '${new Date().toISOString()}'`);
    await set(2);
    expect(await restored(url)).toBe(0);
    const [taken] = await times();
    const shown = await rig.run(`SHOW BACKUP '${url}'`);
    expect(JSON.stringify(shown.rows)).toContain(taken?.replace('T', ' ').replace('Z', ''));
    expect(await restored(await backUp())).toBe(2);
  }, 60_000);

  it('is served by the newest snapshot not after the time', async () => {
    const clock = { ahead: 0 };
    const keeper = newKeeper('one', clock);
    const marks: string[] = [];
    for (const value of [10, 11, 12]) {
      await set(value);
      await keeper.tick();
      marks.push(new Date().toISOString());
      clock.ahead += 60_000;
    }
    await set(13);
    expect(await times()).toHaveLength(3);
    for (const [index, mark] of marks.entries())
      expect(await restored(await backUp(`AS OF SYSTEM TIME '${mark}'`))).toBe(10 + index);
    const error = await refusal(`BACKUP shop.t TO 'nodelocal://self/old' AS OF SYSTEM TIME '-1h'`);
    expect(error).toMatchObject({ code: 'unreadable-moment', field: 'asOf' });
    const kept = await times();
    expect(error.message).toContain(`its snapshots go from ${kept.at(-1)} to ${kept[0]}`);
  }, 60_000);

  it('is let go when the window has passed, and when root turns it off', async () => {
    const clock = { ahead: 0 };
    const keeper = newKeeper('one', clock);
    for (let round = 0; round < 8; round++) {
      await keeper.tick();
      clock.ahead += 60_000;
    }
    // Those of the last five minutes, one a minute, and the one before.
    expect(await holders()).toBe(6);
    expect(await times()).toHaveLength(6);
    const cluster = await rig.services.clusters.connect('default');
    expect(await cluster.heldBack('shop')).toMatchObject({ transactions: expect.any(Number) as number });
    await retention().setPolicy('default', { ...POLICY, enabled: false });
    await keeper.tick();
    expect(await holders()).toBe(0);
    expect((await cluster.describe()).asOf).toMatchObject({ available: false, remedy: /Turn it on/ });
    expect(
      (await refusal(`BACKUP shop.t TO 'nodelocal://self/off' AS OF SYSTEM TIME '-1s'`)).message,
    ).toMatch(/turned off/);
  }, 60_000);

  it('has one keeper at a time; another one takes over when it stops', async () => {
    const [one, two] = [newKeeper('one'), newKeeper('two')];
    await one.tick();
    await two.tick();
    expect(await holders()).toBe(1);
    await one.stop();
    expect(await times()).toEqual([]);
    await two.tick();
    expect(await holders()).toBe(1);
    expect(await times()).toHaveLength(1);
  });

  it('ends with the connection that held it, and is taken anew', async () => {
    const clock = { ahead: 0 };
    const keeper = newKeeper('one', clock);
    await keeper.tick();
    const [before] = await times();
    await rig.server.exec(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop' AND state = 'idle in transaction'`,
    );
    expect(await refusal(`BACKUP shop.t TO 'nodelocal://self/gone' AS OF SYSTEM TIME '-0s'`)).toMatchObject({
      code: 'unreadable-moment',
    });
    await keeper.tick();
    const after = await times();
    expect(after).toHaveLength(1);
    expect(after[0]).not.toBe(before);
  });

  it.each([
    [{ ...POLICY, everySeconds: 1 }, 'everySeconds'],
    [{ ...POLICY, windowSeconds: 30 }, 'windowSeconds'],
    [{ ...POLICY, windowSeconds: 60 * 31 }, 'windowSeconds'],
    [{ enabled: true, everySeconds: 90_000, windowSeconds: 90_000 }, 'windowSeconds'],
  ])('refuses %o', async (policy, field) => {
    await expect(retention().setPolicy('default', policy)).rejects.toMatchObject({
      code: 'invalid-value',
      field,
    });
  });
});
