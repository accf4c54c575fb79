import { HoldfastError } from '../../../errors.ts';
import type { Column, DdlStep, TableDescriptor } from '../../descriptor.ts';
import { printName, quoteIdent } from '../../names.ts';
import { type KnownObject, viaColumn } from '../catalog.ts';
import { type ColumnTypes, typeKey } from '../column-types.ts';
import { keyColumns, type StoredTable } from '../stored-descriptor.ts';
import {
  takeDefaults,
  withoutColumns,
  withoutIndexInterleaving,
  withoutPartitioning,
} from './create-table.ts';
import type { Definition } from './definitions.ts';
import { isName, tokenize } from './lexer.ts';
import { qualified, step } from './sql.ts';

/** Descriptors of tables: indexes stand inline in CREATE TABLE, foreign keys come after the rows. */
export function describeTables(
  tables: KnownObject[],
  definitions: Map<number, Definition>,
  types: ColumnTypes,
): TableDescriptor[] {
  return tables.flatMap((object) => {
    const definition = definitions.get(object.id);
    const { table } = object.stored;
    if (definition === undefined || table === undefined) return [];
    return [describe(object, table, definition, types)];
  });
}

function describe(
  object: KnownObject,
  table: StoredTable,
  definition: Definition,
  types: ColumnTypes,
): TableDescriptor {
  const name = qualified(object.name.schema, object.name.name);
  const columns = table.columns.map((column): Column => ({
    name: column.name,
    type:
      types.get(typeKey(object.name.schema, object.name.name, column.name)) ??
      unknownType(object, column.name),
    nullable: column.nullable,
    generated: column.computeExpr !== null && column.computeExpr !== undefined,
  }));
  const withSequences = new Set(
    table.columns.filter(({ usesSequenceIds }) => usesSequenceIds.length > 0).map((column) => column.name),
  );
  const shards = new Set([table.primaryIndex, ...table.indexes].flatMap(({ sharded }) => sharded ?? []));
  const { create, defaults } = takeDefaults(
    withoutColumns(repeatable(table, definition.create), shards),
    withSequences,
  );
  const neededAtOnce = object.dependencies.filter(({ kind }) => kind === 'type' || kind === 'interleave');
  const hidden = new Set(table.columns.filter((column) => column.hidden).map((column) => column.name));
  // The hidden rowid of a table without a primary key, and the shard of a hash-sharded one, are no keys of people's.
  const names = keyColumns(table.primaryIndex).map((column) => column.name);
  const key = names.filter((column) => !hidden.has(column));
  // A shard is a function of the columns beside it, and in no data file.
  const generated = new Set(columns.filter((column) => column.generated).map((column) => column.name));
  return {
    kind: 'table',
    name: object.name,
    dependencies: object.dependencies,
    ddl: [
      step('create', create, neededAtOnce),
      ...[...defaults].map(([column, expression]) =>
        step(
          'default',
          `ALTER TABLE ${name} ALTER COLUMN ${quoteIdent(column)} SET DEFAULT ${expression}`,
          object.dependencies.filter(({ kind, via }) => kind === 'sequence' && via === viaColumn(column)),
        ),
      ),
      ...foreignKeys(object, table, definition),
      ...definition.comments.map((sql) => step('finish', sql)),
      ...(object.zone.length === 0
        ? []
        : [step('finish', `ALTER TABLE ${name} CONFIGURE ZONE USING ${object.zone.join(', ')}`)]),
    ],
    comment: object.comment,
    columns,
    primaryKey: key.length === 0 ? null : key,
    rowKey: names.filter((column) => !shards.has(column) && !generated.has(column)),
    storage: storageOf(table),
  };
}

/** The CREATE TABLE without what the cluster that prints it may refuse to read: see `leftOutOf` in the catalog. */
function repeatable(table: StoredTable, create: string): string {
  const indexes = [table.primaryIndex, ...table.indexes];
  let sql = create;
  if (indexes.some(({ partitioning }) => partitioning.columns > 0)) sql = withoutPartitioning(sql);
  if (table.indexes.some(({ interleave }) => interleave.length > 0)) sql = withoutIndexInterleaving(sql);
  return sql;
}

/** Truncating a table and giving it another key make a new primary index; no number is ever used twice. */
function storageOf(table: StoredTable): string {
  return `${table.id}/${table.primaryIndex.id}/${table.columns.map(({ id }) => id).join(',')}`;
}

/** ADD CONSTRAINT validates the rows that are there by itself, unless the original wasn't validated either. */
function foreignKeys(object: KnownObject, table: StoredTable, definition: Definition): DdlStep[] {
  return definition.foreignKeys.map((sql) => {
    const constraint = addedConstraint(sql);
    const stored = table.outboundFks.find(({ name }) => name === constraint);
    const validated = stored === undefined || stored.validity === '' || stored.validity === 'Validated';
    const requires = object.dependencies.filter(
      ({ kind, via }) => kind === 'foreign-key' && via === constraint,
    );
    return step('foreign-keys', validated || / NOT VALID$/i.test(sql) ? sql : `${sql} NOT VALID`, requires);
  });
}

/** The name in `ALTER TABLE … ADD CONSTRAINT name FOREIGN KEY …`. */
function addedConstraint(sql: string): string | null {
  const tokens = tokenize(sql).filter(({ kind }) => kind !== 'space');
  const at = tokens.findIndex(
    ({ kind, value }, index) =>
      kind === 'word' && value === 'constraint' && tokens[index - 1]?.value === 'add',
  );
  const name = tokens[at + 1];
  return at >= 0 && isName(name) ? name.value : null;
}

function unknownType(object: KnownObject, column: string): never {
  throw new HoldfastError(
    'internal',
    `the type of column ${column} of ${printName(object.name)} is not known`,
  );
}
