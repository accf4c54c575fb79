import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { StoreError, type Store } from '../storage/store.ts';

// Destinations that can do less: locked buckets that let nothing be removed, servers that list nothing.

let rig: Rig;
const limits = { removes: true, lists: true, takesManifests: true };
let written: string[] = [];

function limited(store: Store): Store {
  return {
    ...store,
    put: async (name, body, options) => {
      if (name === 'manifest.json' && !limits.takesManifests)
        throw new StoreError('failed', `${name}: not this one`, name);
      written.push(name);
      return store.put(name, body, options);
    },
    remove: (name) =>
      limits.removes
        ? store.remove(name)
        : Promise.reject(new StoreError('denied', `${name}: it is locked`, name)),
    async *list(prefix) {
      if (!limits.lists) throw new StoreError('no-listing', 'there is no listing', null);
      yield* store.list(prefix);
    },
  };
}

beforeAll(async () => {
  rig = await startRig({ around: limited });
  await rig.startEngine();
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec(
    'shop',
    `CREATE TABLE items (id int PRIMARY KEY, name text);
     INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 50000) AS n`,
  );
}, 120_000);

afterAll(async () => {
  await rig.stop();
}, 60_000);

async function filesBelow(location: string): Promise<string[]> {
  const entries = await readdir(path.join(rig.externDir, location), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('where nothing may be removed', () => {
  beforeAll(() => {
    limits.removes = false;
  });
  afterAll(() => {
    limits.removes = true;
  });

  it('a backup succeeds, says what stays, and is restored', async () => {
    const notices: string[] = [];
    await rig.run("BACKUP DATABASE shop TO 'nodelocal://self/locked'", notices);
    expect(notices.filter((notice) => notice.startsWith('WARNING'))).toEqual([
      "WARNING: One file that the backup doesn't need could not be removed and may stay: checkpoint.json: it is locked",
    ]);
    expect(await filesBelow('locked')).toEqual(expect.arrayContaining(['checkpoint.json', 'manifest.json']));
    await rig.run("RESTORE DATABASE shop FROM 'nodelocal://self/locked' WITH into_db = 'unlocked'");
    expect(await contentsOf(rig.server, 'unlocked')).toEqual(await contentsOf(rig.server, 'shop'));
  }, 60_000);

  it('what is there is refused for what it is', async () => {
    await expect(rig.run("BACKUP DATABASE shop TO 'nodelocal://self/locked'")).rejects.toMatchObject({
      code: 'duplicate-file',
      message: 'nodelocal://self/locked already contains a manifest.json file',
    });
  });
});

describe('where nothing can be listed', () => {
  beforeAll(() => {
    limits.lists = false;
  });
  afterAll(() => {
    limits.lists = true;
  });

  it('a backup succeeds, is restored, and is not written over', async () => {
    await rig.run("BACKUP DATABASE shop TO 'nodelocal://self/unlisted'");
    expect(await filesBelow('unlisted')).not.toContain('checkpoint.json');
    await rig.run("RESTORE DATABASE shop FROM 'nodelocal://self/unlisted' WITH into_db = 'from unlisted'");
    expect(await contentsOf(rig.server, 'from unlisted')).toEqual(await contentsOf(rig.server, 'shop'));
    await expect(rig.run("BACKUP DATABASE shop TO 'nodelocal://self/unlisted'")).rejects.toMatchObject({
      code: 'duplicate-file',
    });
  }, 60_000);

  it('a backup that can’t be ended pauses, and removes what it wrote when it is canceled', async () => {
    limits.takesManifests = false;
    written = [];
    await expect(rig.run("BACKUP DATABASE shop TO 'nodelocal://self/failed'")).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(
        /^job \d+ was paused before it completed: nodelocal:\/\/self\/failed: manifest\.json: not this one$/,
      ) as string,
    });
    expect(written).toContainEqual(expect.stringMatching(/^data\/shop\.public\.items\//));
    const [job] = (await rig.services.jobs.page({ limit: 1 })).jobs;
    expect(job).toMatchObject({ state: 'paused', error: { code: 'storage-failed' } });
    await rig.run(`CANCEL JOB ${job?.id}`);
    await rig.run(`SHOW JOBS WHEN COMPLETE (${job?.id})`);
    limits.takesManifests = true;
    expect(await filesBelow('failed').catch(() => [])).toEqual([]);
  }, 60_000);
});
