import { HoldfastError } from '../../errors.ts';
import { type ClusterInfo, type DatabaseInfo, nodeId } from '../cluster.ts';
import { quoteIdent } from '../names.ts';
import type { Connections } from './connections.ts';
import type { Session } from './session.ts';

/**
 * What the cluster says of itself, and which of its nodes can be reached from here. Throws `cluster-denied` for users
 * without the admin role.
 */
export async function describeCluster(connections: Connections): Promise<ClusterInfo> {
  const info = await connections.use(connections.homeDatabase, ask);
  const direct = await connections.direct(info.nodes);
  return { ...info, nodes: info.nodes.map((node) => ({ ...node, direct: direct.has(node.id) })) };
}

async function ask(session: Session): Promise<ClusterInfo> {
  const doing = 'ask the cluster for itself';
  const [self] = await session.rows<{ version: string; identity: string; user: string; admin: boolean }>(
    doing,
    `SELECT version(), crdb_internal.cluster_id()::STRING AS identity, current_user AS user,
            crdb_internal.is_admin() AS admin`,
  );
  const version = /\bv(\d+\.\d+\S*)/.exec(self?.version ?? '')?.[1];
  if (self === undefined || version === undefined)
    throw new HoldfastError('internal', `could not ${doing} at ${session.place.address}: no version`);
  if (!self.admin)
    throw new HoldfastError(
      'cluster-denied',
      `user ${quoteIdent(self.user)} of ${session.place.address} lacks the admin role, without which ranges, nodes and users can't be read`,
      {
        hint: `GRANT admin TO ${quoteIdent(self.user)}, or register the cluster as root.`,
        field: 'cluster',
      },
    );
  // Nodes that have left the cluster for good are still gossiped for a while.
  const nodes = await session.rows<{ id: string; address: string; locality: string; live: boolean }>(
    'list the nodes',
    `SELECT n.node_id::STRING AS id, n.advertise_sql_address AS address, n.locality, n.is_live AS live
     FROM crdb_internal.gossip_nodes AS n
     LEFT JOIN crdb_internal.gossip_liveness AS l ON l.node_id = n.node_id
     WHERE l.membership IS NULL OR l.membership <> 'decommissioned'
     ORDER BY n.node_id`,
  );
  return {
    kind: 'cockroachdb',
    version,
    identity: self.identity,
    user: self.user,
    nodes: nodes.map((node) => ({ ...node, id: nodeId(node.id), direct: false })),
    asOf: { available: true },
    restore: { available: true },
    incremental: { available: true },
  };
}

/** Every database; sizes would mean asking every range of the cluster, so they are not known here. */
export async function listDatabases(session: Session): Promise<DatabaseInfo[]> {
  const rows = await session.rows<{ name: string }>(
    'list the databases',
    'SELECT name FROM crdb_internal.databases ORDER BY name',
  );
  return rows.map(({ name }) => ({ name, bytes: null, system: name === 'system' }));
}
