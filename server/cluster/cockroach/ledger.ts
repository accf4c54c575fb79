import { HoldfastError } from '../../errors.ts';
import type { CreatedObject } from '../cluster.ts';
import type { ObjectKind } from '../descriptor.ts';
import { type ObjectName, printName, quoteIdent, sqlName } from '../names.ts';
import type { Connections } from './connections.ts';
import { clusterError, isRetryable } from './errors.ts';
import { LEDGER_COMMENT, ledgerSchema } from './ledger-names.ts';
import type { Session } from './session.ts';

/**
 * A restore's ledger: a schema of its own in the database that is restored into. `created` names objects with
 * their descriptors' ids, which are never used again; so something else that later took a name is never mistaken
 * for the restore's own. `loaded` names the files that are in.
 *
 * CockroachDB creates objects in transactions like PostgreSQL (their descriptors are rows), so an entry is made in
 * the transaction that makes what it speaks of; only DDL can't follow a write in one: entries come last.
 */

/** The statements that create a ledger; `prefix` is empty or a database's name with a dot. */
export function ledgerSql(restore: string, prefix = ''): string[] {
  const schema = `${prefix}${ledgerSchema(restore)}`;
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${schema}.created (
       number INT8 PRIMARY KEY DEFAULT unique_rowid(), kind STRING NOT NULL, schema STRING NOT NULL,
       name STRING NOT NULL, id INT8 NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${schema}.loaded (key STRING PRIMARY KEY, rows INT8)`,
    `COMMENT ON TABLE ${schema}.created IS '${LEDGER_COMMENT}'`,
  ];
}

const ATTEMPTS = 5;

/** Runs a transaction again when it failed only because of others: it left nothing behind. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.transaction('BEGIN', work);
    } catch (error) {
      if (!isRetryable(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Implements Cluster.openLedger. */
export async function openLedger(connections: Connections, database: string, restore: string): Promise<void> {
  await connections.use(database, async (session) => {
    await session.databaseId();
    if (await hasLedger(session, restore)) return;
    const doing = `open the ledger of restore ${restore}`;
    await inTransaction(session, async () => {
      for (const sql of ledgerSql(restore)) await session.run(doing, sql);
    });
  });
}

export async function hasLedger(session: Session, restore: string): Promise<boolean> {
  const rows = await session.rows(
    `look for the ledger of restore ${restore}`,
    `SELECT 1 FROM system.namespace AS s
     JOIN system.namespace AS t ON t."parentID" = s."parentID" AND t."parentSchemaID" = s.id AND t.name = 'created'
     JOIN system.comments AS c ON c.type = 1 AND c.object_id = t.id AND c.sub_id = 0
     WHERE s."parentID" = $1 AND s."parentSchemaID" = 0 AND s.name = $2 AND c.comment = $3`,
    [await session.databaseId(), ledgerSchema(restore), LEDGER_COMMENT],
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
  await session.rows(
    `note what restore ${restore} created`,
    `INSERT INTO ${ledgerSchema(restore)}.created (kind, schema, name, id)
     SELECT e.kind, e.schema, e.name, n.id
     FROM unnest($2::STRING[], $3::STRING[], $4::STRING[]) AS e (kind, schema, name)
     JOIN system.namespace AS s ON s."parentID" = $1 AND s."parentSchemaID" = 0 AND s.name = e.schema
     JOIN system.namespace AS n ON n."parentID" = $1 AND n."parentSchemaID" = s.id AND n.name = e.name`,
    [
      await session.databaseId(),
      created.map(({ kind }) => kind),
      created.map(({ name }) => name.schema),
      created.map(({ name }) => name.name),
    ],
  );
}

/** Notes a schema that this transaction has created. */
export async function noteSchema(session: Session, restore: string, schema: string): Promise<void> {
  await session.rows(
    `note what restore ${restore} created`,
    `INSERT INTO ${ledgerSchema(restore)}.created (kind, schema, name, id)
     SELECT 'schema', name, name, id FROM system.namespace
     WHERE "parentID" = $1 AND "parentSchemaID" = 0 AND name = $2`,
    [await session.databaseId(), schema],
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
  const loaded = await session.rows<{ rows: string | null }>(
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

/** Implements Cluster.closeLedger. */
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

interface Entry {
  number: string;
  kind: ObjectKind | 'schema';
  name: ObjectName;
}

/** What is dropped together: one statement minds the order among its objects, and refuses when others depend on them. */
const KINDS: [ObjectKind, string][] = [
  ['view', 'VIEW'],
  ['materialized-view', 'MATERIALIZED VIEW'],
  ['table', 'TABLE'],
  ['sequence', 'SEQUENCE'],
  ['type', 'TYPE'],
];

/**
 * Implements Cluster.undoLedger without CASCADE: where something else depends on one of the objects it fails,
 * naming that, and everything stays. Schemas go in a transaction of their own: CockroachDB 21.1 takes a schema for
 * not empty in the transaction that empties it.
 */
export async function undoLedger(
  connections: Connections,
  database: string,
  restore: string,
): Promise<boolean> {
  return ifThere(() =>
    connections.use(database, async (session) => {
      if (!(await hasLedger(session, restore))) return false;
      await inTransaction(session, () => dropObjects(session, restore));
      for (const entry of await readEntries(session, restore))
        if (entry.kind === 'schema') await dropSchema(session, entry.name.schema);
      await session.run(`undo restore ${restore}`, `DELETE FROM ${ledgerSchema(restore)}.created WHERE true`);
      return true;
    }),
  );
}

async function dropObjects(session: Session, restore: string): Promise<void> {
  const entries = await readEntries(session, restore);
  const of = (kind: ObjectKind) => entries.filter((entry) => entry.kind === kind).map(({ name }) => name);
  const dropTogether = (word: string, names: ObjectName[]) =>
    session.run(
      `drop what restore ${restore} created (${names.map(printName).join(', ')})`,
      // IF EXISTS: a sequence goes with the table that owns it.
      `DROP ${word} IF EXISTS ${names.map(sqlName).join(', ')} RESTRICT`,
    );
  for (const [kind, word] of KINDS) {
    const names = of(kind);
    // DROP TYPE of 21.1 takes several names, but no view of the two kinds at once.
    if (names.length > 0) await dropTogether(word, names);
  }
  // Writes come last: DDL can't follow them.
  const schema = ledgerSchema(restore);
  const doing = `clear the ledger of restore ${restore}`;
  await session.run(doing, `DELETE FROM ${schema}.loaded WHERE true`);
  await session.run(doing, `DELETE FROM ${schema}.created WHERE kind <> 'schema'`);
}

/** The ledger's entries whose objects are still the ones that it means, the newest first. */
async function readEntries(session: Session, restore: string): Promise<Entry[]> {
  const rows = await session.rows<{ number: string; kind: Entry['kind']; schema: string; name: string }>(
    `look into the ledger of restore ${restore}`,
    `SELECT e.number, e.kind, e.schema, e.name
     FROM ${ledgerSchema(restore)}.created AS e
     JOIN system.namespace AS s ON s."parentID" = $1 AND s."parentSchemaID" = 0 AND s.name = e.schema
     LEFT JOIN system.namespace AS n ON n."parentID" = $1 AND n."parentSchemaID" = s.id AND n.name = e.name
     WHERE CASE e.kind WHEN 'schema' THEN s.id = e.id ELSE n.id = e.id END
     ORDER BY e.number DESC`,
    [await session.databaseId()],
  );
  const { database } = session.place;
  return rows.map((row) => ({
    number: row.number,
    kind: row.kind,
    name: { database, schema: row.schema, name: row.name },
  }));
}

async function dropSchema(session: Session, schema: string): Promise<void> {
  try {
    await session.client.query(`DROP SCHEMA IF EXISTS ${quoteIdent(schema)} RESTRICT`);
  } catch (error) {
    const known = clusterError(error, session.place, `drop schema ${quoteIdent(schema)}`);
    // It isn't empty: what is in it is somebody else's.
    if (known.code !== 'missing-dependency') throw known;
  }
}
