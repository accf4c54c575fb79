import type { DdlStep, Descriptor, SequenceDescriptor, TableDescriptor } from '../descriptor.ts';
import { quoteIdent } from '../names.ts';
import { literal } from '../literal.ts';
import { commentStep, qualified, step } from '../postgres/ddl/sql.ts';
import { fullName, tableDependencies, viewDependencies } from './catalog.ts';
import type {
  LocalName,
  SimulatedDatabase,
  SimulatedSequence,
  SimulatedTable,
  SimulatedView,
} from './model.ts';
import { sameName } from './model.ts';

/**
 * An object's descriptor with DDL in PostgreSQL's dialect; null when the database has no such object. `identity` is the
 * cluster's.
 */
export function describeObject(
  identity: string,
  database: SimulatedDatabase,
  name: LocalName,
): Descriptor | null {
  const isIt = (object: LocalName) => sameName(object, name);
  const table = database.tables.find(isIt);
  if (table !== undefined) return describeTable(identity, database.name, table);
  const view = database.views.find(isIt);
  if (view !== undefined) return describeView(database.name, view);
  const sequence = database.sequences.find(isIt);
  if (sequence !== undefined) return describeSequence(database.name, sequence);
  const type = database.types.find(isIt);
  if (type === undefined) return null;
  const labels = type.labels.map(literal).join(', ');
  return {
    kind: 'type',
    name: fullName(database.name, type),
    dependencies: [],
    ddl: [step('create', `CREATE TYPE ${sql(type)} AS ENUM (${labels})`)],
    comment: null,
  };
}

function sql({ schema, name }: LocalName): string {
  return qualified(schema, name);
}

function list(columns: string[]): string {
  return columns.map(quoteIdent).join(', ');
}

function describeTable(identity: string, database: string, table: SimulatedTable): TableDescriptor {
  return {
    kind: 'table',
    name: fullName(database, table),
    dependencies: tableDependencies(database, table),
    ddl: tableDdl(database, table),
    comment: table.comment,
    columns: table.columns.map(({ name, type, nullable }) => ({ name, type, nullable, generated: false })),
    primaryKey: table.primaryKey,
    rowKey: table.primaryKey,
    // Its rules never change within a cluster, so it is always the same table.
    storage: identity,
  };
}

function tableDdl(database: string, table: SimulatedTable): DdlStep[] {
  const name = sql(table);
  const alter = `ALTER TABLE ONLY ${name}`;
  const dependencies = tableDependencies(database, table);
  const columns = table.columns.map(
    (column) => `\n  ${quoteIdent(column.name)} ${column.type}${column.nullable ? '' : ' NOT NULL'}`,
  );
  const steps = [step('create', `CREATE TABLE ${name} (${columns.join(',')}\n)`)];
  for (const column of table.columns) {
    if (column.sequence === null) continue;
    const sequence = `${literal(sql(column.sequence))}::regclass`;
    const via = `column ${quoteIdent(column.name)}`;
    steps.push(
      step(
        'default',
        `${alter} ALTER COLUMN ${quoteIdent(column.name)} SET DEFAULT nextval(${sequence})`,
        dependencies.filter((dependency) => dependency.kind === 'sequence' && dependency.via === via),
      ),
    );
  }
  const add = (constraint: string, definition: string) =>
    `${alter} ADD CONSTRAINT ${quoteIdent(constraint)} ${definition}`;
  if (table.primaryKey !== null)
    steps.push(step('keys', add(`${table.name}_pkey`, `PRIMARY KEY (${list(table.primaryKey)})`)));
  for (const unique of table.unique)
    steps.push(step('keys', add(`${table.name}_${unique.join('_')}_key`, `UNIQUE (${list(unique)})`)));
  for (const check of table.checks) steps.push(step('keys', add(check.name, `CHECK (${check.condition})`)));
  for (const index of table.indexes) {
    const indexName = quoteIdent(`${table.name}_${index.join('_')}_idx`);
    steps.push(step('indexes', `CREATE INDEX ${indexName} ON ${name} (${list(index)})`));
  }
  for (const key of table.foreignKeys)
    steps.push(
      step(
        'foreign-keys',
        add(
          key.name,
          `FOREIGN KEY (${list(key.columns)}) REFERENCES ${sql(key.table)} (${list(key.references)})`,
        ),
        dependencies.filter(({ kind, via }) => kind === 'foreign-key' && via === key.name),
      ),
    );
  return [...steps, ...commentStep(`TABLE ${name}`, table.comment)];
}

function describeView(database: string, view: SimulatedView): Descriptor {
  return {
    kind: 'view',
    name: fullName(database, view),
    dependencies: viewDependencies(database, view.uses),
    ddl: [step('create', `CREATE VIEW ${sql(view)} AS\n${view.query}`)],
    comment: null,
    materialized: false,
  };
}

function describeSequence(database: string, sequence: SimulatedSequence): SequenceDescriptor {
  const { ownedBy, start, lastValue, isCalled } = sequence;
  const table = ownedBy === null ? null : fullName(database, ownedBy.table);
  const owner =
    ownedBy === null || table === null ? null : { table, column: ownedBy.column, identity: false };
  return {
    kind: 'sequence',
    name: fullName(database, sequence),
    dependencies: [],
    ddl: [
      step('create', `CREATE SEQUENCE ${sql(sequence)} START WITH ${start}`),
      ...(owner === null
        ? []
        : [
            step(
              'finish',
              `ALTER SEQUENCE ${sql(sequence)} OWNED BY ${sql(owner.table)}.${quoteIdent(owner.column)}`,
              [{ on: owner.table, kind: 'sequence', via: `column ${quoteIdent(owner.column)}` }],
            ),
          ]),
    ],
    comment: null,
    lastValue: String(lastValue),
    isCalled,
    ownedBy: owner,
  };
}
