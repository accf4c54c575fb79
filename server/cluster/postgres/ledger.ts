import { createHash } from 'node:crypto';
import { HoldfastError } from '../../errors.ts';
import type { CreatedObject } from '../cluster.ts';
import { quoteIdent, sqlName } from '../names.ts';
import type { Connections } from './connections.ts';
import { clusterError, stateOf } from './errors.ts';
import { DEPENDENTS, dropAll, type Entry, functionSql, tryTo } from './ledger-drops.ts';
import type { Session } from './session.ts';

/**
 * A restore's ledger: a schema of its own in the database that is restored into. `created` names objects with
 * their oids, so that something else that later took a name is never mistaken for the restore's own; `loaded`
 * names the files that are in. Every entry is made in the transaction that makes what it speaks of.
 */
const LEDGER_COMMENT = 'ledger of a restore by Holdfast; gone when the restore has ended';

/** Schemas that are ledgers, as a condition on a row of pg_namespace; they are nobody's data. */
export function isLedgerSql(namespace: string): string {
  return `(${namespace}.nspname ~ '^holdfast_restore_[0-9]+$'
           AND coalesce(obj_description(${namespace}.oid, 'pg_namespace') = '${LEDGER_COMMENT}', false))`;
}

/** The ledger's schema. `restore` is a number, so nothing of it needs quoting. */
function ledgerSchema(restore: string): string {
  if (!/^\d{1,30}$/.test(restore))
    throw new HoldfastError('internal', `'${restore}' is not a restore's number`);
  return `holdfast_restore_${restore}`;
}

