import type { Extension } from '../descriptor.ts';
import type { ExtensionState } from '../cluster.ts';
import { alwaysQuote, quoteIdent } from '../names.ts';
import type { Connections } from './connections.ts';
import { noteExtensions } from './ledger.ts';

/** Implements Cluster.extensions. */
export async function listExtensions(
  connections: Connections,
  database: string | null,
): Promise<ExtensionState[]> {
  // A database that is yet to be made has none, but can have the same.
  return connections.use(database ?? connections.homeDatabase, (session) =>
    session.rows<ExtensionState>(
      'list extensions',
      `SELECT a.name::text AS name, CASE WHEN $1 THEN n.nspname END AS schema
       FROM pg_available_extensions a
       LEFT JOIN pg_extension e ON e.extname = a.name
       LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
       UNION
       SELECT e.extname, n.nspname
       FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
       WHERE $1`,
      [database !== null],
    ),
  );
}

/** Implements Cluster.createExtension: with those that it needs, and all of them noted in the ledger. */
export async function createExtension(
  connections: Connections,
  database: string,
  { name, schema }: Extension,
  restore: string,
): Promise<void> {
  const doing = `create extension ${quoteIdent(name)}`;
  await connections.use(database, async (session) => {
    await session.run(doing, 'BEGIN');
    await session.run(
      doing,
      `CREATE EXTENSION IF NOT EXISTS ${alwaysQuote(name)} SCHEMA ${alwaysQuote(schema)} CASCADE`,
    );
    await noteExtensions(session, restore);
    await session.run(doing, 'COMMIT');
  });
}
