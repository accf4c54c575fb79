import { expect, it } from 'vitest';
import type { TableDescriptor } from '../../cluster/descriptor.ts';
import { bareTable } from '../fixtures.ts';
import { keyForm } from './key-types.ts';

function table(
  types: Record<string, string>,
  rowKey: string[] | null,
  sql = 'CREATE TABLE t ()',
): TableDescriptor {
  const columns = Object.entries(types).map(([name, type]) => ({
    ...{ name, type, nullable: false, generated: name === 'generated' },
  }));
  const { descriptor } = bareTable('t', { columns, rowKey, ddl: [{ phase: 'create', sql, requires: [] }] });
  if (descriptor.kind !== 'table') throw new Error('not a table');
  return descriptor;
}

it('says where the key stands among the stored columns, in its own order', () => {
  const types = { generated: 'integer', note: 'text', b: 'bigint', a: 'uuid' };
  expect(keyForm(table(types, ['a', 'b']))).toEqual({ kind: 'texts', positions: [2, 1], bytes: 40 });
  expect(keyForm(table(types, ['b']))).toEqual({ kind: 'texts', positions: [1], bytes: 20 });
});

it.each([
  ...['smallint', 'integer', 'bigint', 'uuid', 'boolean', 'date', 'bytea', 'text', 'character varying(40)'],
  ...['timestamp without time zone', 'timestamp(3) with time zone'],
  ...['INT8', 'UUID', 'BOOL', 'DATE', 'TIMESTAMPTZ(3)', 'STRING', 'VARCHAR(40)', 'BYTES'],
])('takes %s by its text', (type) => {
  expect(keyForm(table({ k: type }, ['k'])).kind).toBe('texts');
});

it.each([
  ...['numeric', 'numeric(12,2)', 'real', 'double precision', 'interval', 'character(6)', 'jsonb', 'inet'],
  ...[
    'public.citext',
    'public."INT8"',
    'integer[]',
    'public.mood',
    'constructor',
    'STRING COLLATE en',
    'DECIMAL',
  ],
  ...['FLOAT8', 'STRING[]', 'toString', '', 'integer, text'],
])('does not take %s so', (type) => {
  expect(keyForm(table({ id: 'bigint', k: type }, ['id', 'k']))).toMatchObject({
    kind: 'other',
    reason: expect.stringContaining(type === '' ? 'column k' : `column k is of type ${type}`) as string,
  });
});

it('does not take a text so that may have a collation of its own', () => {
  const types = { k: 'text', id: 'bigint' };
  for (const sql of [
    'CREATE TABLE t (k text COLLATE public.any_case)',
    'CREATE TABLE t () INHERITS (parent)',
  ]) {
    expect(keyForm(table(types, ['k'], sql)).kind).toBe('other');
    expect(keyForm(table(types, ['id'], sql)).kind).toBe('texts');
  }
  expect(keyForm(table(types, null)).kind).toBe('other');
  expect(keyForm(table(types, [])).kind).toBe('other');
});
