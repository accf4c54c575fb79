import { expect, it } from 'vitest';
import type { CatalogObject } from '../../server/cluster/cluster.ts';
import type { ObjectName } from '../../server/cluster/names.ts';
import { comesWith, shortName, withDependencies } from './catalog.ts';

function name(table: string): ObjectName {
  return { database: 'bank', schema: 'public', name: table };
}

function object(table: string, needs: string[], extra: Partial<CatalogObject> = {}): CatalogObject {
  return {
    kind: 'table',
    name: name(table),
    rows: null,
    bytes: null,
    dependencies: needs.map((on) => ({ on: name(on), kind: 'foreign-key', via: 'fk' })),
    ownedBy: null,
    unsupported: null,
    leftOut: [],
    ...extra,
  };
}

const catalog = [
  object('transactions', ['accounts', 'kind_enum']),
  object('accounts', ['customers', 'accounts_seq']),
  object('customers', ['branches', 'accounts', 'foreign_thing']),
  object('branches', []),
  object('foreign_thing', [], { unsupported: 'a foreign table' }),
  object('kind_enum', [], { kind: 'type' }),
  object('accounts_seq', [], { kind: 'sequence', ownedBy: name('accounts') }),
];

it('follows dependencies through circles, and leaves out what comes by itself or not at all', () => {
  const found = withDependencies([name('accounts')], () => catalog).map((each) => each.name);
  expect(found.sort()).toEqual(['accounts', 'branches', 'customers']);
});

it('keeps what no catalog knows', () => {
  expect(withDependencies([name('gone')], () => [])).toEqual([name('gone')]);
});

it('says what comes along with what', () => {
  expect(comesWith({ kind: 'type', name: name('a'), ownedBy: null })).toBe('what uses it');
  expect(comesWith({ kind: 'sequence', name: name('a'), ownedBy: name('accounts') })).toBe('accounts');
  expect(comesWith({ kind: 'sequence', name: name('a'), ownedBy: { ...name('log'), schema: 'audit' } })).toBe(
    'audit.log',
  );
  expect(comesWith({ kind: 'sequence', name: name('a'), ownedBy: null })).toBeNull();
});

it('quotes names that need it', () => {
  expect(shortName({ database: 'b', schema: 'My Schema', name: 'order' })).toBe('"My Schema"."order"');
});
