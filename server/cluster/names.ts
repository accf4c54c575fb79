import { z } from 'zod';

/** Where an object is: every object of every kind of cluster has these three parts. */
export const objectNameSchema = z.object({
  database: z.string().min(1),
  schema: z.string().min(1),
  name: z.string().min(1),
});
export type ObjectName = z.infer<typeof objectNameSchema>;

/** One string a name, for maps and sets. Injective: names may contain dots and quotes. */
export function nameKey(name: ObjectName): string {
  return JSON.stringify([name.database, name.schema, name.name]);
}

const PLAIN = /^[a-z_][a-z0-9_]*$/;

/** An identifier as PostgreSQL and CockroachDB read it back: quoted unless plain lower case. Always safe in SQL. */
export function quoteIdent(identifier: string): string {
  return PLAIN.test(identifier) && !RESERVED.has(identifier) ? identifier : alwaysQuote(identifier);
}

/** An identifier in quotes, whatever it is. */
export function alwaysQuote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** `db.schema.name`, quoted where needed: for statements, messages and pages. */
export function printName(name: ObjectName): string {
  return [name.database, name.schema, name.name].map(quoteIdent).join('.');
}

/** `"schema"."name"`: for SQL sent to a connection of the object's own database. */
export function sqlName(name: ObjectName): string {
  return `${alwaysQuote(name.schema)}.${alwaysQuote(name.name)}`;
}

/**
 * Words that can't stand bare where a name is expected: PostgreSQL's reserved words
 * (https://www.postgresql.org/docs/current/sql-keywords-appendix.html) and the words of our own statements.
 */
const RESERVED = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation ' +
    'column concurrently constraint create cross current_catalog current_date current_role current_schema current_time ' +
    'current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze ' +
    'from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit ' +
    'localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references ' +
    'returning right select session_user similar some symmetric system_user table tablesample then to trailing true union ' +
    'unique user using variadic verbose when where window with database incremental'
  ).split(' '),
);
