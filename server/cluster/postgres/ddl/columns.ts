import type { DdlStep } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import type { Session } from '../session.ts';
import { commentStep, printOptions, step } from './sql.ts';

/** One column of a table, view or materialized view, in the server's words. */
export interface ColumnRow {
  owner: number;
  number: number;
  name: string;
  type: string;
  collation: string | null;
  notNull: boolean;
  /** Names of NOT NULL constraints exist from PostgreSQL 18. */
  notNullName: string | null;
  notNullNoInherit: boolean;
  notNullValid: boolean;
  /** False where it is there for a parent's sake only. */
  notNullLocal: boolean;
  notNullComment: string | null;
  /** '', a(lways), d(efault) */
  identity: '' | 'a' | 'd';
  /** '', s(tored), v(irtual) */
  generated: '' | 's' | 'v';
  expression: string | null;
  /** Set only where it isn't the type's own. */
  storage: string | null;
  compression: string | null;
  statistics: number | null;
  options: string[] | null;
  comment: string | null;
  /** The table's own; false where it is there for a parent's sake only. */
  local: boolean;
  parentNotNull: boolean;
  parentDefault: boolean;
}

/** Columns of these relations, in order. */
export async function readColumns(session: Session, oids: number[]): Promise<ColumnRow[]> {
  const { version } = session.server;
  const notNull =
    version >= 180000
      ? `LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum`
      : `LEFT JOIN (SELECT NULL::oid AS oid, NULL::text AS conname, false AS connoinherit, true AS convalidated,
                           true AS conislocal) k ON false`;
  return session.rows<ColumnRow>(
    'read columns',
    `SELECT a.attrelid AS owner, a.attnum AS number, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
            CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
            END AS collation,
            a.attnotnull AS "notNull", k.conname AS "notNullName",
            coalesce(k.connoinherit, false) AS "notNullNoInherit", coalesce(k.convalidated, true) AS "notNullValid",
            coalesce(k.conislocal, true) AS "notNullLocal",
            obj_description(k.oid, 'pg_constraint') AS "notNullComment",
            a.attidentity AS identity, a.attgenerated AS generated, pg_get_expr(d.adbin, d.adrelid) AS expression,
            CASE WHEN a.attstorage <> t.typstorage
                 THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                        WHEN 'm' THEN 'MAIN' WHEN 'x' THEN 'EXTENDED' END END AS storage,
            ${
              version >= 140000
                ? `CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END`
                : 'NULL::text'
            } AS compression,
            nullif(a.attstattarget, -1)::int AS statistics,
            -- The two that can be set: some servers keep marks of their own there.
            (SELECT array_agg(o) FROM unnest(a.attoptions) o WHERE o ~ '^n_distinct(_inherited)?=') AS options,
            col_description(a.attrelid, a.attnum) AS comment, a.attislocal AS local,
            coalesce(p."notNull", false) AS "parentNotNull", coalesce(p."default", false) AS "parentDefault"
     FROM pg_attribute a
     JOIN pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_collation co ON co.oid = a.attcollation
     LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     ${notNull}
     LEFT JOIN LATERAL (
       SELECT bool_or(o.attnotnull) AS "notNull", bool_or(o.atthasdef) AS "default"
       FROM pg_inherits i JOIN pg_attribute o ON o.attrelid = i.inhparent AND o.attname = a.attname
       WHERE i.inhrelid = a.attrelid AND a.attinhcount > 0) p ON true
     WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attrelid, a.attnum`,
    [oids],
  );
}

/** NOT NULL as the column says it; one that isn't validated is added after the rows, by `lateNotNull`. */
export function printNotNull(column: ColumnRow): string {
  if (!column.notNull || !column.notNullValid) return '';
  const name = column.notNullName === null ? '' : ` CONSTRAINT ${quoteIdent(column.notNullName)}`;
  return `${name} NOT NULL${column.notNullNoInherit ? ' NO INHERIT' : ''}`;
}

/** `CONSTRAINT … NOT NULL` of a column that stands elsewhere, among the constraints of a table. */
export function printNotNullConstraint(column: ColumnRow): string {
  return (
    `CONSTRAINT ${quoteIdent(column.notNullName ?? '')} NOT NULL ${quoteIdent(column.name)}` +
    (column.notNullNoInherit ? ' NO INHERIT' : '')
  );
}

/** NOT NULL … NOT VALID: there may be rows with NULLs. `table` is with ONLY where its children are not to get it. */
export function lateNotNull(table: string, columns: ColumnRow[]): DdlStep[] {
  return columns
    .filter((column) => column.notNull && !column.notNullValid && column.notNullName !== null)
    .map((column) => step('keys', `ALTER TABLE ${table} ADD ${printNotNullConstraint(column)} NOT VALID`));
}

/** How values are stored: before there are any. */
export function storageSteps(alter: string, columns: ColumnRow[]): DdlStep[] {
  return columns.flatMap((column) => {
    const set = (what: string) =>
      step('create', `${alter} ALTER COLUMN ${quoteIdent(column.name)} SET ${what}`);
    return [
      ...(column.storage === null ? [] : [set(`STORAGE ${column.storage}`)]),
      ...(column.compression === null ? [] : [set(`COMPRESSION ${column.compression}`)]),
    ];
  });
}

/** Statistics targets and comments of columns. */
export function columnFinish(alter: string, relation: string, columns: ColumnRow[]): DdlStep[] {
  return columns.flatMap((column) => {
    const name = quoteIdent(column.name);
    return [
      ...(column.statistics === null
        ? []
        : [step('finish', `${alter} ALTER COLUMN ${name} SET STATISTICS ${column.statistics}`)]),
      ...(column.options === null
        ? []
        : [step('finish', `${alter} ALTER COLUMN ${name} SET (${printOptions(column.options)})`)]),
      ...commentStep(`COLUMN ${relation}.${name}`, column.comment),
      ...commentStep(
        `CONSTRAINT ${quoteIdent(column.notNullName ?? '')} ON ${relation}`,
        column.notNullComment,
      ),
    ];
  });
}
