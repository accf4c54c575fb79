import { alwaysQuote, type ObjectName, quoteIdent } from '../names.ts';
import type { Session } from './session.ts';

/** Types of all columns, hidden ones included, as CockroachDB prints them. */
export async function readColumnTypes(session: Session, tables: ObjectName[]): Promise<Map<string, string>> {
  const database = session.place.database;
  const schemas = [...new Set(tables.map(({ schema }) => schema))];
  const rows = await session.rows<{ schema: string; table: string; column: string; type: string }>(
    'read columns',
    `SELECT table_schema AS schema, table_name AS table, column_name AS column, crdb_sql_type AS type
     FROM ${alwaysQuote(database)}.information_schema.columns
     WHERE table_schema = ANY ($1::STRING[]) AND table_name = ANY ($2::STRING[])`,
    [schemas, tables.map(({ name }) => name)],
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
