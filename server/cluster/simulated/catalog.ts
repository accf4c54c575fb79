import type { CatalogObject } from '../cluster.ts';
import type { Dependency } from '../descriptor.ts';
import type { ObjectName } from '../names.ts';
import { quoteIdent } from '../names.ts';
import { type LocalName, type SimulatedDatabase, type SimulatedTable } from './model.ts';

export function fullName(database: string, { schema, name }: LocalName): ObjectName {
  return { database, schema, name };
}

/** What a table needs: its foreign keys' tables, its columns' types, and the sequences of its defaults. */
export function tableDependencies(database: string, table: SimulatedTable): Dependency[] {
  const dependencies: Dependency[] = table.foreignKeys.map((key) => ({
    on: fullName(database, key.table),
    kind: 'foreign-key',
    via: key.name,
  }));
  for (const { name, enumType, sequence } of table.columns) {
    const via = `column ${quoteIdent(name)}`;
    if (enumType !== null) dependencies.push({ on: fullName(database, enumType), kind: 'type', via });
    if (sequence !== null) dependencies.push({ on: fullName(database, sequence), kind: 'sequence', via });
  }
  return dependencies;
}

export function viewDependencies(database: string, uses: LocalName[]): Dependency[] {
  return uses.map((name) => ({ on: fullName(database, name), kind: 'view', via: 'its query' }));
}

/** A database's objects as its catalog lists them; `sizeOf` is a table's size, as COPY text. */
export function catalogOf(
  database: SimulatedDatabase,
  sizeOf: (table: SimulatedTable) => { rows: number; bytes: number },
): CatalogObject[] {
  const common = (name: LocalName) => ({
    name: fullName(database.name, name),
    rows: null,
    bytes: null,
    dependencies: [],
    ownedBy: null,
    unsupported: null,
    leftOut: [],
  });
  return [
    ...database.types.map((type) => ({ ...common(type), kind: 'type' as const })),
    ...database.sequences.map((sequence) => ({
      ...common(sequence),
      kind: 'sequence' as const,
      ownedBy: sequence.ownedBy === null ? null : fullName(database.name, sequence.ownedBy.table),
    })),
    ...database.tables.map((table) => ({
      ...common(table),
      kind: 'table' as const,
      ...sizeOf(table),
      dependencies: tableDependencies(database.name, table),
    })),
    ...database.views.map((view) => ({
      ...common(view),
      kind: 'view' as const,
      dependencies: viewDependencies(database.name, view.uses),
    })),
  ];
}
