import { open, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { RestoreGround, SchemaName } from '../cluster.ts';
import type { Connections } from './connections.ts';
import type { Session } from './session.ts';

/** As of Cluster. */
export async function restoreGround(
  connections: Connections,
  into: readonly SchemaName[],
): Promise<RestoreGround> {
  const { createsDatabases, freeBytes } = await connections.use(
    connections.homeDatabase,
    async (session) => ({
      createsDatabases: await mayCreateDatabases(session),
      freeBytes: await freeBytesOf(session),
    }),
  );
  const closed: RestoreGround['closed'] = [];
  for (const database of new Set(into.map((each) => each.database))) {
    const schemas = into.filter((each) => each.database === database).map(({ schema }) => schema);
    closed.push(...(await connections.use(database, (session) => closedIn(session, database, schemas))));
  }
  return { createsDatabases, closed, freeBytes };
}

async function mayCreateDatabases(session: Session): Promise<boolean> {
  const [row] = await session.rows<{ may: boolean }>(
    'ask what the user may do',
    'SELECT rolsuper OR rolcreatedb AS may FROM pg_catalog.pg_roles WHERE rolname = current_user',
  );
  return row?.may === true;
}

/** Of a database, itself where schemas can't be created in it, as each restore does; and those of its schemas that are closed. */
async function closedIn(
  session: Session,
  database: string,
  schemas: readonly string[],
): Promise<RestoreGround['closed']> {
  const rows = await session.rows<{ schema: string | null }>(
    'ask what the user may do',
    `SELECT NULL AS schema WHERE NOT has_database_privilege(current_database(), 'CREATE')
     UNION ALL
     SELECT nspname FROM pg_catalog.pg_namespace
     WHERE nspname = ANY ($1::text[]) AND NOT has_schema_privilege(oid, 'CREATE')`,
    [[...new Set(schemas)]],
  );
  return rows.map(({ schema }) => ({ database, schema }));
}

/**
 * Of a server on this machine, as the embedded one is: the free bytes of the file system that its data directory is on. That it is
 * this server's directory is told by the system identifier, which `pg_control` begins with
 * (https://doxygen.postgresql.org/structControlFileData.html). Null for all others.
 */
async function freeBytesOf(session: Session): Promise<number | null> {
  if (!session.server.superuser) return null;
  const [row] = await session.rows<{ directory: string; identity: string }>(
    'ask for the data directory',
    `SELECT current_setting('data_directory') AS directory, system_identifier::text AS identity
     FROM pg_control_system()`,
  );
  if (row === undefined || (await identityIn(row.directory)) !== row.identity) return null;
  const { bavail, bsize } = await statfs(row.directory);
  return bavail * bsize;
}

/** Null where there is no data directory that we may read. */
async function identityIn(directory: string): Promise<string | null> {
  try {
    const file = await open(path.join(directory, 'global', 'pg_control'));
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
      return bytesRead === 8 ? buffer.readBigUInt64LE().toString() : null;
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
