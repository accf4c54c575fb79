import { HoldfastError } from '../../errors.ts';
import type { Capability, ClusterInfo, DatabaseInfo } from '../cluster.ts';
import { THE_NODE } from './ranges.ts';
import type { Session } from './session.ts';

const NO_PAST: Capability = {
  available: false,
  reason: 'PostgreSQL keeps no past that can be read, and no snapshots of it are retained here.',
  remedy: 'Omit AS OF SYSTEM TIME: a backup is consistent as of its start.',
};

/** What each database needs besides is said by its prerequisites. */
async function readIncremental(session: Session): Promise<Capability> {
  const [row] = await session.rows<{ level: string; standby: boolean }>(
    'read settings of the server',
    `SELECT current_setting('wal_level') AS level, pg_is_in_recovery() AS standby`,
  );
  if (row?.standby === true)
    return {
      available: false,
      reason: 'The server is a standby: what changed is told by the primary.',
      remedy: 'Register the primary, or take full backups.',
    };
  if (row?.level !== 'logical')
    return {
      available: false,
      reason: `wal_level is ${row?.level}, so the WAL does not tell which rows changed since a base.`,
      remedy: 'Set wal_level = logical and restart the server; until then take full backups.',
    };
  return { available: true };
}

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
    incremental: await readIncremental(session),
    restore: { available: true },
  };
}

/** The system identifier, which initdb makes up. Where its function is denied, the address must do, and says so. */
async function readIdentity(session: Session): Promise<string> {
  try {
    const [row] = await session.rows<{ id: string }>(
      'ask for the system identifier',
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    );
    if (row !== undefined) return row.id;
  } catch (error) {
    const denied = ['cluster-denied', 'undefined-object'];
    if (!(error instanceof HoldfastError && denied.includes(error.code))) throw error;
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
