import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import type { JobState } from './job.ts';

// PAUSE JOB, RESUME JOB and what becomes of a job's moment and tasks meanwhile.

const DEMO = path.resolve(import.meta.dirname, '../cluster/embedded/demo.sql');

let rig: Rig;
/** Those that a test started and has not stopped. */
const engines: (() => Promise<void>)[] = [];
let backups = 0;

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE bank');
  await rig.server.exec('bank', await readFile(DEMO, 'utf8'));
}, 120_000);

afterEach(async () => {
  for (const stop of engines.splice(0)) await stop();
}, 60_000);

afterAll(() => rig.stop(), 60_000);

async function startEngine(): Promise<() => Promise<void>> {
  const stop = await rig.startEngine({ tasks: 1 });
  engines.push(stop);
  return async () => {
    engines.splice(engines.indexOf(stop), 1);
    await stop();
  };
}

/** A backup of `bank` that has done some of its tasks, and not all. */
async function begunBackup(): Promise<{ id: string; url: string }> {
  const url = `nodelocal://self/controls/${++backups}`;
  const id = (await rig.run(`BACKUP DATABASE bank TO '${url}' WITH detached`)).rows[0]?.[0] ?? '';
  for await (const event of rig.services.jobs.watch(id, 0, undefined))
    if (event.type === 'progress' && event.storedBytes > 0) break;
  return { id, url };
}

const stateOf = async (id: string): Promise<JobState> => (await rig.services.jobs.view(id)).state;

async function comesTo(id: string, state: JobState): Promise<void> {
  await expect.poll(() => stateOf(id), { timeout: 60_000, interval: 100 }).toBe(state);
}

async function linesOf(id: string): Promise<string> {
  const { rows } = await rig.metadata.pool.query<{ message: string }>(
    `SELECT body->>'message' AS message FROM job_events WHERE job_id = $1 AND body->>'type' = 'log' ORDER BY seq`,
    [id],
  );
  return rows.map(({ message }) => message).join('\n');
}

async function expectRestorable(url: string): Promise<void> {
  const database = `restored ${backups}`;
  await rig.run(`RESTORE DATABASE bank FROM '${url}' WITH into_db = '${database}'`);
  expect(await contentsOf(rig.server, database)).toEqual(await contentsOf(rig.server, 'bank'));
}

it('a paused backup stands still, and goes on with its moment and with what is done', async () => {
  await startEngine();
  const { id, url } = await begunBackup();
  await rig.run(`PAUSE JOB ${id}`);
  await rig.run(`PAUSE JOB ${id}`);
  await comesTo(id, 'paused');
  const paused = await rig.services.jobs.view(id);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await rig.services.jobs.view(id)).toEqual(paused);
  await expect(rig.run(`RESTORE DATABASE bank FROM '${url}' WITH into_db = 'no'`)).rejects.toMatchObject({
    code: 'undefined-backup',
  });
  await rig.run(`RESUME JOB ${id}`);
  await rig.run(`RESUME JOB ${id}`);
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  const ended = await rig.services.jobs.view(id);
  expect(ended).toMatchObject({ state: 'succeeded', attempt: 1, moment: paused.moment });
  expect(await linesOf(id)).toMatch(/Paused: [1-9]\d* of \d+ tasks are done[\s\S]*Going on/);
  await expectRestorable(url);
}, 120_000);

it('a backup whose coordinator goes away goes on with the moment that another engine holds', async () => {
  const leave = await startEngine();
  const { id, url } = await begunBackup();
  await rig.run(`PAUSE JOB ${id}`);
  await comesTo(id, 'paused');
  const { coordinator } = await rig.services.jobs.view(id);
  // It is coordinated by the first; the second comes to hold its moment, too.
  await startEngine();
  const offered = 'SELECT 1 FROM held_moments WHERE job_id = $1 AND moment IS NOT NULL';
  await expect
    .poll(async () => (await rig.metadata.pool.query(offered, [id])).rowCount, { timeout: 30_000 })
    .toBe(1);
  await rig.run(`RESUME JOB ${id}`);
  await leave();
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  const ended = await rig.services.jobs.view(id);
  expect(ended).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(ended.coordinator).not.toBe(coordinator);
  expect(await linesOf(id)).toContain(`Going on, coordinated by ${ended.coordinator}`);
  expect((await rig.metadata.pool.query('SELECT 1 FROM held_moments')).rowCount).toBe(0);
  await expectRestorable(url);
}, 120_000);