/** What a database is called until it has its ledger: then a rename makes it appear, whole. */
export function unfinishedDatabase(name: string, restore: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${ledgerSchema(restore)}_${hash}`;
}

/** Creates the ledger unless it is there. */
export async function createLedger(session: Session, restore: string): Promise<void> {
  const schema = ledgerSchema(restore);
  await session.run(
    `open the ledger of restore ${restore}`,
    `BEGIN;
     SELECT pg_advisory_xact_lock(hashtextextended('${schema}', 0));
     CREATE SCHEMA IF NOT EXISTS ${schema};
     COMMENT ON SCHEMA ${schema} IS '${LEDGER_COMMENT}';
     CREATE TABLE IF NOT EXISTS ${schema}.created (
       number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       kind text NOT NULL, schema text NOT NULL, name text NOT NULL, oid oid NOT NULL);
     CREATE TABLE IF NOT EXISTS ${schema}.loaded (key text PRIMARY KEY, rows bigint);
     COMMIT`,
  );
}

export async function hasLedger(session: Session, restore: string): Promise<boolean> {
  const rows = await session.rows(
    `look for the ledger of restore ${restore}`,
    `SELECT FROM pg_namespace n WHERE n.nspname = $1 AND ${isLedgerSql('n')}`,
    [ledgerSchema(restore)],
  );
  return rows.length > 0;
}

/** Notes objects that this transaction has created; names that it hasn't are passed over. */
export async function noteCreated(
  session: Session,
  restore: string,
  created: CreatedObject[],
): Promise<void> {
  if (created.length === 0) return;
  const entries = created.map(({ kind, name }) => ({
    kind,
    schema: name.schema,
    name: name.name,
    // A function's name is SQL already.
    sql: kind === 'function' ? functionSql(name) : sqlName(name),
  }));
  await session.rows(
    `note what restore ${restore} created`,
    `INSERT INTO ${ledgerSchema(restore)}.created (kind, schema, name, oid)
     SELECT e.kind, e.schema, e.name, o.oid
     FROM jsonb_to_recordset($1::jsonb) AS e (kind text, schema text, name text, sql text)
     CROSS JOIN LATERAL (SELECT CASE e.kind WHEN 'type' THEN to_regtype(e.sql)::oid
                                            WHEN 'function' THEN to_regprocedure(e.sql)::oid
                                            WHEN 'collation' THEN to_regcollation(e.sql)::oid
                                            ELSE to_regclass(e.sql)::oid END AS oid) o
     WHERE o.oid IS NOT NULL`,
    [JSON.stringify(entries)],
  );
}

/** Notes the extensions that this transaction has created. */
export async function noteExtensions(session: Session, restore: string): Promise<void> {
  await session.rows(
    `note what restore ${restore} created`,
    `INSERT INTO ${ledgerSchema(restore)}.created (kind, schema, name, oid)
     SELECT 'extension', n.nspname, e.extname, e.oid
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.xmin = pg_current_xact_id()::xid`,
  );
}

/** Notes a schema that this transaction has created. */
export async function noteSchema(session: Session, restore: string, schema: string): Promise<void> {
  await session.rows(
    `note what restore ${restore} created`,
    `INSERT INTO ${ledgerSchema(restore)}.created (kind, schema, name, oid)
     SELECT 'schema', nspname, nspname, oid FROM pg_namespace WHERE nspname = $1`,
    [schema],
  );
}

/**
 * Claims a file for this transaction; waits for another one that is loading it. Answers the rows of a file that
 * is in already, else null: then load it, and `noteLoaded` in the same transaction.
 */
export async function claimFile(session: Session, restore: string, key: string): Promise<number | null> {
  const doing = `look into the ledger of restore ${restore}`;
  const schema = ledgerSchema(restore);
  const claimed = await session.rows(
    doing,
    `INSERT INTO ${schema}.loaded (key) VALUES ($1) ON CONFLICT DO NOTHING RETURNING key`,
    [key],
  );
  if (claimed.length > 0) return null;
  const loaded = await session.rows<{ rows: string }>(
    doing,
    `SELECT rows FROM ${schema}.loaded WHERE key = $1`,
    [key],
  );
  return Number(loaded[0]?.rows ?? 0);
}

export async function noteLoaded(
  session: Session,
  restore: string,
  key: string,
  rows: number,
): Promise<void> {
  await session.rows(
    `note a file in the ledger of restore ${restore}`,
    `UPDATE ${ledgerSchema(restore)}.loaded SET rows = $2 WHERE key = $1`,
    [key, rows],
  );
}

export async function openLedger(connections: Connections, database: string, restore: string): Promise<void> {
  await connections.use(database, (session) => createLedger(session, restore));
}

export async function closeLedger(
  connections: Connections,
  database: string,
  restore: string,
): Promise<void> {
  await ifThere(() =>
    connections.use(database, async (session) => {
      if (await hasLedger(session, restore))
        await session.run(
          `close the ledger of restore ${restore}`,
          `DROP SCHEMA IF EXISTS ${ledgerSchema(restore)} CASCADE`,
        );
      return true;
    }),
  );
}

/** Answers false where the database isn't there. */
async function ifThere(work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'undefined-database') return false;
    throw error;
  }
}

/**
 * Implements Cluster.undoLedger, in one transaction and without CASCADE: where something else depends on one of the
 * objects it fails, naming that, and everything stays.
 */
export async function undoLedger(
  connections: Connections,
  database: string,
  restore: string,
): Promise<boolean> {
  return ifThere(() =>
    connections.use(database, async (session) => {
      if (!(await hasLedger(session, restore))) return false;
      await session.run('start a transaction', 'BEGIN');
      const entries = await takeEntries(session, restore);
      await dropAll(session, entries);
      for (const { kind, name } of entries) if (kind === 'schema') await dropSchema(session, name.schema);
      await session.run('commit', 'COMMIT');
      return true;
    }),
  );
}

/** The ledger's entries whose objects are still the ones that it means, taken out of it. */
async function takeEntries(session: Session, restore: string): Promise<Entry[]> {
  const schema = ledgerSchema(restore);
  const doing = `look into the ledger of restore ${restore}`;
  await session.run(doing, `LOCK TABLE ${schema}.created, ${schema}.loaded; TRUNCATE ${schema}.loaded`);
  const rows = await session.rows<{ kind: Entry['kind']; schema: string; name: string }>(
    doing,
    `WITH taken AS (DELETE FROM ${schema}.created RETURNING *)
     SELECT t.kind, t.schema, t.name
     FROM taken t
     LEFT JOIN pg_namespace n ON n.nspname = t.schema
     WHERE CASE t.kind WHEN 'schema' THEN n.oid = t.oid
       WHEN 'type' THEN EXISTS (SELECT FROM pg_type y
         WHERE y.oid = t.oid AND y.typnamespace = n.oid AND y.typname = t.name)
       WHEN 'collation' THEN EXISTS (SELECT FROM pg_collation y
         WHERE y.oid = t.oid AND y.collnamespace = n.oid AND y.collname = t.name)
       WHEN 'extension' THEN EXISTS (SELECT FROM pg_extension x WHERE x.oid = t.oid AND x.extname = t.name)
       WHEN 'function' THEN EXISTS (SELECT FROM pg_proc p
         WHERE p.oid = t.oid AND p.pronamespace = n.oid AND starts_with(t.name, quote_ident(p.proname) || '('))
       ELSE EXISTS (SELECT FROM pg_class c
         WHERE c.oid = t.oid AND c.relnamespace = n.oid AND c.relname = t.name) END
     ORDER BY t.number DESC`,
  );
  const { database } = session.place;
  return rows.map((row) => ({ kind: row.kind, name: { database, schema: row.schema, name: row.name } }));
}

async function dropSchema(session: Session, schema: string): Promise<void> {
  const failure = await tryTo(session, `DROP SCHEMA IF EXISTS ${quoteIdent(schema)} RESTRICT`);
  // It isn't empty: what is in it is somebody else's.
  if (failure !== null && stateOf(failure) !== DEPENDENTS)
    throw clusterError(failure, session.place, `drop schema ${quoteIdent(schema)}`);
}
