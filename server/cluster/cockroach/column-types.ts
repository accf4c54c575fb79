import { alwaysQuote, quoteIdent } from '../names.ts';
import type { Session } from './session.ts';

/** By `typeKey`. */
export type ColumnTypes = ReadonlyMap<string, string>;

/** Types of all columns of the session's database, hidden ones included, as CockroachDB prints them. */
export async function readColumnTypes(session: Session): Promise<ColumnTypes> {
  const database = session.place.database;
  const rows = await session.rows<{ schema: string; table: string; column: string; type: string }>(
    'read columns',
    `SELECT table_schema AS schema, table_name AS table, column_name AS column, crdb_sql_type AS type
     FROM ${alwaysQuote(database)}.information_schema.columns
     WHERE table_schema NOT IN ('crdb_internal', 'information_schema', 'pg_catalog', 'pg_extension')`,
  );
  const prefix = `${quoteIdent(database)}.`;
  return new Map(
    rows.map(({ schema, table, column, type }) => [
      typeKey(schema, table, column),
      type.startsWith(prefix) ? type.slice(prefix.length) : type,
    ]),
  );
}

/** The key of a column in what `readColumnTypes` answers. */
export function typeKey(schema: string, table: string, column: string): string {
  return [schema, table, column].join('\0');
}
