import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textBody } from '../storage/testing.ts';
import { assertVacant, claim, readCheckpoint, release, type Checkpoint } from './checkpoint.ts';
import { makePlace, unsignedManifest, type Place } from './fixtures.ts';
import { writeManifest } from './manifest.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(() => place.cleanup());

const checkpoint = (jobId: string, attempt = 1): Checkpoint => ({
  formatVersion: 1,
  jobId,
  attempt,
  startedAt: '2026-11-22T12:00:00.000Z',
  statement: "BACKUP DATABASE bank TO 'nodelocal://1/nightly/bank'",
});

const here = 'nodelocal://1/nightly/bank';

describe('assertVacant', () => {
  it('is content with a location that is not there, and makes none', async () => {
    await assertVacant(place.store, place.location);
    expect(await place.tree()).toEqual([]);
  });

  it('is content with an empty directory', async () => {
    await mkdir(place.path(''), { recursive: true });
    await assertVacant(place.store, place.location);
  });

  it.each([
    ['a backup', 'manifest.json', `${here} already contains a manifest.json file`],
    [
      'a claim',
      'checkpoint.json',
      `${here} already contains a checkpoint.json file (is another operation already in progress?)`,
    ],
    ['anything else', 'holiday/photo.jpg', `${here} already contains a holiday/photo.jpg file`],
  ])('refuses %s, and says what to do', async (_what, file, message) => {
    await place.store.put(file, textBody('x'));
    await expect(assertVacant(place.store, place.location)).rejects.toMatchObject({
      code: 'duplicate-file',
      field: 'destination',
      message,
      hint: expect.stringMatching(/choose another path/i),
    });
  });

  it('refuses a location that is a file', async () => {
    await mkdir(place.path('..'), { recursive: true });
    await writeFile(place.path(''), 'x');
    await expect(assertVacant(place.store, place.location)).rejects.toMatchObject({
      code: 'storage-failed',
      field: 'destination',
      message: `${here}: "bank" in its path is a file, not a directory`,
    });
  });
});

describe('claim', () => {
  it('takes the location, and release gives it back without a trace', async () => {
    expect(await claim(place.store, place.location, checkpoint('1'))).toEqual(checkpoint('1'));
    expect(await readCheckpoint(place.store)).toEqual(checkpoint('1'));
    expect(await place.tree()).toEqual(['nightly', 'nightly/bank', 'nightly/bank/checkpoint.json']);
    await release(place.store);
    await release(place.store);
    expect(await readCheckpoint(place.store)).toBeNull();
    expect(await place.tree()).toEqual([]);
  });

  it('stands for the same job when it is resumed, with files written already', async () => {
    await claim(place.store, place.location, checkpoint('1'));
    await place.store.put('data/x', textBody('x'));
    expect(await claim(place.store, place.location, checkpoint('1', 2))).toEqual(checkpoint('1'));
  });

  it('is refused to another job', async () => {
    await claim(place.store, place.location, checkpoint('1'));
    await expect(claim(place.store, place.location, checkpoint('2'))).rejects.toMatchObject({
      code: 'duplicate-file',
      message: expect.stringContaining('is another operation already in progress?'),
    });
    expect(await readCheckpoint(place.store)).toEqual(checkpoint('1'));
  });

  it('is refused where a backup is, also to the job that wrote it', async () => {
    await claim(place.store, place.location, checkpoint('1'));
    await writeManifest(place.store, unsignedManifest());
    await expect(claim(place.store, place.location, checkpoint('1'))).rejects.toMatchObject({
      code: 'duplicate-file',
    });
    await release(place.store);
    await expect(claim(place.store, place.location, checkpoint('1'))).rejects.toMatchObject({
      code: 'duplicate-file',
    });
    expect(await place.tree()).toEqual(['nightly', 'nightly/bank', 'nightly/bank/manifest.json']);
  });

  it.each(['stray', 'data/x', 'checkpoint.json'])(
    'is refused where %s is, and writes nothing',
    async (file) => {
      await place.store.put(file, textBody('somebody else'));
      const before = await place.tree();
      await expect(claim(place.store, place.location, checkpoint('1'))).rejects.toMatchObject({
        code: 'duplicate-file',
      });
      expect(await place.tree()).toEqual(before);
    },
  );

  it('goes to one of many', async () => {
    const jobs = Array.from({ length: 8 }, (_, index) => checkpoint(`${index}`));
    const results = await Promise.allSettled(jobs.map((job) => claim(place.store, place.location, job)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    expect(await readCheckpoint(place.store)).toEqual(won[0]);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'duplicate-file' });
    }
  });

  it('is given up when another job left a backup in the same moment', async () => {
    const racing = {
      ...place.store,
      put: async (...args: Parameters<typeof place.store.put>) => {
        await writeManifest(place.store, unsignedManifest());
        return place.store.put(...args);
      },
    };
    await expect(claim(racing, place.location, checkpoint('1'))).rejects.toMatchObject({
      code: 'duplicate-file',
    });
    expect(await place.tree()).toEqual(['nightly', 'nightly/bank', 'nightly/bank/manifest.json']);
  });
});
