import { describe, expect, it } from 'vitest';
import type { PickedJson } from './picked.ts';
import {
  isPicked,
  NOTHING,
  objectKey,
  pickDatabase,
  pickedFromJson,
  pickedToJson,
  pickObjects,
  toTargets,
} from './picked.ts';

const accounts = objectKey({ schema: 'public', name: 'accounts' });
const customers = objectKey({ schema: 'public', name: 'customers' });
const odd = objectKey({ schema: 'my.schema', name: 'a"b.c' });
const everything = [accounts, customers, odd];

describe('ticking', () => {
  it('turns all objects into the whole database, and back when one is taken away', () => {
    const all = pickObjects(NOTHING, 'bank', everything, true, everything);
    expect(all.get('bank')).toBe('all');
    const less = pickObjects(all, 'bank', [customers], false, everything);
    expect(less.get('bank')).toEqual(new Set([accounts, odd]));
    expect(isPicked(less, { database: 'bank', schema: 'public', name: 'customers' })).toBe(false);
    expect(isPicked(less, { database: 'bank', schema: 'public', name: 'accounts' })).toBe(true);
  });

  it('forgets a database of which nothing is left', () => {
    const one = pickObjects(NOTHING, 'bank', [accounts], true, everything);
    expect(pickObjects(one, 'bank', [accounts], false, everything).size).toBe(0);
    expect(pickDatabase(pickDatabase(NOTHING, 'bank', true), 'bank', false).size).toBe(0);
  });

  it('does not change what it was given', () => {
    const before = pickDatabase(NOTHING, 'bank', true);
    pickObjects(before, 'bank', [accounts], false, everything);
    expect(before.get('bank')).toBe('all');
  });
});

describe('targets', () => {
  it('names databases when only whole ones are ticked', () => {
    const picked = pickDatabase(pickDatabase(NOTHING, 'shop', true), 'bank', true);
    expect(toTargets(picked)).toEqual({ kind: 'databases', names: ['bank', 'shop'] });
  });

  it('uses db.* beside single tables', () => {
    const picked = pickObjects(pickDatabase(NOTHING, 'shop', true), 'bank', [odd], true, everything);
    expect(toTargets(picked)).toEqual({
      kind: 'tables',
      patterns: [
        { database: 'bank', schema: 'my.schema', name: 'a"b.c' },
        { database: 'shop', schema: null, name: null },
      ],
    });
  });

  it('does not call a database whole that the backup holds in part', () => {
    expect(toTargets(pickDatabase(NOTHING, 'bank', true), new Set())).toEqual({
      kind: 'tables',
      patterns: [{ database: 'bank', schema: null, name: null }],
    });
  });
});

it('survives storage', () => {
  const picked = pickObjects(pickDatabase(NOTHING, 'shop', true), 'bank', [odd], true, everything);
  expect(pickedFromJson(JSON.parse(JSON.stringify(pickedToJson(picked))) as PickedJson)).toEqual(picked);
});
