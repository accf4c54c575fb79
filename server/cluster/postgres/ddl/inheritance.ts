import type { DdlStep, Dependency } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import type { Session } from '../session.ts';
import type { ColumnRow } from './columns.ts';
import { byOwner, step } from './sql.ts';

/** What a table has to do with others: partitions of it, a table that it is a partition of, parents, children. */
export interface Lineage {
  /** `RANGE (made)` of a partitioned table. */
  partitionKey: string | null;
  /** `FOR VALUES FROM (1) TO (9)`, or `DEFAULT`, of a partition. */
  bound: string | null;
  /** Qualified; one of a partition, in the order of INHERITS otherwise. */
  parents: string[];
  /** By INHERITS; partitions don't count. */
  hasHeirs: boolean;
}

interface LineageRow extends Omit<Lineage, 'parents'> {
  oid: number;
}

const NONE: Lineage = { partitionKey: null, bound: null, parents: [], hasHeirs: false };

/** The lineage of these tables; tables on their own are left out, see `lineageOf`. */
export async function readLineages(session: Session, oids: number[]): Promise<Map<number, Lineage>> {
  const rows = await session.rows<LineageRow>(
    'read partitions and inheritance',
    `SELECT c.oid, pg_get_partkeydef(c.oid) AS "partitionKey", pg_get_expr(c.relpartbound, c.oid) AS bound,
            c.relkind = 'r' AND c.relhassubclass
            AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AS "hasHeirs"
     FROM pg_class c
     WHERE c.oid = ANY ($1::oid[]) AND (c.relkind = 'p' OR c.relispartition OR c.relhassubclass
       OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid))`,
    [oids],
  );
  const parents = byOwner(
    await session.rows<{ owner: number; parent: string }>(
      'read partitions and inheritance',
      `SELECT i.inhrelid AS owner, quote_ident(n.nspname) || '.' || quote_ident(p.relname) AS parent
       FROM pg_inherits i
       JOIN pg_class p ON p.oid = i.inhparent
       JOIN pg_namespace n ON n.oid = p.relnamespace
       WHERE i.inhrelid = ANY ($1::oid[])
       ORDER BY i.inhrelid, i.inhseqno`,
      [rows.map(({ oid }) => oid)],
    ),
  );
  return new Map(
    rows.map(({ oid, ...row }) => [
      oid,
      { ...row, parents: (parents.get(oid) ?? []).map(({ parent }) => parent) },
    ]),
  );
}

export function lineageOf(lineages: Map<number, Lineage>, oid: number): Lineage {
  return lineages.get(oid) ?? NONE;
}

/** Made by INHERITS. A partition is made as a table of its own, and attached. */
export function isHeir({ bound, parents }: Lineage): boolean {
  return bound === null && parents.length > 0;
}

/** Its checks reach others, or come from others: they can't be added to it alone later. */
export function sharesChecks(lineage: Lineage): boolean {
  return isHeir(lineage) || lineage.hasHeirs;
}

/** Whether CREATE TABLE has this column, and not only what the parents bring along. */
export function isOwnColumn(lineage: Lineage, column: ColumnRow): boolean {
  return !isHeir(lineage) || column.local;
}

/** ` INHERITS (…)` or ` PARTITION BY …`, for the end of CREATE TABLE. */
export function printLineage(lineage: Lineage): string {
  return (
    (isHeir(lineage) ? ` INHERITS (${lineage.parents.join(', ')})` : '') +
    (lineage.partitionKey === null ? '' : ` PARTITION BY ${lineage.partitionKey}`)
  );
}

/**
 * ATTACH PARTITION, once rows and indexes are there: the indexes that match the partitioned table's become parts of
 * those, under their own names, and rows are checked against the bounds.
 */
export function attachSteps(table: string, lineage: Lineage, dependencies: Dependency[]): DdlStep[] {
  const [parent] = lineage.parents;
  if (lineage.bound === null || parent === undefined) return [];
  return [
    step(
      'indexes',
      `ALTER TABLE ONLY ${parent} ATTACH PARTITION ${table} ${lineage.bound}`,
      dependencies.filter(({ kind }) => kind === 'inheritance'),
    ),
  ];
}

/** NOT NULL of columns that come from a parent, which does not have it. */
export function inheritedNotNull(alter: string, lineage: Lineage, columns: ColumnRow[]): DdlStep[] {
  return columns
    .filter(
      (column) =>
        !isOwnColumn(lineage, column) &&
        column.notNull &&
        column.notNullName === null &&
        !column.parentNotNull,
    )
    .map((column) => step('create', `${alter} ALTER COLUMN ${quoteIdent(column.name)} SET NOT NULL`));
}
