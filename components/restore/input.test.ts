import { describe, expect, it } from 'vitest';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { objectKey } from '../selection/picked.ts';
import type { RestoreDraft } from './draft.ts';
import { pickedOf } from '../backups/picked-of.ts';
import { defaultInto, everything, inputOf, suggestDatabase, treeOf, withinTree } from './input.ts';

function backup(databases: string[]): BackupSummary {
  return {
    url: 'nodelocal://self/b',
    id: '',
    type: 'full',
    chain: [],
    cluster: { name: 'default', kind: 'postgres', version: '18', identity: '' },
    moment: '',
    startedAt: '',
    finishedAt: '',
    jobId: '1',
    statement: '',
    databases,
    objects: [
      {
        kind: 'table',
        ownedBy: null,
        changes: null,
        name: { database: 'bank', schema: 'public', name: 'accounts' },
        rows: 5,
        bytes: 1,
        rawBytes: 9,
      },
      {
        kind: 'type',
        ownedBy: null,
        changes: null,
        name: { database: 'bank', schema: 'public', name: 'kind' },
        rows: 0,
        bytes: 0,
        rawBytes: 0,
      },
    ],
    totals: { rows: 5, bytes: 1, rawBytes: 9, files: 1 },
    users: ['app'],
    leftOut: [],
  };
}

const fresh: RestoreDraft = {
  cluster: null,
  picked: null,
  into: null,
  existingDb: null,
  newDb: null,
  skipMissingForeignKeys: false,
  skipMissingSequences: false,
  skipMissingViews: false,
};
const whole = everything(treeOf(backup(['bank'])));

it('shows what the backup holds, empty databases too', () => {
  const tree = treeOf(backup(['empty', 'bank']));
  expect(tree.map((database) => database.name)).toEqual(['bank', 'empty']);
  expect(tree[0]).toMatchObject({ bytes: 9 });
});

describe('where to', () => {
  it('is its own name when nothing is in the way, else a new database beside it', () => {
    expect(defaultInto(whole, ['postgres'])).toBe('own');
    expect(defaultInto(whole, ['bank'])).toBe('new');
    expect(suggestDatabase(whole, ['bank'])).toBe('bank_restored');
    expect(suggestDatabase(whole, ['bank', 'bank_restored', 'bank_restored_2'])).toBe('bank_restored_3');
  });
});

describe('the input', () => {
  it('restores a whole database as a database, also under a new name', () => {
    expect(inputOf(fresh, backup(['bank']), whole, 'default', ['bank'])).toMatchObject({
      targets: { kind: 'databases', names: ['bank'] },
      intoDb: 'bank_restored',
      createDb: true,
    });
    expect(inputOf(fresh, backup(['bank']), whole, 'default', [])).toMatchObject({
      intoDb: null,
      createDb: false,
    });
  });

  it('restores tables as tables, and creates the database that is not there', () => {
    const input = inputOf(fresh, backup([]), whole, 'default', []);
    expect(input).toMatchObject({
      targets: { kind: 'tables', patterns: [{ database: 'bank', schema: null, name: null }] },
      intoDb: null,
      createDb: true,
    });
    const picked = new Map([['bank', new Set([objectKey({ schema: 'public', name: 'accounts' })])]]);
    expect(inputOf({ ...fresh, into: 'own' }, backup(['bank']), picked, 'default', ['bank'])).toMatchObject({
      createDb: false,
    });
  });

  it('waits for a database to be named', () => {
    expect(inputOf({ ...fresh, into: 'existing' }, backup([]), whole, 'default', [])).toBeNull();
    expect(inputOf({ ...fresh, into: 'new', newDb: '  ' }, backup([]), whole, 'default', [])).toBeNull();
    expect(inputOf(fresh, backup([]), new Map(), 'default', [])).toBeNull();
  });
});

describe('a layer of a chain', () => {
  const accounts = objectKey({ schema: 'public', name: 'accounts' });

  it('keeps of a choice what it has', () => {
    const tree = treeOf(backup(['bank']));
    const later = objectKey({ schema: 'public', name: 'later' });
    const picked = new Map([
      ['bank', new Set([accounts, later])],
      ['gone', new Set([later])],
    ]);
    expect([...withinTree(picked, tree)]).toEqual([['bank', new Set([accounts])]]);
    expect([...withinTree(new Map([['bank', 'all' as const]]), tree)]).toEqual([['bank', 'all']]);
  });

  it('gives no figures of a table of which it has only what changed', () => {
    const whole = backup(['bank']);
    const layer = {
      ...whole,
      objects: whole.objects.map((each) => ({ ...each, changes: { method: 'feed' as const, reason: null } })),
    };
    const [bank] = treeOf(layer);
    expect(bank?.bytes).toBeNull();
    expect(bank?.content).toMatchObject({ objects: [{ rows: null, bytes: null }, { rows: null }] });
    expect(treeOf(whole)[0]?.bytes).toBe(9);
  });

  it('is built on with what was asked for, not with what came along', () => {
    expect([...pickedOf(backup(['bank']))]).toEqual([['bank', 'all']]);
    expect([...pickedOf(backup([]))]).toEqual([['bank', new Set([accounts])]]);
  });
});
