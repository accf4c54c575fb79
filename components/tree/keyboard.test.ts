import { expect, it } from 'vitest';
import { NOTHING } from '../selection/picked.ts';
import { moveTo } from './keyboard.ts';
import { databaseRowId, flattenTree, schemaRowId } from './model.ts';

const { rows } = flattenTree(
  [
    {
      name: 'bank',
      bytes: null,
      content: {
        status: 'loaded',
        objects: ['accounts', 'branches', 'customers'].map((name) => ({
          kind: 'table' as const,
          name: { database: 'bank', schema: 'public', name },
          rows: null,
          exact: false,
          bytes: null,
          unsupported: null,
          comesWith: null,
        })),
      },
    },
    { name: 'shop', bytes: null, content: { status: 'unloaded' } },
  ],
  NOTHING,
  new Set([databaseRowId('bank'), schemaRowId('bank', 'public')]),
  '',
);
// bank, public, accounts, branches, customers, shop

it.each([
  ['ArrowDown', 0, 1],
  ['ArrowDown', 5, 5],
  ['ArrowUp', 0, 0],
  ['End', 0, 5],
  ['Home', 4, 0],
  ['ArrowRight', 0, 1],
  ['ArrowRight', 3, 3],
  ['ArrowLeft', 3, 1],
  ['PageDown', 0, 5],
  ['b', 0, 3],
  ['b', 3, 0],
  ['S', 0, 5],
])('%s from row %d leads to row %d', (key, from, to) => {
  expect(moveTo(rows, from, key)).toEqual({ index: to, toggle: false });
});

it('opens and closes branches in place', () => {
  expect(moveTo(rows, 5, 'ArrowRight')).toEqual({ index: 5, toggle: true });
  expect(moveTo(rows, 1, 'ArrowLeft')).toEqual({ index: 1, toggle: true });
});

it('leaves other keys alone', () => {
  expect(moveTo(rows, 0, 'Tab')).toBeNull();
  expect(moveTo(rows, 0, 'z')).toBeNull();
});
