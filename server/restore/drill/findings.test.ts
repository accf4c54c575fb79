import { describe, expect, it } from 'vitest';
import type { DdlStep, Descriptor, TableDescriptor } from '../../cluster/descriptor.ts';
import { nameKey, type ObjectName } from '../../cluster/names.ts';
import { definitionFindings, rowFindings } from './findings.ts';

const name = (table: string, database = 'bank'): ObjectName => ({ database, schema: 'public', name: table });
const step = (phase: DdlStep['phase'], sql: string, on?: ObjectName): DdlStep => ({
  phase,
  sql,
  requires: on === undefined ? [] : [{ on, kind: 'foreign-key', via: 'fk' }],
});
const ORDERS: TableDescriptor = {
  kind: 'table',
  name: name('orders'),
  columns: [
    { name: 'id', type: 'bigint', nullable: false, generated: false },
    { name: 'total', type: 'numeric(12,2)', nullable: true, generated: false },
  ],
  primaryKey: ['id'],
  rowKey: ['id'],
  storage: null,
  dependencies: [],
  comment: null,
  ddl: [
    step('create', 'CREATE TABLE public.orders (id bigint, total numeric(12,2))'),
    step('keys', 'ALTER TABLE public.orders ADD PRIMARY KEY (id)'),
    step('indexes', 'CREATE INDEX orders_total ON public.orders (total)'),
    step('foreign-keys', 'ALTER TABLE public.orders ADD FOREIGN KEY …', name('customers')),
  ],
};
const TARGET = name('orders', 'scratch');

function found(there: Partial<TableDescriptor>, { present = true, sameServer = true } = {}): string[] {
  const restored: Descriptor[] = [{ ...ORDERS, name: TARGET, ...there }];
  const isThere = (one: ObjectName) => present || nameKey(one) !== nameKey(name('customers'));
  return definitionFindings([{ descriptor: ORDERS, target: TARGET }], restored, isThere, sameServer).map(
    ({ reason }) => reason,
  );
}

describe('what a drill finds of definitions', () => {
  it('is nothing where all of them are there', () => {
    expect(found({})).toEqual([]);
    expect(found({}, { sameServer: false })).toEqual([]);
  });

  it('names what is missing', () => {
    const without = (phase: DdlStep['phase']) => ({ ddl: ORDERS.ddl.filter((each) => each.phase !== phase) });
    expect(found(without('indexes'))).toEqual([
      'its index is not there as it was: CREATE INDEX orders_total ON public.orders (total)',
    ]);
    expect(found(without('indexes'), { sameServer: false })).toEqual([
      'of the statements for its index, 0 of 1 are there',
    ]);
    expect(found(without('foreign-keys'))).toHaveLength(1);
    expect(found({ columns: ORDERS.columns.slice(0, 1) })).toEqual([
      'it has the columns id bigint instead of id bigint, total numeric(12,2)',
    ]);
    expect(found({ name: name('other', 'scratch') })).toEqual(['there is no table scratch.public.orders']);
  });

  it('leaves out what needs something that was not restored', () => {
    const ddl = ORDERS.ddl.filter(({ phase }) => phase !== 'foreign-keys');
    expect(found({ ddl }, { present: false })).toEqual([]);
  });
});

describe('what a drill finds of rows', () => {
  const print = (rows: number, sum: string) => ({ rows, sum });

  it('is what was loaded against what was read back', () => {
    const of = (loaded: ReturnType<typeof print> | null, back: ReturnType<typeof print>) =>
      rowFindings([{ table: name('orders'), loaded, found: back }]).map(({ reason }) => reason);
    expect(of(print(2, 'aa'), print(2, 'aa'))).toEqual([]);
    expect(of(print(2, 'aa'), print(1, 'bb'))).toEqual(['1 rows were read back of 2']);
    expect(of(print(2, 'aa'), print(2, 'bb'))).toEqual([
      'its 2 rows are not those of the backup: their fingerprint differs',
    ]);
    expect(of(null, print(2, 'bb'))).toEqual([]);
  });
});
