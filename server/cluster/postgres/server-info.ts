import type { Capability, ClusterInfo, DatabaseInfo } from '../cluster.ts';
import { THE_NODE } from './ranges.ts';
import { stateOf } from './errors.ts';
import type { Session } from './session.ts';

const NO_PAST: Capability = {
  available: false,
  reason: 'PostgreSQL keeps no past that can be read, and no snapshots of it are retained here.',
  remedy: 'Omit AS OF SYSTEM TIME: a backup is consistent as of its start.',
};

const INCREMENTAL: Capability = {
  available: false,
  reason: 'Changes of PostgreSQL tables are not tracked yet, so what changed since a base is not known.',
  remedy: 'Take full backups.',
};

/** What the server says of itself; needs no privilege. */
export async function describeServer(session: Session, asOf: Capability = NO_PAST): Promise<ClusterInfo> {
  const { address, user } = session.place;
  return {
    kind: 'postgres',
    version: session.server.versionText,
    identity: await readIdentity(session),
    user,
    nodes: [{ id: THE_NODE, address, locality: '', live: true, direct: true }],
    asOf,
    incremental: INCREMENTAL,
    restore: { available: true },
  };
}

/** The system identifier, which initdb makes up. Where its function is denied, the address must do, and says so. */
async function readIdentity(session: Session): Promise<string> {
  try {
    const { rows } = await session.client.query<{ id: string }>(
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    );
    if (rows[0] !== undefined) return rows[0].id;
  } catch (error) {
    if (stateOf(error) !== '42501' && stateOf(error) !== '42883') throw error;
  }
  return `${session.place.address} (pg_control_system() is denied to ${session.place.user})`;
}

/** Databases that can be connected to, but templates. */
export async function listDatabases(session: Session): Promise<DatabaseInfo[]> {
  const rows = await session.rows<{ name: string; bytes: string | null }>(
    'list the databases',
    `SELECT datname AS name,
            CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid)::text END AS bytes
     FROM pg_database
     WHERE datallowconn AND NOT datistemplate
     ORDER BY datname`,
  );
  return rows.map(({ name, bytes }) => ({
    name,
    bytes: bytes === null ? null : Number(bytes),
    // The one that initdb makes for tools to connect to.
    system: name === 'postgres',
  }));
}
