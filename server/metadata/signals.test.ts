import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addTasks } from '../jobs/add-tasks.ts';
import type { JobId } from '../jobs/job.ts';
import type { NewJob } from '../jobs/store.ts';
import type { PickedTask } from '../jobs/ledger.ts';
import { TaskBoard } from '../jobs/tasks.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import type { Follower } from './signals.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

/** Longer than a signal takes, shorter than the time after which a follower looks without one. */
const SOON_MS = 1_000;
const LONG_MS = 4_000;

const job: NewJob = {
  kind: 'BACKUP',
  cluster: 'default',
  statement: '',
  user: 'root',
  location: '',
  estimatedBytes: 0,
  spec: {
    kind: 'backup',
    targets: { kind: 'databases', names: ['bank'] },
    to: 'nodelocal://self/signals',
    asOf: null,
    incrementalFrom: [],
    options: { detached: false },
  },
};

/** Whether the follower hears of a change before it would have looked by itself. */
async function hears(follower: Follower): Promise<boolean> {
  const started = performance.now();
  await follower.next(LONG_MS);
  return performance.now() - started < SOON_MS;
}

async function quiet(follower: Follower): Promise<boolean> {
  const started = performance.now();
  await follower.next(SOON_MS / 2);
  return performance.now() - started > SOON_MS / 4;
}

/** A new job, and a follower that has heard all there was to hear until now. */
async function followed(topic: 'events' | 'work'): Promise<{ id: JobId; follower: Follower }> {
  const id = await rig.jobStore.create(job);
  const follower = rig.metadata.signals.follow(id, topic);
  while (!(await quiet(follower)));
  return { id, follower };
}

describe('a follower of a job', () => {
  it('hears of its events, and of nobody else’s', async () => {
    const { id, follower } = await followed('events');
    const other = await rig.jobStore.create(job);
    await rig.jobStore.log(other, 'not this one');
    expect(await quiet(follower)).toBe(true);
    await rig.jobStore.log(id, 'this one');
    expect(await hears(follower)).toBe(true);
    follower.close();
  });

  it('hears of what happened between two calls', async () => {
    const { id, follower } = await followed('events');
    await rig.jobStore.log(id, 'nobody waits');
    await new Promise((resolve) => setTimeout(resolve, SOON_MS / 4));
    expect(await hears(follower)).toBe(true);
    expect(await quiet(follower)).toBe(true);
    follower.close();
  });

  it('hears of tasks that end and of states, but not of progress', async () => {
    const { id, follower } = await followed('work');
    const tasks = new TaskBoard(rig.metadata, () => new Date());
    const table = { database: 'bank', schema: 'public', name: 't' };
    const progress = { rows: 1, bytes: 1, storedBytes: 1 };
    const claimed = await rig.jobStore.claim(id, 'engine', 60_000);
    if (claimed === null) throw new Error('not claimed');
    const picked = async (token: string): Promise<PickedTask> => {
      const limits = { node: 9, job: 9, all: 9 };
      const answer = await tasks.pick(token, { name: 'engine', locality: '' }, limits);
      if (answer.kind !== 'task') throw new Error(answer.kind);
      return answer.task;
    };
    async function* two() {
      for (let n = 0; n < 2; n++)
        yield await Promise.resolve({ table, node: null, locality: '', estimatedBytes: 1, body: {} });
    }
    await addTasks(tasks, claimed, two(), 'waiting');
    const [first, second] = [await picked('a'), await picked('b')];
    expect(await hears(follower)).toBe(true);
    await tasks.progress(first, progress);
    await rig.jobStore.log(id, 'an event');
    expect(await quiet(follower)).toBe(true);
    await tasks.finish(first, progress, {});
    expect(await hears(follower)).toBe(true);
    await tasks.fail(second, { code: 'internal', message: '', hint: null });
    expect(await hears(follower)).toBe(true);
    await rig.jobStore.request(id, 'cancel');
    expect(await hears(follower)).toBe(true);
    follower.close();
  });

  it('goes on without the connection, and listens again', async () => {
    const { id, follower } = await followed('events');
    await rig.server.exec(
      'holdfast',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN holdfast_jobs'`,
    );
    // Woken by the loss, then deaf: it looks every quarter of a second, however long it was to wait.
    expect(await hears(follower)).toBe(true);
    expect(await hears(follower)).toBe(true);
    while (await hears(follower));
    await rig.jobStore.log(id, 'heard again');
    expect(await hears(follower)).toBe(true);
    follower.close();
  }, 60_000);

  it('stops waiting when it is told to', async () => {
    const { follower } = await followed('events');
    const started = performance.now();
    await follower.next(LONG_MS, AbortSignal.timeout(100));
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    follower.close();
  });
});
