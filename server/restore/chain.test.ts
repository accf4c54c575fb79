import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Descriptor, TableDescriptor } from '../cluster/descriptor.ts';
import { nameKey } from '../cluster/names.ts';
import { accounts, fileEntry, tableDescriptor, unsignedManifest } from '../format/fixtures.ts';
import { writeManifest } from '../format/manifest.ts';
import type { UnsignedManifest } from '../format/manifest.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import type { Store } from '../storage/store.ts';
import { chainAsOf, loadedSizes, momentsOf, openChain } from './chain.ts';
import { bytesAKey } from './merge/key-index.ts';
import { LAYER_BY_LAYER, MERGE_BYTES, planMerge } from './merge/plan.ts';
import { restorePhases } from './phases.ts';
import type { RestoreStep } from './phases.ts';

let externDir: string;
const open = (location: Location): Store => openStore(location, { externDir });
const url = (name: string) => `nodelocal://self/${name}`;
const customers = { ...accounts, name: 'customers' };

beforeEach(async () => {
  externDir = await mkdtemp(join(tmpdir(), 'holdfast-chain-'));
});
afterEach(() => rm(externDir, { recursive: true, force: true }));

function minute(minutes: number): UnsignedManifest['moment'] {
  const at = new Date(Date.UTC(2026, 10, 22, 12, minutes, 0, 250));
  return { kind: 'hlc', at: at.toISOString(), timestamp: `${at.getTime()}000007.0000000003` };
}

/** Writes a backup that builds on those given, each a minute after the one before. */
async function write(
  name: string,
  on: { id: string; url: string }[],
  other: Partial<UnsignedManifest> = {},
): Promise<{ id: string; url: string }> {
  const id = randomUUID();
  const changes = [{ table: accounts, method: 'feed' as const, reason: null }];
  const manifest = unsignedManifest({
    id,
    type: on.length === 0 ? 'full' : 'incremental',
    chain: on,
    changes: on.length === 0 ? [] : changes,
    moment: minute(on.length),
    ...other,
  });
  await writeManifest(open(parseLocation(url(name))), manifest);
  return { id, url: url(name) };
}

async function threeLayers() {
  const full = await write('full', []);
  const one = await write('one', [full]);
  const two = await write('two', [full, one]);
  return { full, one, two };
}

function shortStep(step: RestoreStep): string {
  switch (step.kind) {
    case 'load':
      return `${step.layer} + ${step.file.name}`;
    case 'remove':
      return `${step.layer} - ${step.files.map(({ name }) => name).join(' ')}`;
    case 'merge':
      return `since ${step.since}: ${step.files.map(({ layer, file }) => `${layer} ${file.name}`).join(', ')}`;
  }
}

function refusal(names: string[]) {
  return openChain(names.map(url), open).then(
    () => null,
    (error: unknown) => error,
  );
}

it('reads a full backup alone, and a chain', async () => {
  const { full, one, two } = await threeLayers();
  expect((await openChain([url('full')], open)).layers).toHaveLength(1);
  const chain = await openChain(['full', 'one', 'two'].map(url), open);
  expect(chain.layers.map(({ manifest }) => manifest.id)).toEqual([full.id, one.id, two.id]);
  expect(chain.last.location.redacted).toBe(url('two'));
  expect(chain.sources.get(nameKey(accounts))).toEqual({ whole: 0, changes: [1, 2] });
});

