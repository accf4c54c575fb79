import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { migrate, openMetadata } from '../metadata/open.ts';
import type { Metadata } from '../metadata/open.ts';
import { manyTasks } from '../testing/many-jobs.ts';
import { JobLog } from './log.ts';
import type { TaskQuery } from './work-tasks.ts';

const JOB = '77';
const TASKS = 400;

let server: TestServer;
let metadata: Metadata;
let log: JobLog;
const run = (sql: string) => server.exec('holdfast', sql);

beforeAll(async () => {
  server = await startTestServer();
  await server.exec('postgres', 'CREATE DATABASE holdfast');
  metadata = openMetadata(server.url.replace(/\/postgres$/, '/holdfast'));
  await migrate(metadata);
  log = new JobLog(metadata);
});
beforeEach(async () => {
  await run('TRUNCATE jobs, engines CASCADE');
  await run(manyTasks(JOB, TASKS));
});
afterAll(async () => {
  await metadata.close();
  await server.stop();
});

it('tells how far each table and each node is', async () => {
  const tables = await log.tables(JOB);
  expect(tables.map(({ name }) => name.name)).toEqual(Array.from({ length: 40 }, (_, n) => `table_${n}`));
  expect(tables[0]).toEqual({
    name: { database: 'shop', schema: 'public', name: 'table_0' },
    tasks: 10,
    tasksDone: 10,
    tasksRunning: 0,
    rows: 10_000,
    bytes: 1_000_000,
    estimatedBytes: 1_000_000,
    doneBytes: 1_000_000,
  });
  expect(tables[20]).toMatchObject({ tasksDone: 0, tasksRunning: 8, doneBytes: 0 });
  const nodes = await log.nodes(JOB);
  expect(nodes.map(({ node }) => node)).toEqual(Array.from({ length: 12 }, (_, n) => String(n + 1)));
  expect(nodes.every(({ locality }) => locality.startsWith('region=eu,zone='))).toBe(true);
  expect(nodes.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(TASKS);
});

it('counts a running task in part, and never for more than its estimate', async () => {
  await run(`UPDATE tasks SET bytes = 40000 WHERE id = 201; UPDATE tasks SET bytes = 900000 WHERE id = 202`);
  expect((await log.tables(JOB))[20]).toMatchObject({ bytes: 940_000, doneBytes: 140_000 });
});

it('leaves out what earlier attempts did', async () => {
  await run(`UPDATE jobs SET attempt = 2 WHERE id = ${JOB}`);
  expect(await log.tables(JOB)).toEqual([]);
  expect((await log.tasks(JOB, { limit: 10 })).tasks).toEqual([]);
});

it('tells which engines worked, which are gone, and which could help', async () => {
  await run(
    `INSERT INTO engines VALUES ('engine-10', '', 2, now(), now()), ('engine-11', '', 2, now(), now() - interval '21 seconds')`,
  );
  const engines = await log.engines(JOB);
  expect(engines.map(({ name, alive }) => `${name} ${alive}`)).toEqual([
    'engine-1 true',
    'engine-2 true',
    'engine-3 true',
    'engine-4 false',
    'engine-10 true',
  ]);
  expect(engines[0]).toMatchObject({
    coordinates: true,
    tasksRunning: 2,
    tasksDone: 50,
    rows: 50_000,
    storedBytes: 1_000_000,
    capacity: 4,
  });
  expect(engines[4]).toMatchObject({ tasksRunning: 0, tasksDone: 0, coordinates: false });
  await run(`UPDATE jobs SET state = 'succeeded' WHERE id = ${JOB}`);
  expect((await log.engines(JOB)).map(({ name }) => name)).not.toContain('engine-10');
});

/** All pages, one after the other. */
async function allTasks(query: Omit<TaskQuery, 'limit' | 'cursor'>, limit = 37) {
  const tasks = [];
  let cursor: string | null = null;
  do {
    const page = await log.tasks(JOB, { ...query, limit, cursor });
    tasks.push(...page.tasks);
    cursor = page.next;
  } while (cursor !== null);
  return tasks;
}

it('lists tasks a page at a time, those that need a look first, each once', async () => {
  await run(
    `UPDATE tasks SET state = 'failed', error = '{"code":"internal","message":"given up","hint":null}' WHERE id = 399`,
  );
  const tasks = await allTasks({});
  expect(tasks).toHaveLength(TASKS);
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(TASKS);
  expect(tasks.slice(0, 10).map(({ id }) => id)).toEqual([204, 208, 399, 201, 202, 203, 205, 206, 207, 209]);
  expect(tasks[0]).toMatchObject({
    state: 'running',
    node: '1',
    engine: 'engine-1',
    tries: 3,
    ranges: { first: 10_150, last: 10_199 },
    trouble: { code: 'cluster-unavailable' },
  });
  expect(tasks[2]?.trouble?.message).toBe('given up');
  expect(tasks.at(-1)).toMatchObject({ id: 200, state: 'done' });
});

it('lists tasks of one state, one table, one node', async () => {
  const table = { database: 'shop', schema: 'public', name: 'table_20' };
  const { counts, tasks, next } = await log.tasks(JOB, { limit: 100, table });
  expect(counts).toEqual({ troubled: 2, running: 8, waiting: 2, held: 0, done: 0, failed: 0 });
  expect([tasks.length, next]).toEqual([10, null]);
  expect(await allTasks({ table, state: 'troubled' })).toHaveLength(2);
  expect(await allTasks({ state: 'done' }, 200)).toHaveLength(200);
  const onNode = await allTasks({ node: '3', state: 'waiting' });
  expect(onNode.every(({ node, state }) => node === '3' && state === 'waiting')).toBe(true);
  expect(onNode.length).toBeGreaterThan(10);
});

it('begins at the beginning after a cursor that is none', async () => {
  const first = await log.tasks(JOB, { limit: 5 });
  for (const cursor of ["0.1'; --", '9.9', '1.99999999999']) {
    expect((await log.tasks(JOB, { limit: 5, cursor })).tasks).toEqual(first.tasks);
  }
});

it('knows no job that isn’t there', async () => {
  for (const ask of [log.tables('78'), log.tasks('78', { limit: 1 })]) expect(await ask).toBeDefined();
  await expect(log.engines('78')).rejects.toThrow('job with ID 78 does not exist');
  await expect(log.stuck('x')).rejects.toThrow('does not exist');
});

const idleFor = (minutes: number) =>
  run(`UPDATE jobs SET progressed_at = now() - interval '${minutes} minutes' WHERE id = ${JOB}`);

it('says what a job is stuck on: the task that has not moved for the longest', async () => {
  expect(await log.stuck(JOB)).toBeNull();
  await idleFor(4);
  await run(`UPDATE tasks SET progressed_at = now() - interval '5 minutes' WHERE id = 208`);
  expect(await log.stuck(JOB)).toMatchObject({
    title: 'Stuck for 4 min on ranges 10,351 to 10,400 of table_20, node 5 (timeout)',
    task: 208,
  });
  await run(`UPDATE engines SET seen_at = now() - interval '1 minute' WHERE name = 'engine-1'`);
  expect((await log.stuck(JOB))?.title).toContain('(engine engine-1 is gone)');
});

it('says that no engine takes what waits, or that the job’s own is gone', async () => {
  await idleFor(2);
  await run(`UPDATE tasks SET state = 'waiting', trouble = NULL WHERE state = 'running'`);
  expect(await log.stuck(JOB)).toMatchObject({ title: 'No engine has taken a task for 2 min', task: null });
  await run(`UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = ${JOB}`);
  expect((await log.stuck(JOB))?.title).toBe('Its engine engine-1 is gone: nothing has moved for 2 min');
});

it('does not hold a pause against a job that is to go on', async () => {
  await idleFor(90);
  await run(`UPDATE jobs SET state = 'resuming', lease_until = NULL WHERE id = ${JOB}`);
  await run(`INSERT INTO job_events VALUES
    (${JOB}, 3, now() - interval '80 minutes', '{"type":"state","state":"paused","error":null}'),
    (${JOB}, 4, now() - interval '30 seconds', '{"type":"state","state":"resuming","error":null}'),
    (${JOB}, 5, now(), '{"type":"log","level":"info","message":"Asked for"}')`);
  expect(await log.stuck(JOB)).toBeNull();
  await run(`UPDATE job_events SET at = now() - interval '3 minutes' WHERE seq = 4`);
  expect((await log.stuck(JOB))?.title).toBe('No engine has taken the job for 3 min');
});
