import type { ClusterKind } from '../../server/cluster/cluster.ts';

const KINDS: Record<ClusterKind, string> = {
  postgres: 'PostgreSQL',
  cockroachdb: 'CockroachDB',
  simulated: 'Simulation',
};

/** How a kind of cluster is called on pages. */
export function kindName(kind: ClusterKind): string {
  return KINDS[kind];
}
