import type { KnownObject } from '../catalog.ts';
import type { Session } from '../session.ts';
import { splitStatements } from './lexer.ts';
import { type Knows, withoutDatabase } from './relative.ts';

/** What CockroachDB prints of one object, in names relative to its database. */
export interface Definition {
  create: string;
  /** COMMENT ON statements. */
  comments: string[];
  /** ALTER TABLE … ADD CONSTRAINT … FOREIGN KEY, by constraint in no order. */
  foreignKeys: string[];
}

/** Schemas that every database has. */
const BUILT_IN = new Set(['pg_catalog', 'information_schema', 'crdb_internal', 'pg_extension']);

/** The definitions of these tables, views and sequences as this session's transaction sees them, by id. */
export async function readDefinitions(
  session: Session,
  objects: KnownObject[],
  everything: KnownObject[],
): Promise<Map<number, Definition>> {
  const known = new Set(everything.map(({ name }) => `${name.schema}\0${name.name}`));
  const knows: Knows = (schema, name) => BUILT_IN.has(schema) || known.has(`${schema}\0${name}`);
  const relative = (sql: string) => withoutDatabase(sql, session.place.database, knows);
  const definitions = new Map<number, Definition>();
  const relations = objects.map(({ id }) => id);
  if (relations.length > 0) {
    const rows = await session.rows<{ id: string; create: string; alter: string[] }>(
      'read definitions',
      `SELECT descriptor_id AS id, create_nofks AS create, alter_statements AS alter
       FROM crdb_internal.create_statements
       WHERE database_name = $1 AND descriptor_id = ANY ($2::INT8[])`,
      [session.place.database, relations],
    );
    for (const { id, create, alter } of rows) {
      const [first = '', ...comments] = splitStatements(relative(create));
      definitions.set(Number(id), { create: first, comments, foreignKeys: alter.map(relative) });
    }
  }
  return definitions;
}
