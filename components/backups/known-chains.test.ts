import { expect, it } from 'vitest';
import type { KnownBackup } from '../../server/imports/known.ts';
import { byClusterAndChain } from './known-chains.ts';

function known(url: string, root: string, cluster: string): KnownBackup {
  return { url, root, cluster, layer: 1, moment: null, finishedAt: '', rows: 0, storedBytes: 0, job: null };
}

it('groups by cluster and by chain, and keeps what is newest first', () => {
  const groups = byClusterAndChain([
    known('b2', 'b', 'eu'),
    known('x', 'x', 'us'),
    known('b1', 'b', 'eu'),
    known('a', 'a', 'eu'),
    known('b', 'b', 'eu'),
  ]);
  expect(
    groups.map(({ cluster, chains }) => [
      cluster,
      chains.map(({ newest, backups }) => [newest.url, backups.map(({ url }) => url)]),
    ]),
  ).toEqual([
    [
      'eu',
      [
        ['b2', ['b2', 'b1', 'b']],
        ['a', ['a']],
      ],
    ],
    ['us', [['x', ['x']]]],
  ]);
});
