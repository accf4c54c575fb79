import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

const DEMO = path.resolve(import.meta.dirname, '../cluster/embedded/demo.sql');

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE bank');
  await rig.server.exec('bank', await readFile(DEMO, 'utf8'));
  await rig.startEngine();
}, 120_000);

afterAll(async () => {
  await rig.stop();
}, 60_000);

describe('a job', () => {
  it('whose engine goes away is taken over by another, and ends right', async () => {
    const leave = await rig.startEngine();
    const id =
      (await rig.run("BACKUP DATABASE bank TO 'nodelocal://self/survives' WITH detached")).rows[0]?.[0] ?? '';
    for await (const event of rig.services.jobs.watch(id, 0, undefined)) if (event.type === 'progress') break;
    await leave();
    await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
    expect(await rig.services.jobs.view(id)).toMatchObject({ state: 'succeeded', rows: 262_932 });
    await rig.run("RESTORE DATABASE bank FROM 'nodelocal://self/survives' WITH into_db = 'survived'");
    expect(await contentsOf(rig.server, 'survived')).toEqual(await contentsOf(rig.server, 'bank'));
  }, 120_000);

  it('that restores is taken over as well, each row loaded once', async () => {
    const leave = await rig.startEngine();
    const id =
      (
        await rig.run(
          "RESTORE DATABASE bank FROM 'nodelocal://self/survives' WITH into_db = 'taken over', detached",
        )
      ).rows[0]?.[0] ?? '';
    for await (const event of rig.services.jobs.watch(id, 0, undefined)) {
      if (event.type === 'progress' && event.rows > 0) break;
    }
    await leave();
    await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
    expect((await rig.services.jobs.view(id)).state).toBe('succeeded');
    expect(await contentsOf(rig.server, 'taken over')).toEqual(await contentsOf(rig.server, 'bank'));
    expect(
      await rig.server.exec('taken over', "SELECT nspname FROM pg_namespace WHERE nspname ~ 'holdfast'"),
    ).toEqual([]);
  }, 120_000);

  it('whose moment is lost takes a new one, says so, and ends right', async () => {
    const id =
      (await rig.run("BACKUP DATABASE bank TO 'nodelocal://self/lost' WITH detached")).rows[0]?.[0] ?? '';
    for await (const event of rig.services.jobs.watch(id, 0, undefined)) if (event.type === 'progress') break;
    // The session that holds the snapshot open, and no other, is idle in its transaction.
    const killed = await rig.server.exec(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = 'bank' AND state = 'idle in transaction' AND query !~* 'copy'`,
    );
    expect(killed.length).toBeGreaterThan(0);
    await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
    expect((await rig.services.jobs.view(id)).state).toBe('succeeded');
    const log = (await rig.events(id)).flatMap((event) => (event.type === 'log' ? [event.message] : []));
    expect(log.join('\n')).toMatch(/The moment was lost: [\s\S]* a new moment is taken\.\nAttempt 2/);
    await rig.run("RESTORE DATABASE bank FROM 'nodelocal://self/lost' WITH into_db = 'found'");
    expect(await contentsOf(rig.server, 'found')).toEqual(await contentsOf(rig.server, 'bank'));
  }, 120_000);
});

it('waits for nobody: a stopped engine ends within its grace', async () => {
  const stop = await rig.startEngine();
  const started = Date.now();
  await stop();
  expect(Date.now() - started).toBeLessThan(5_000);
});
