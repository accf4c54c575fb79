import type { ClusterInfo, ClusterKind, ClusterNode } from '../../server/cluster/cluster.ts';
import { plural } from '../format.ts';

const KINDS: Record<ClusterKind, string> = {
  postgres: 'PostgreSQL',
  cockroachdb: 'CockroachDB',
  simulated: 'Simulation',
};

/** How a kind of cluster is called on pages. */
export function kindName(kind: ClusterKind): string {
  return KINDS[kind];
}

/** `3 nodes up`, `2 of 3 nodes up`. */
export function nodesUp({ nodes }: Pick<ClusterInfo, 'nodes'>): string {
  const live = nodes.filter((node) => node.live).length;
  return live === nodes.length
    ? `${plural(live, 'node')} up`
    : `${live} of ${plural(nodes.length, 'node')} up`;
}

/** `node 2 (host:26257)`. */
export function nodeName({ id, address }: Pick<ClusterNode, 'id' | 'address'>): string {
  return `node ${id} (${address})`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1);
  if (last === undefined) return '';
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
