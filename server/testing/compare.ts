import { alwaysQuote } from '../cluster/names.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';

/**
 * Everything that a database says of itself that a restore has to bring back: each table's rows, each view's
 * rows, each sequence's state, and the definitions of columns, constraints and indexes. Two databases are equal
 * when these are. Of rows there is a digest, or their texts, in an order of their own.
 */
export async function contentsOf(
  server: Pick<TestServer, 'exec'>,
  database: string,
  rows: 'digest' | 'texts' = 'digest',
): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  const relations = await server.exec(
    database,
    `SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'v', 'm', 'S') AND c.relispopulated AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      ORDER BY 1, 2`,
  );
  for (const { schema, name, kind } of relations) {
    const relation = `${alwaysQuote(String(schema))}.${alwaysQuote(String(name))}`;
    const sql =
      kind === 'S'
        ? `SELECT last_value, is_called FROM ${relation}`
        : rows === 'texts'
          ? `SELECT coalesce(array_agg(r::text ORDER BY r::text), '{}') AS rows FROM ${relation} AS r`
          : `SELECT count(*), md5(coalesce(string_agg(r::text, E'\\n' ORDER BY r::text), '')) FROM ${relation} AS r`;
    contents[`${String(kind)} ${relation}`] = (await server.exec(database, sql))[0];
  }
  contents['columns'] = await server.exec(
    database,
    `SELECT table_schema, table_name, column_name,
            row_number() OVER (PARTITION BY table_schema, table_name ORDER BY ordinal_position) AS position, column_default, is_nullable, data_type, udt_name,
            is_identity, identity_generation, generation_expression
       FROM information_schema.columns WHERE table_schema !~ '^pg_' AND table_schema <> 'information_schema'
      ORDER BY 1, 2, 4`,
  );
  contents['constraints'] = await server.exec(
    database,
    `SELECT conrelid::regclass::text AS of, conname, convalidated, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^(pg_|information_schema)' ORDER BY 1, 2`,
  );
  contents['indexes'] = await server.exec(
    database,
    `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^pg_' ORDER BY schemaname, indexname`,
  );
  contents['comments'] = await server.exec(
    database,
    `SELECT objoid::regclass::text AS of, objsubid, description FROM pg_description
      WHERE classoid = 'pg_class'::regclass AND objoid >= 16384 ORDER BY 1, 2`,
  );
  return contents;
}
