import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoreError, type Store } from '../storage/store.ts';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

// How long a job is tried on with whose destination takes nothing any more.

/** Trying each once takes longer than the job is patient: one of them moves all the time. */
const TABLES = 100;
/** So long what a try has read can be seen. */
const SEEN_MS = 3_000;
const PATIENCE_MS = 8_000;

let rig: Rig;
let taken = 0;
let takes = 3;

/** Takes so many data files; of the others it takes all bytes, and then fails: who reads them sees them move. */
function failing(store: Store): Store {
  return {
    ...store,
    put: async (name, body, options) => {
      if (!name.startsWith('data/') || ++taken <= takes) return store.put(name, body, options);
      for await (const _bytes of body);
      await sleep(SEEN_MS);
      throw new StoreError('transient', `${name}: not now`, name);
    },
  };
}

beforeAll(async () => {
  rig = await startRig({ around: failing });
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  for (let table = 0; table < TABLES; table++)
    await rig.server.exec(
      'shop',
      `CREATE TABLE items_${table} AS SELECT n, md5(n::text) FROM generate_series(1, ${1000 + 20 * ((table * 37) % TABLES)}) n`,
    );
  await rig.startEngine({ patienceMs: PATIENCE_MS });
}, 180_000);

afterAll(() => rig.stop(), 60_000);

it('what is tried again and again, and never comes to its end, is no progress; and the moment is kept meanwhile', async () => {
  const id =
    (await rig.run("BACKUP DATABASE shop TO 'nodelocal://self/shop' WITH detached")).rows[0]?.[0] ?? '';
  await expect
    .poll(async () => (await rig.services.jobs.view(id)).state, { timeout: 90_000, interval: 100 })
    .toBe('paused');
  const paused = await rig.services.jobs.view(id);
  expect(paused.error).toMatchObject({
    code: 'storage-unavailable',
    message: expect.stringContaining('not now') as string,
    hint: expect.stringContaining(`RESUME JOB ${id} has it go on.`) as string,
  });
  takes = Number.POSITIVE_INFINITY;
  await rig.run(`RESUME JOB ${id}`);
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  expect(await rig.services.jobs.view(id)).toMatchObject({ state: 'succeeded', attempt: 1, error: null });
  await rig.run("RESTORE DATABASE shop FROM 'nodelocal://self/shop' WITH into_db = 'copy'");
  expect(await contentsOf(rig.server, 'copy')).toEqual(await contentsOf(rig.server, 'shop'));
}, 180_000);
