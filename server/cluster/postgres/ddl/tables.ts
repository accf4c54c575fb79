import type { DdlStep, Dependency, TableDescriptor } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import { type KnownObject, viaColumn } from '../catalog.ts';
import { readIdentities, type TableIdentity } from '../changes/identity.ts';
import type { Session } from '../session.ts';
import {
  columnFinish,
  type ColumnRow,
  lateNotNull,
  printNotNull,
  printNotNullConstraint,
  readColumns,
  storageSteps,
} from './columns.ts';
import {
  constraintSteps,
  type ConstraintRow,
  inlineChecks,
  printConstraint,
  readConstraints,
} from './constraints.ts';
import {
  attachSteps,
  inheritedNotNull,
  isHeir,
  isOwnColumn,
  type Lineage,
  lineageOf,
  printLineage,
  readLineages,
} from './inheritance.ts';
import { type IndexRow, indexSteps, readIndexes } from './indexes.ts';
import { policySteps, type PolicyRow, readPolicies } from './policies.ts';
import { printIdentity, readIdentitySequences, type SequenceRow } from './sequences.ts';
import { byOwner, commentStep, printOptions, qualified, step } from './sql.ts';
import { type StatisticsRow, readStatistics, statisticsSteps } from './statistics.ts';

interface TableRow {
  oid: number;
  unlogged: boolean;
  options: string[];
  /** d(efault), n(othing), f(ull), i(ndex) */
  replicaIdentity: 'd' | 'n' | 'f' | 'i';
  rowSecurity: boolean;
  forceRowSecurity: boolean;
  comment: string | null;
}

/** Descriptors of tables, in a fixed number of queries. */
export async function describeTables(
  session: Session,
  objects: KnownObject[],
): Promise<Map<KnownObject, TableDescriptor>> {
  const oids = objects.map((object) => object.found.oid);
  const tables = new Map((await readTables(session, oids)).map((row) => [row.oid, row]));
  const columns = byOwner(await readColumns(session, oids));
  const constraints = byOwner(await readConstraints(session, oids));
  const indexes = byOwner(await readIndexes(session, oids));
  const statistics = byOwner(await readStatistics(session, oids));
  const policies = byOwner(await readPolicies(session, oids));
  const identities = await readIdentitySequences(session, oids);
  const keys = await readIdentities(session, oids);
  const lineages = await readLineages(session, oids);
  return new Map(
    objects.flatMap((object) => {
      const { oid } = object.found;
      const table = tables.get(oid);
      if (table === undefined) return [];
      const parts: Parts = {
        table,
        lineage: lineageOf(lineages, oid),
        columns: columns.get(oid) ?? [],
        constraints: constraints.get(oid) ?? [],
        indexes: indexes.get(oid) ?? [],
        statistics: statistics.get(oid) ?? [],
        policies: policies.get(oid) ?? [],
        identities,
        key: keys.get(oid),
      };
      return [[object, describe(object, parts)] as const];
    }),
  );
}

interface Parts {
  table: TableRow;
  lineage: Lineage;
  columns: ColumnRow[];
  constraints: ConstraintRow[];
  indexes: IndexRow[];
  statistics: StatisticsRow[];
  policies: PolicyRow[];
  identities: Map<string, SequenceRow>;
  key: TableIdentity | undefined;
}

async function readTables(session: Session, oids: number[]): Promise<TableRow[]> {
  return session.rows<TableRow>(
    'read tables',
    `SELECT c.oid, c.relpersistence = 'u' AS unlogged,
            coalesce(c.reloptions, '{}') || coalesce(
              (SELECT array_agg('toast.' || option) FROM unnest(t.reloptions) option), '{}') AS options,
            c.relreplident AS "replicaIdentity", c.relrowsecurity AS "rowSecurity",
            c.relforcerowsecurity AS "forceRowSecurity", obj_description(c.oid, 'pg_class') AS comment
     FROM pg_class c
     LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
     WHERE c.oid = ANY ($1::oid[])`,
    [oids],
  );
}

function describe(object: KnownObject, parts: Parts): TableDescriptor {
  const { table, columns, constraints, key } = parts;
  const primary = constraints.find((constraint) => constraint.type === 'p');
  return {
    kind: 'table',
    name: object.name,
    dependencies: object.dependencies,
    ddl: ddlOf(object, parts),
    comment: table.comment,
    columns: columns.map((column) => ({
      name: column.name,
      type: column.type,
      nullable: !column.notNull || !column.notNullValid,
      generated: column.generated !== '',
    })),
    primaryKey: primary?.columns ?? null,
    rowKey: key?.rowKey ?? null,
    storage: key?.storage ?? null,
  };
}

