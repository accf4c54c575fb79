import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
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
      chain,
      changes: full ? [] : [{ table: accounts, method: 'feed', reason: null }],
      moment: { kind: 'hlc', at, timestamp: `${Date.parse(at)}000007.0000000003` },
    }),
  );
  return { id, url: url(name) };
}

beforeEach(async () => {
  externDir = await mkdtemp(join(tmpdir(), 'holdfast-layers-'));
  const full = await write('full', []);
  await write('two', [full, await write('one', [full])]);
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
