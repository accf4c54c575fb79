import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { accounts, unsignedManifest } from '../format/fixtures.ts';
import { writeManifest } from '../format/manifest.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import type { Store } from '../storage/store.ts';
import { recordedLayers, wholeChain } from './layers.ts';

let externDir: string;
const open = (location: Location): Store => openStore(location, { externDir });
const url = (name: string) => `nodelocal://self/${name}`;

async function write(name: string, chain: { id: string; url: string }[]) {
  const id = randomUUID();
  const full = chain.length === 0;
  const at = new Date(Date.UTC(2026, 10, 22, 12, chain.length)).toISOString();
  await writeManifest(
    open(parseLocation(url(name))),
    unsignedManifest({
      id,
      type: full ? 'full' : 'incremental',
      statement: `BACKUP DATABASE bank TO '${url(name)}'`,
      chain,
      changes: full ? [] : [{ table: accounts, method: 'feed', reason: null }],
      moment: { kind: 'hlc', at, timestamp: `${Date.parse(at)}000007.0000000003` },
    }),
  );
  return { id, url: url(name) };
}

let ids: { id: string; url: string }[];
beforeEach(async () => {
  externDir = await mkdtemp(join(tmpdir(), 'holdfast-layers-'));
  const full = await write('full', []);
  const one = await write('one', [full]);
  ids = [full, one, await write('two', [full, one])];
});
afterEach(() => rm(externDir, { recursive: true, force: true }));

it('spells the newest backup out as the whole chain', async () => {
  expect(await wholeChain(url('two'), open)).toEqual(['full', 'one', 'two'].map(url));
  expect(await wholeChain(url('full'), open)).toEqual([url('full')]);
  const layers = await recordedLayers(url('two'), open);
  expect(layers.map(({ type, problem }) => [type, problem])).toEqual([
    ['full', null],
    ['incremental', null],
    ['incremental', null],
  ]);
  expect(layers.every(({ bytes, moment }) => bytes !== null && moment !== null)).toBe(true);
});

it('says which layer is gone and where it was', async () => {
  await rename(join(externDir, 'one'), join(externDir, 'elsewhere'));
  await expect(wholeChain(url('two'), open)).rejects.toMatchObject({
    code: 'undefined-backup',
    field: 'source',
    message: expect.stringMatching(/^layer 2 of 3 .*incremental backup that was at nodelocal:\/\/self\/one,/),
    hint: expect.stringMatching(/^Bring it back there, or restore as of a layer before it\./),
  });
  const layers = await recordedLayers(url('two'), open);
  expect(layers.map(({ problem }) => problem === null)).toEqual([true, false, true]);
  // What doesn't need it is not concerned.
  expect(await wholeChain(url('full'), open)).toEqual([url('full')]);
});

it('does not take another backup for the layer that was there', async () => {
  await rm(join(externDir, 'full'), { recursive: true });
  await write('full', []);
  await expect(wholeChain(url('two'), open)).rejects.toMatchObject({
    field: 'source',
    message: expect.stringMatching(/^layer 1 of 3 .*another backup is at nodelocal:\/\/self\/full now/),
  });
});

it('finds the layers of a copy beside it, and not where the copy was made from', async () => {
  await mkdir(join(externDir, 'copied/ü b'), { recursive: true });
  for (const name of ['full', 'one', 'two'])
    await cp(join(externDir, name), join(externDir, 'copied/ü b', name), { recursive: true });
  const copied = ['full', 'one', 'two'].map((name) => url(`copied/%C3%BC%20b/${name}`));
  expect(await wholeChain(url('copied/ü b/two'), open)).toEqual([
    ...copied.slice(0, 2),
    url('copied/ü b/two'),
  ]);
  // What is not beside it is where it was recorded.
  await rm(join(externDir, 'copied/ü b/full'), { recursive: true });
  expect((await recordedLayers(copied[2] ?? '', open)).map((layer) => layer.url)).toEqual([
    url('full'),
    ...copied.slice(1),
  ]);
  await rename(join(externDir, 'full'), join(externDir, 'gone'));
  await expect(wholeChain(copied[2] ?? '', open)).rejects.toMatchObject({
    message: expect.stringMatching(/^layer 1 of 3 .* that was at nodelocal:\/\/self\/full,/),
  });
});

it('finds layers that were scattered where they are known to be', async () => {
  for (const [from, to] of [
    ['full', 'a/b/c'],
    ['one', 'd'],
    ['two', 'e/f'],
  ] as const) {
    await mkdir(join(externDir, to, '..'), { recursive: true });
    await rename(join(externDir, from), join(externDir, to));
  }
  const places = new Map([
    [ids[0]?.id ?? '', [url('nothing'), url('d'), url('a/b/c')]],
    [ids[1]?.id ?? '', [url('d')]],
  ]);
  const asked: (readonly string[])[] = [];
  const placesOf = (all: readonly string[]) => {
    asked.push(all);
    return Promise.resolve(places);
  };
  expect(await wholeChain(url('e/f'), open, { placesOf })).toEqual(['a/b/c', 'd', 'e/f'].map(url));
  expect(asked).toEqual([ids.slice(0, 2).map(({ id }) => id)]);
});
