import type { ObjectKind } from '../descriptor.ts';
import { type ObjectName, printName, quoteIdent, sqlName } from '../names.ts';
import { clusterError, stateOf } from './errors.ts';
import type { Session } from './session.ts';

/** Something that a restore's ledger names. */
export interface Entry {
  kind: ObjectKind | 'schema' | 'extension';
  name: ObjectName;
}

/** A function in SQL: its name has the types of its arguments and is SQL already. */
export function functionSql(name: ObjectName): string {
  return `${quoteIdent(name.schema)}.${name.name}`;
}

interface Drop {
  sql: string;
  /** For an error. */
  names: ObjectName[];
}

/**
 * The statements that drop these objects. Tables go in one, which minds the order among them, and so do sequences, after
 * them: IF EXISTS, as a sequence goes with the table that owns it.
 */
function dropsOf(entries: Entry[]): Drop[] {
  const namesOf = (kind: Entry['kind']) =>
    entries.filter((entry) => entry.kind === kind).map(({ name }) => name);
  const drop = (word: string, names: ObjectName[]): Drop[] =>
    names.length === 0
      ? []
      : [{ sql: `DROP ${word} IF EXISTS ${names.map(sqlName).join(', ')} RESTRICT`, names }];
  const each = (word: string, names: ObjectName[]) => names.flatMap((name) => drop(word, [name]));
  return [
    ...entries.flatMap(({ kind, name }) =>
      kind === 'view' || kind === 'materialized-view'
        ? drop(kind === 'view' ? 'VIEW' : 'MATERIALIZED VIEW', [name])
        : [],
    ),
    ...drop('TABLE', namesOf('table')),
    ...each('TYPE', namesOf('type')),
    ...each('COLLATION', namesOf('collation')),
    ...namesOf('function').map((name) => ({
      sql: `DROP FUNCTION IF EXISTS ${functionSql(name)} RESTRICT`,
      names: [name],
    })),
    ...drop('SEQUENCE', namesOf('sequence')),
    ...namesOf('extension').map((name) => ({
      sql: `DROP EXTENSION IF EXISTS ${quoteIdent(name.name)} RESTRICT`,
      names: [name],
    })),
  ];
}

/**
 * Drops what a ledger names, without CASCADE: one after the other, those in need of another's going first once more
 * after the others, until none is left. Throws, naming it, where something else depends on one of them.
 */
export async function dropAll(session: Session, entries: Entry[]): Promise<void> {
  let left = dropsOf(entries);
  while (left.length > 0) {
    const kept: Drop[] = [];
    let refusal: unknown;
    for (const drop of left) {
      const failure = await tryTo(session, drop.sql);
      if (failure === null) continue;
      refusal = clusterError(failure, session.place, `drop ${drop.names.map(printName).join(', ')}`);
      if (stateOf(failure) !== DEPENDENTS) throw refusal;
      kept.push(drop);
    }
    if (kept.length === left.length && !(await breakCircles(session, entries))) throw refusal;
    left = kept;
  }
}

/** A table's index may call a function whose argument is a row of that table: then the index goes first. */
async function breakCircles(session: Session, entries: Entry[]): Promise<boolean> {
  const tables = entries.filter(({ kind }) => kind === 'table').map(({ name }) => sqlName(name));
  const parts = await session.rows<{ sql: string }>(
    'look for what calls functions',
    `SELECT DISTINCT CASE WHEN i.indexrelid IS NOT NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
                          WHEN k.oid IS NOT NULL
                          THEN format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
                          ELSE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', a.attrelid::regclass, a.attname)
                     END AS sql
     FROM pg_depend d
     LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
     LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
     LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
     LEFT JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum AND a.attgenerated = ''
     WHERE d.refclassid = 'pg_proc'::regclass
       AND coalesce(i.indrelid, k.conrelid, a.attrelid) IN (SELECT to_regclass(name)::oid FROM unnest($1::text[]) name)`,
    [tables],
  );
  let broken = false;
  for (const { sql } of parts) if ((await tryTo(session, sql)) === null) broken = true;
  return broken;
}

/** dependent_objects_still_exist */
export const DEPENDENTS = '2BP01';

/** Runs a statement that may fail without ending the transaction. Answers what it failed with, or null. */
export async function tryTo(session: Session, sql: string): Promise<unknown> {
  await session.run('set a savepoint', 'SAVEPOINT attempt');
  try {
    await session.client.query(sql);
    return null;
  } catch (error) {
    await session.run('return to a savepoint', 'ROLLBACK TO SAVEPOINT attempt');
    return error;
  } finally {
    await session.run('release a savepoint', 'RELEASE SAVEPOINT attempt');
  }
}