function ddlOf(object: KnownObject, parts: Parts): DdlStep[] {
  const { table, lineage, columns, constraints, indexes, statistics, policies } = parts;
  const name = qualified(object.name.schema, object.name.name);
  const alter = `ALTER TABLE ONLY ${name}`;
  // Of a generated column, which is made with its expression, these are none.
  const neededByDefault = (column: ColumnRow) =>
    column.generated !== ''
      ? []
      : object.dependencies.filter(
          ({ kind, via }) => (kind === 'sequence' || kind === 'function') && via === viaColumn(column.name),
        );
  const own = columns.filter((column) => isOwnColumn(lineage, column));
  const inherited = columns.filter((column) => !own.includes(column));
  const lines = [
    ...own.map((column) => printColumn(column, neededByDefault(column).length > 0, parts)),
    ...inherited
      .filter((column) => column.notNullName !== null && column.notNullLocal && column.notNullValid)
      .map(printNotNullConstraint),
    ...inlineChecks(lineage, constraints).map(printConstraint),
  ].map((line) => `\n  ${line}`);
  const options = table.options.length === 0 ? '' : ` WITH (${printOptions(table.options)})`;
  return [
    step(
      'create',
      `CREATE ${table.unlogged ? 'UNLOGGED ' : ''}TABLE ${name} (${lines.join(',')}${lines.length > 0 ? '\n' : ''})${printLineage(lineage)}${options}`,
    ),
    ...inheritedNotNull(alter, lineage, columns),
    ...storageSteps(alter, columns),
    ...columns
      .filter((column) => neededByDefault(column).length > 0 || inherited.includes(column))
      .flatMap((column) => defaultStep(alter, column, neededByDefault(column))),
    ...lateNotNull(
      lineage.hasHeirs ? name : `ONLY ${name}`,
      columns.filter((column) => column.notNullLocal || !isHeir(lineage)),
    ),
    ...constraintSteps(name, lineage, constraints, object.dependencies),
    ...indexSteps(alter, indexes, object.dependencies),
    ...attachSteps(name, lineage, object.dependencies),
    ...statisticsSteps(statistics),
    ...columnFinish(alter, name, columns),
    ...replicaIdentity(alter, table.replicaIdentity),
    ...policySteps(name, policies, object.dependencies),
    ...(table.rowSecurity ? [step('finish', `${alter} ENABLE ROW LEVEL SECURITY`)] : []),
    ...(table.forceRowSecurity ? [step('finish', `${alter} FORCE ROW LEVEL SECURITY`)] : []),
    ...commentStep(`TABLE ${name}`, table.comment),
  ];
}

/** A default that stands apart from its column; a column that comes from a parent has the parent's until then. */
function defaultStep(alter: string, column: ColumnRow, requires: Dependency[]): DdlStep[] {
  if (column.generated !== '') return [];
  const set = `${alter} ALTER COLUMN ${quoteIdent(column.name)}`;
  if (column.expression !== null)
    return [step('default', `${set} SET DEFAULT ${column.expression}`, requires)];
  return column.parentDefault ? [step('default', `${set} DROP DEFAULT`)] : [];
}

function replicaIdentity(alter: string, identity: TableRow['replicaIdentity']): DdlStep[] {
  // The one that is an index stands with that index.
  if (identity === 'd' || identity === 'i') return [];
  return [step('finish', `${alter} REPLICA IDENTITY ${identity === 'f' ? 'FULL' : 'NOTHING'}`)];
}

function printColumn(
  column: ColumnRow,
  laterDefault: boolean,
  { table, lineage, identities }: Parts,
): string {
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`;
  const notNull = isHeir(lineage) && !column.notNullLocal ? '' : printNotNull(column);
  return `${quoteIdent(column.name)} ${column.type}${collation}${value()}${notNull}`;

  function value(): string {
    if (column.identity !== '') {
      const sequence = identities.get(`${table.oid}.${column.number}`);
      // A partition draws from its partitioned table's sequence, and gets to that by being attached.
      if (lineage.bound !== null && sequence === undefined) return '';
      if (sequence === undefined) throw new Error(`no sequence of identity column ${column.name}`);
      return ` ${printIdentity(column.identity, sequence)}`;
    }
    if (column.expression === null) return '';
    if (column.generated !== '')
      return ` GENERATED ALWAYS AS (${column.expression}) ${column.generated === 's' ? 'STORED' : 'VIRTUAL'}`;
    return laterDefault ? '' : ` DEFAULT ${column.expression}`;
  }
}
