import { expect, it } from 'vitest';
import type { TableChanges } from '../cluster/cluster.ts';
import { changesAsDone } from './seal.ts';

it('the changes of a backup say of each table how they were found, not how they were to be', () => {
  const table = (name: string) => ({ database: 'd', schema: 'public', name });
  const planned: TableChanges[] = [
    { table: table('followed'), method: 'feed', reason: null },
    { table: table('failed'), method: 'feed', reason: null },
    { table: table('anew'), method: 'whole', reason: 'It is new.' },
  ];
  expect(changesAsDone(planned, [{ table: table('failed'), reason: 'It was off.' }])).toEqual([
    planned[0],
    { table: table('failed'), method: 'comparison', reason: 'It was off.' },
    planned[2],
  ]);
});
