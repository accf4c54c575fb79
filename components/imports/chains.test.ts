import { expect, it } from 'vitest';
import type { FoundBackup } from '../../server/imports/found.ts';
import { chainsOf } from './chains.ts';

function found(url: string, id: string, chain: [string, string][], minute: number): FoundBackup {
  return {
    url,
    id,
    type: chain.length === 0 ? 'full' : 'incremental',
    chain: chain.map(([layer, at]) => ({ id: layer, url: at })),
    cluster: { name: 'default', kind: 'postgres', version: '18' },
    moment: new Date(Date.UTC(2026, 10, 22, 12, minute)).toISOString(),
    objects: 1,
    rows: 1,
    bytes: 10,
    known: false,
  };
}

const full = found('s3://old/full', 'f', [], 0);
const one = found('s3://old/one', '1', [['f', 's3://old/full']], 1);
const two = found(
  's3://old/two',
  '2',
  [
    ['f', 's3://old/full'],
    ['1', 's3://old/one'],
  ],
  2,
);

it('puts layers together, oldest to newest, and the chain with the newest backup first', () => {
  const other = found('s3://old/other', 'o', [], 1);
  const chains = chainsOf([two, other, full, { ...one, known: true }]);
  expect(chains.map(({ root }) => root)).toEqual(['s3://old/full', 's3://old/other']);
  expect(chains[0]?.layers.map(({ id }) => id)).toEqual(['f', '1', '2']);
  expect(chains[0]).toMatchObject({ bytes: 30, missing: [], newest: { id: '2' } });
  expect(chains[0]?.fresh.map(({ id }) => id)).toEqual(['f', '2']);
});

it('says which layers were not found', () => {
  expect(chainsOf([two, one])).toMatchObject([
    { root: 's3://old/full', missing: ['s3://old/full'], newest: { id: '2' } },
  ]);
});

it('keeps a copy of a chain apart from what it was copied from', () => {
  const copied = [full, one, two].map((backup) => ({ ...backup, url: backup.url.replace('old', 'new') }));
  const chains = chainsOf([...copied, full, one, two]);
  expect(chains.map(({ root, layers }) => [root, layers.length])).toEqual([
    ['s3://new/full', 3],
    ['s3://old/full', 3],
  ]);
});
