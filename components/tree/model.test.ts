import { describe, expect, it } from 'vitest';
import { NOTHING, objectKey, pickDatabase, pickObjects } from '../selection/picked.ts';
import type { TreeDatabase, TreeObject } from './model.ts';
import { databaseRowId, flattenTree, schemaRowId, selectableKeys, spellOut, toggleRow } from './model.ts';

function object(schema: string, name: string, extra: Partial<TreeObject> = {}): TreeObject {
  return {
    kind: 'table',
    name: { database: 'bank', schema, name },
    rows: 1,
    exact: false,
    bytes: 1,
    unsupported: null,
    comesWith: null,
    ...extra,
  };
}

function bank(objects: TreeObject[]): TreeDatabase {
  return { name: 'bank', bytes: 1, content: { status: 'loaded', objects } };
}

const objects = [
  object('audit', 'log'),
  object('public', 'v', { kind: 'view' }),
  object('public', 'customers'),
  object('public', 'accounts'),
  object('public', 'accounts_id_seq', { kind: 'sequence', comesWith: 'public.accounts' }),
  object('public', 'foreign_thing', { unsupported: 'Foreign tables are not backed up.' }),
];
const all = new Set([databaseRowId('bank'), schemaRowId('bank', 'public'), schemaRowId('bank', 'audit')]);
const accounts = objectKey({ schema: 'public', name: 'accounts' });

describe('flattenTree', () => {
  it('orders public first, tables before views before sequences, with positions', () => {
    const { rows } = flattenTree([bank(objects)], NOTHING, all, '');
    expect(rows.map((row) => row.label)).toEqual([
      'bank',
      'public',
      'accounts',
      'customers',
      'foreign_thing',
      'v',
      'accounts_id_seq',
      'audit',
      'log',
    ]);
    expect(rows[3]).toMatchObject({ position: 2, siblings: 5, level: 3 });
  });

  it('shows what is below only of what is open', () => {
    expect(flattenTree([bank(objects)], NOTHING, new Set(), '').rows).toHaveLength(1);
    expect(flattenTree([bank(objects)], NOTHING, new Set([databaseRowId('bank')]), '').rows).toHaveLength(3);
  });

  it('ticks parents as their children are: off, mixed, on', () => {
    const database = bank(objects);
    const keys = selectableKeys(database);
    const one = pickObjects(NOTHING, 'bank', [accounts], true, keys);
    const ticks = (picked: typeof one) =>
      Object.fromEntries(
        flattenTree([database], picked, all, '').rows.flatMap((row) =>
          row.type === 'note' ? [] : [[row.label, row.tick]],
        ),
      );
    expect(ticks(NOTHING)).toMatchObject({ bank: 'off', public: 'off', accounts: 'off' });
    expect(ticks(one)).toMatchObject({ bank: 'mixed', public: 'mixed', accounts: 'on', audit: 'off' });
    expect(ticks(pickDatabase(NOTHING, 'bank', true))).toMatchObject({
      bank: 'on',
      public: 'on',
      accounts_id_seq: 'on',
      foreign_thing: 'off',
    });
  });

  it('filters, opens what has hits, and then ticks only the hits', () => {
    const view = flattenTree([bank(objects)], NOTHING, new Set(), 'PUBLIC.acc');
    expect(view.rows.map((row) => row.label)).toEqual(['bank', 'public', 'accounts', 'accounts_id_seq']);
    expect(view).toMatchObject({ shown: 2, total: 6 });
    expect(view.rows[0]).toMatchObject({ keys: [accounts], expanded: true });
    expect(flattenTree([bank(objects)], NOTHING, all, 'nothing like it').rows).toEqual([]);
  });

  it('shows that a database is loading, failed or empty', () => {
    const label = (content: TreeDatabase['content']) =>
      flattenTree([{ name: 'bank', bytes: null, content }], NOTHING, all, '').rows[1]?.label;
    expect(label({ status: 'loading' })).toBe('Loading…');
    expect(label({ status: 'error', message: 'refused' })).toBe('refused');
    expect(label({ status: 'loaded', objects: [] })).toBe('Nothing in it');
  });

  it('stays quick with a hundred thousand tables', () => {
    const many = bank(
      Array.from({ length: 100_000 }, (_, i) => object('public', `t${String(i).padStart(6, '0')}`)),
    );
    flattenTree([many], NOTHING, all, '');
    const picked = pickObjects(NOTHING, 'bank', selectableKeys(many).slice(1), true, selectableKeys(many));
    const before = performance.now();
    const { rows } = flattenTree([many], picked, all, '');
    expect(rows).toHaveLength(100_002);
    expect(rows[0]).toMatchObject({ tick: 'mixed' });
    // Generous: a shared machine. It takes about 50 ms.
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe('toggleRow', () => {
  const plain = bank(objects.filter((each) => each.unsupported === null));
  const row = (database: TreeDatabase, label: string, filter = '') => {
    const found = flattenTree([database], NOTHING, all, filter).rows.find((each) => each.label === label);
    if (found === undefined) throw new Error(`no row ${label}`);
    return found;
  };

  it('takes a database whole where it can', () => {
    expect(toggleRow(NOTHING, row(plain, 'bank'), [plain], false).get('bank')).toBe('all');
  });

  it('spells a database out that holds something unsupported', () => {
    const database = bank(objects);
    const picked = toggleRow(NOTHING, row(database, 'bank'), [database], false);
    expect(picked.get('bank')).toEqual(new Set(selectableKeys(database)));
    const unloaded: TreeDatabase = { name: 'bank', bytes: null, content: { status: 'unloaded' } };
    const before = toggleRow(NOTHING, row(unloaded, 'bank'), [unloaded], false);
    expect(before.get('bank')).toBe('all');
    expect(spellOut(before, [database])).toEqual(picked);
    expect(spellOut(before, [plain])).toBe(before);
  });

  it('ticks only what a filter shows', () => {
    const picked = toggleRow(NOTHING, row(plain, 'bank', 'accounts'), [plain], true);
    expect(picked.get('bank')).toEqual(new Set([accounts]));
  });

  it('ticks a schema', () => {
    const picked = toggleRow(NOTHING, row(plain, 'audit'), [plain], false);
    expect(picked.get('bank')).toEqual(new Set([objectKey({ schema: 'audit', name: 'log' })]));
  });
});