it.each([
  [
    ['one'],
    'invalid-value',
    /^nodelocal:\/\/self\/one is an incremental backup, which can't be restored without/,
  ],
  [['one', 'two'], 'invalid-value', /self\/one is an incremental backup, but a chain begins with a full one/],
  [
    ['full', 'two'],
    'invalid-value',
    /no backup covers time \[2026-11-22T12:00:00\.250Z,2026-11-22T12:02:00\.250Z\) \(or backups out of order\): nodelocal:\/\/self\/two stands at place 2, but it builds on the backup at nodelocal:\/\/self\/one \(.*\), which is not among them/,
  ],
  [
    ['full', 'two', 'one'],
    'invalid-value',
    /self\/two stands at place 2, but it builds on nodelocal:\/\/self\/one, which comes after it/,
  ],
  [['full', 'one', 'one'], 'invalid-value', /self\/one is the same backup as nodelocal:\/\/self\/one/],
  [['full', 'other'], 'invalid-value', /self\/other is a full backup, but only the first/],
  [
    ['full', 'foreign'],
    'invalid-value',
    /self\/foreign is a backup of the cluster default \(another\), but nodelocal:\/\/self\/full is one of default \(7412/,
  ],
  [
    ['full', 'sibling', 'two'],
    'invalid-value',
    /self\/two stands at place 3, but it builds on the backup at nodelocal:\/\/self\/one/,
  ],
  [
    ['full', 'early'],
    'corrupt-backup',
    /self\/early is as of 2026-11-22 11:59:00\.250 UTC, before nodelocal:\/\/self\/full/,
  ],
  [
    ['full', 'lacking'],
    'corrupt-backup',
    /self\/lacking has only what changed in bank\.public\.customers, but the backup before it has no such table/,
  ],
  [['full', 'nothing'], 'undefined-backup', /there is no backup at nodelocal:\/\/self\/nothing/],
  [[], 'location-invalid', /no backup to restore from/],
])('refuses %j, naming the URL that is wrong', async (names, code, message) => {
  const { full } = await threeLayers();
  await write('other', []);
  await write('sibling', [full]);
  const { cluster } = unsignedManifest();
  await write('foreign', [full], { cluster: { ...cluster, identity: 'another' } });
  await write('early', [full], { moment: minute(-1) });
  await write('lacking', [full], {
    descriptors: [tableDescriptor(customers)],
    changes: [{ table: customers, method: 'feed', reason: null }],
    files: [],
    totals: { rows: 0, bytes: 0, rawBytes: 0 },
  });
  expect(await refusal(names)).toMatchObject({
    code,
    field: 'source',
    message: expect.stringMatching(message) as string,
    hint: expect.any(String) as string,
  });
});

it('spells out the whole list that an incremental backup needs, where copies are given with their new place', async () => {
  const { full, one } = await threeLayers();
  const hint = (list: string) => `Name the whole chain, oldest to newest: RESTORE … FROM ${list}.`;
  expect(await refusal(['two'])).toMatchObject({
    hint: hint(`'${url('full')}', '${url('one')}', '${url('two')}'`),
  });
  const { manifest } = (await openChain([url('full'), url('one')], open)).last;
  await writeManifest(open(parseLocation(url('moved'))), manifest);
  expect(await refusal(['moved', 'two'])).toMatchObject({
    hint: hint(`'${full.url}', '${url('moved')}', '${url('two')}'`),
  });
  const copied = await openChain(['full', 'moved', 'two'].map(url), open);
  expect(copied.layers[1]?.manifest.id).toBe(one.id);
});

it('goes up to the layer of a time, given in any form, and to no time in between', async () => {
  await threeLayers();
  const chain = await openChain(['full', 'one', 'two'].map(url), open);
  const length = (asOf: string) => chainAsOf(chain, asOf)?.layers.length ?? 0;
  expect(length('2026-11-22 12:01:00.250 UTC')).toBe(2);
  expect(length('2026-11-22T12:01:00.250Z')).toBe(2);
  expect(length('2026-11-22 13:01:00.250+01:00')).toBe(2);
  expect(length('2026-11-22 12:01:00.250000007')).toBe(2);
  expect(length('1795348860250000007.0000000003')).toBe(2);
  expect(length('2026-11-22 12:00:00.25')).toBe(1);
  for (const between of [
    '2026-11-22 12:01:00.251',
    '1795348860250000007',
    '2026-11-22 12:01',
    '-10s',
    '',
    'x',
  ])
    expect(length(between), between).toBe(0);
  expect(momentsOf(chain)).toBe(
    '2026-11-22 12:00:00.250 UTC, 2026-11-22 12:01:00.250 UTC, 2026-11-22 12:02:00.250 UTC',
  );
});

it('takes each table from the newest layer that has it whole, and then every layer’s changes in order', async () => {
  const file = (name: string, table = accounts, kind: 'rows' | 'deleted' = 'rows', rows = 10) =>
    fileEntry(Number(/\d+/.exec(name)?.[0] ?? 0), { name: `data/${table.name}/${name}`, table, kind, rows });
  const layer = (
    files: UnsignedManifest['files'],
    changed: TableDescriptor[],
    descriptors: Descriptor[],
  ) => ({
    files,
    descriptors,
    changes: changed.map(({ name }) => ({ table: name, method: 'feed' as const, reason: null })),
    totals: {
      rows: files.reduce((sum, { kind, rows }) => sum + (kind === 'rows' ? rows : 0), 0),
      bytes: files.length * 100,
      rawBytes: files.length * 1000,
    },
  });
  const a = tableDescriptor(accounts);
  const c = tableDescriptor(customers);
  const full = await write('full', [], layer([file('0'), file('1', customers)], [], [a, c]));
  // customers is made anew and so is whole again; accounts has changes everywhere, some of no rows.
  const one = await write(
    'one',
    [full],
    layer([file('0'), file('1', accounts, 'deleted', 3), file('0', customers)], [a], [a, c]),
  );
  const two = await write(
    'two',
    [full, one],
    layer([file('0'), file('2', accounts, 'deleted', 0), file('0', customers)], [a, c], [a, c]),
  );
  await write('three', [full, one, two], layer([], [a, c], [a, c]));
  const chain = await openChain(['full', 'one', 'two', 'three'].map(url), open);
  expect([...chain.sources.values()]).toEqual([
    { whole: 0, changes: [1, 2, 3] },
    { whole: 1, changes: [2, 3] },
  ]);
  const items = chain.last.manifest.descriptors.map((descriptor) => ({
    descriptor,
    target: descriptor.name,
  }));
  const short = (phases: ReturnType<typeof restorePhases>) =>
    phases.map(({ status, steps }) => [status, steps.map(shortStep)]);
  expect(short(restorePhases(chain, items, LAYER_BY_LAYER))).toEqual([
    ['loading rows', ['0 + data/accounts/0', '1 + data/customers/0']],
    ['removing changed rows of backup 2 of 4', ['1 - data/accounts/0 data/accounts/1']],
    ['loading changed rows of backup 2 of 4', ['1 + data/accounts/0']],
    ['removing changed rows of backup 3 of 4', ['2 - data/accounts/0', '2 - data/customers/0']],
    ['loading changed rows of backup 3 of 4', ['2 + data/accounts/0', '2 + data/customers/0']],
  ]);
  expect(short(restorePhases(chain, items.slice(1), LAYER_BY_LAYER))).toEqual([
    ['loading rows', ['1 + data/customers/0']],
    ['removing changed rows of backup 3 of 4', ['2 - data/customers/0']],
    ['loading changed rows of backup 3 of 4', ['2 + data/customers/0']],
  ]);
  const merged = planMerge(chain, items, MERGE_BYTES);
  expect(merged.notes).toEqual([
    'bank.public.accounts, bank.public.customers: changes are merged with the rows as they are read, each row is written once.',
  ]);
  expect(short(restorePhases(chain, items, merged))).toEqual([
    [
      'loading rows',
      [
        'since 1: 0 data/accounts/0',
        'since 1: 1 data/accounts/0, 2 data/accounts/0',
        'since 2: 1 data/customers/0',
        'since 2: 2 data/customers/0',
      ],
    ],
  ]);
  // The newest layer with keys of accounts has 10, the one before it 13.
  const partly = planMerge(chain, items, 15 * bytesAKey(20));
  expect(partly.notes).toEqual([
    'bank.public.accounts: changes of the newest 1 of 2 backups that have some are merged, those of the older ones are put in layer by layer, since an engine has room for 15 keys.',
    'bank.public.customers: changes are merged with the rows as they are read, each row is written once.',
  ]);
  expect(short(restorePhases(chain, items, partly))).toEqual([
    [
      'loading rows',
      ['since 2: 0 data/accounts/0', 'since 2: 1 data/customers/0', 'since 2: 2 data/customers/0'],
    ],
    ['removing changed rows of backup 2 of 4', ['1 - data/accounts/0 data/accounts/1']],
    ['loading changed rows of backup 2 of 4', ['since 2: 1 data/accounts/0']],
    ['loading the newest changed rows', ['since 2: 2 data/accounts/0']],
  ]);
  const none = planMerge(chain, items, 0);
  expect(none.notes).toEqual([
    'bank.public.accounts, bank.public.customers: changes are put in layer by layer, since an engine has room for 0 keys, and one backup has more.',
  ]);
  expect(restorePhases(chain, items, none)).toEqual(restorePhases(chain, items, LAYER_BY_LAYER));
  expect(Object.fromEntries(loadedSizes(chain))).toEqual({
    [nameKey(accounts)]: { rows: 30, bytes: 3000, changed: true },
    [nameKey(customers)]: { rows: 20, bytes: 2000, changed: true },
  });
});
