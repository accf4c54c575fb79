import { alwaysQuote } from '../../names.ts';
import type { Live } from './live.ts';

/**
 * Everything that can be seen of a database's rows by SQL, by relation: each table's and view's rows as sorted texts,
 * hidden columns too, and each sequence's state. Two databases have the same rows when these are equal.
 */
export async function rowsOf(live: Live, database: string): Promise<Record<string, unknown>> {
  const relations = await live.exec(
    database,
    `SELECT table_schema AS schema, table_name AS name, table_type AS type FROM information_schema.tables
     WHERE table_schema NOT IN ('crdb_internal', 'information_schema', 'pg_catalog', 'pg_extension')
     ORDER BY 1, 2`,
  );
  const contents: Record<string, unknown> = {};
  for (const { schema, name } of relations) {
    const relation = `${alwaysQuote(String(schema))}.${alwaysQuote(String(name))}`;
    const columns = await live.exec(
      database,
      `SELECT column_name AS name FROM information_schema.columns
       WHERE table_schema = ${quoted(schema)} AND table_name = ${quoted(name)} ORDER BY ordinal_position`,
    );
    const texts = columns.map((column) => `${alwaysQuote(String(column['name']))}::STRING`);
    const rows = await live.exec(database, `SELECT ${texts.join(', ')} FROM ${relation}`);
    contents[relation] = rows.map((row) => JSON.stringify(row)).sort();
  }
  const sequences = await live.exec(
    database,
    `SELECT sequence_schema AS schema, sequence_name AS name FROM information_schema.sequences ORDER BY 1, 2`,
  );
  for (const { schema, name } of sequences) {
    const relation = `${alwaysQuote(String(schema))}.${alwaysQuote(String(name))}`;
    contents[`next of ${relation}`] = (
      await live.exec(database, `SELECT nextval('${relation.replaceAll("'", "''")}')::STRING AS n`)
    )[0];
  }
  return contents;
}

/**
 * SHOW EXPERIMENTAL_FINGERPRINTS of a table's indexes, now or as of a decimal HLC. In 21.1 it fails on tables with a
 * partial index or with a backslash in a text.
 */
export async function fingerprints(
  live: Live,
  database: string,
  table: string,
  timestamp?: string,
): Promise<Record<string, unknown>> {
  const asOf = timestamp === undefined ? '' : ` AS OF SYSTEM TIME '${timestamp}'`;
  const rows = await live.exec(
    database,
    `SELECT index_name, fingerprint FROM [SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE ${table}]${asOf}`,
  );
  return Object.fromEntries(rows.map((row) => [String(row['index_name']), row['fingerprint']]));
}

function quoted(text: unknown): string {
  return `'${String(text).replaceAll("'", "''")}'`;
}