it('a backup that is resumed after all engines have stopped says that it takes a new moment, where that is so', async () => {
  const leave = await startEngine();
  const { id, url } = await begunBackup();
  await rig.run(`PAUSE JOB ${id}`);
  await comesTo(id, 'paused');
  await leave();
  expect(await stateOf(id)).toBe('paused');
  await rig.run(`RESUME JOB ${id}`);
  expect(await stateOf(id)).toBe('resuming');
  await startEngine();
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  expect(await rig.services.jobs.view(id)).toMatchObject({ state: 'succeeded', attempt: 2 });
  expect(await linesOf(id)).toMatch(/a new moment is taken\.\nAttempt 2/);
  await expectRestorable(url);
}, 120_000);

it('a paused job is canceled, and nothing of it stays', async () => {
  await startEngine();
  const { id, url } = await begunBackup();
  await rig.run(`PAUSE JOB ${id}`);
  await expect(rig.run(`CANCEL JOB ${id}`)).rejects.toMatchObject({
    code: 'job-state',
    message: 'job with status pause-requested cannot be requested to be canceled',
  });
  await comesTo(id, 'paused');
  await rig.run(`CANCEL JOB ${id}`);
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  expect(await stateOf(id)).toBe('canceled');
  // Nothing is in the way of another one.
  await rig.run(`BACKUP bank.branches TO '${url}'`);
}, 120_000);

it('who waits for a backup hears that it was paused', async () => {
  await startEngine();
  const waiting = rig
    .run(`BACKUP DATABASE bank TO 'nodelocal://self/controls/waited'`)
    .catch((error: unknown) => error);
  let id = '';
  await expect
    .poll(
      async () => {
        const [job] = (await rig.services.jobs.page({ limit: 1 })).jobs;
        id = job?.id ?? '';
        return job?.location === 'nodelocal://self/controls/waited' && job.state === 'running';
      },
      { interval: 20 },
    )
    .toBe(true);
  await rig.run(`PAUSE JOB ${id}`);
  expect(await waiting).toMatchObject({
    code: 'job-state',
    message: `job ${id} was paused before it completed`,
  });
  await rig.run(`RESUME JOB ${id}`);
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  expect(await stateOf(id)).toBe('succeeded');
}, 120_000);

it('one that nobody has begun is paused at once, and begun when it is resumed', async () => {
  const url = 'nodelocal://self/controls/unbegun';
  const id = (await rig.run(`BACKUP bank.branches TO '${url}' WITH detached`)).rows[0]?.[0] ?? '';
  await rig.run(`PAUSE JOB ${id}`);
  expect(await stateOf(id)).toBe('paused');
  await startEngine();
  await rig.run(`RESUME JOB ${id}`);
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  expect(await stateOf(id)).toBe('succeeded');
  for (const request of ['PAUSE', 'RESUME', 'CANCEL'])
    await expect(rig.run(`${request} JOB ${id}`)).rejects.toMatchObject({
      code: 'job-state',
      message: expect.stringMatching(
        /^job with status succeeded cannot be (resumed|requested to be (paused|canceled))$/,
      ) as string,
    });
}, 120_000);

it('a restore is paused and resumed, each row loaded once', async () => {
  await startEngine();
  const { id: backup, url } = await begunBackup();
  await rig.run(`SHOW JOBS WHEN COMPLETE (${backup})`);
  const id =
    (await rig.run(`RESTORE DATABASE bank FROM '${url}' WITH into_db = 'paused copy', detached`))
      .rows[0]?.[0] ?? '';
  for await (const event of rig.services.jobs.watch(id, 0, undefined))
    if (event.type === 'progress' && event.rows > 0) break;
  await rig.run(`PAUSE JOB ${id}`);
  await comesTo(id, 'paused');
  await rig.run(`RESUME JOB ${id}`);
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  expect(await rig.services.jobs.view(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(await contentsOf(rig.server, 'paused copy')).toEqual(await contentsOf(rig.server, 'bank'));
}, 120_000);
