import type { ClusterInfo } from '../../cluster/cluster.ts';
import type { ClusterOverview } from '../../metadata/clusters.ts';
import type { Examined, Group } from './examine.ts';
import type { SourceFacts } from './facts.ts';

/** A cluster that backups are of, or that is registered. */
export interface Source {
  /** The cluster's identity, or its name where nothing tells that. */
  key: string;
  name: string;
  state: SourceFacts;
  /** What it says of itself; null where it isn't up. */
  info: ClusterInfo | null;
  groups: Group[];
}

/**
 * Which cluster each backup is of. A cluster is told by its identity: a new one of an old name is another, and one that is registered
 * twice is one. Of a cluster that doesn't answer its name is all there is.
 */
export function sourcesOf(groups: readonly Group[], registered: readonly ClusterOverview[]): Source[] {
  const sources = new Map<string, Source>();
  const down = new Map<string, string>();
  for (const cluster of registered) {
    if (cluster.status === 'down') down.set(cluster.name, cluster.error.message);
    else if (!sources.has(cluster.info.identity))
      sources.set(cluster.info.identity, {
        key: cluster.info.identity,
        name: cluster.name,
        state: { state: 'up' },
        info: cluster.info,
        groups: [],
      });
  }
  const identities = identitiesByName(groups, registered);
  for (const group of groups) {
    const name = group.members[0]?.cluster ?? '';
    const identity = identityOf(group) ?? identities.get(name);
    const key = identity ?? name;
    const why = down.get(name);
    const source = sources.get(key) ?? {
      key,
      name,
      state: why === undefined ? { state: 'gone' } : { state: 'down', why },
      info: null,
      groups: [],
    };
    source.groups.push(group);
    sources.set(key, source);
  }
  for (const [name, why] of down)
    if (![...sources.values()].some((source) => source.name === name))
      sources.set(JSON.stringify([name]), {
        key: name,
        name,
        state: { state: 'down', why },
        info: null,
        groups: [],
      });
  return [...sources.values()];
}

/** Of backups that can't be read only the name of their cluster is known: it is the one that goes by that name. */
function identitiesByName(
  groups: readonly Group[],
  registered: readonly ClusterOverview[],
): Map<string, string> {
  const identities = new Map<string, string>();
  for (const group of groups) {
    const identity = identityOf(group);
    const name = group.members[0]?.cluster;
    if (identity !== null && name !== undefined && !identities.has(name)) identities.set(name, identity);
  }
  for (const cluster of registered)
    if (cluster.status === 'up') identities.set(cluster.name, cluster.info.identity);
  return identities;
}

function identityOf({ examined }: Group): string | null {
  const read = examined.find((one: Examined) => one.digests.length > 0);
  return read?.digests[0]?.cluster.identity ?? null;
}
