import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { metricsRegistry } from './metrics.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec('shop', 'CREATE TABLE items AS SELECT generate_series(1, 10) AS id');
}, 60_000);
afterAll(() => rig.stop(), 60_000);

async function scraped(): Promise<string[]> {
  const text = await metricsRegistry(rig.metadata).metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

it('tells of jobs, engines and tasks what is so at each scrape', async () => {
  expect(await scraped()).toEqual(['holdfast_engines 0', 'holdfast_standstill_seconds 0']);

  const waiting = (await rig.run("BACKUP DATABASE shop TO 'nodelocal://self/one' WITH detached"))
    .rows[0]?.[0];
  await rig.run(`PAUSE JOB ${waiting}`);
  expect(await scraped()).toContain('holdfast_jobs{kind="BACKUP",state="paused"} 1');

  const stop = await rig.startEngine();
  await rig.run("BACKUP DATABASE shop TO 'nodelocal://self/two'");
  const lines = await scraped();
  expect(lines).toContain('holdfast_engines 1');
  expect(lines).toContain('holdfast_jobs{kind="BACKUP",state="succeeded"} 1');
  expect(lines.find((line) => line.startsWith('holdfast_last_success_timestamp_seconds{'))).toMatch(
    /kind="BACKUP",cluster="default"} \d{10}/,
  );
  await rig.metadata.pool.query("UPDATE jobs SET kind = 'VERIFY', cluster = NULL WHERE state = 'succeeded'");
  expect(
    (await scraped()).find((line) => line.startsWith('holdfast_last_success_timestamp_seconds{')),
  ).toMatch(/{kind="VERIFY"} \d{10}/);
  await stop();
  expect(await scraped()).toContain('holdfast_engines 0');

  // A job that an engine has, with tasks that nobody works on.
  await rig.run(`RESUME JOB ${waiting}`);
  const job = await rig.jobStore.claim(waiting as never, 'engine', 60_000);
  expect(job).not.toBeNull();
  await rig.metadata.pool.query(
    `INSERT INTO tasks (job_id, attempt, id, state, table_name, body, estimated_bytes, files, modified_at)
     SELECT $1, 0, n, CASE WHEN n = 1 THEN 'running' ELSE 'waiting' END, '{}', '{}', 1, '[]', now() FROM generate_series(1, 3) AS n`,
    [waiting],
  );
  const working = await scraped();
  expect(working).toContain('holdfast_tasks{cluster="default",state="running"} 1');
  expect(working).toContain('holdfast_tasks{cluster="default",state="waiting"} 2');
  const still = working.find((line) => line.startsWith('holdfast_standstill_seconds'))?.split(' ')[1];
  expect(Number(still)).toBeGreaterThan(0);
});
