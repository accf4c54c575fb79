import type { KnownBackup } from '../../server/imports/known.ts';

/** Known backups that build on one full backup. */
export interface KnownChain {
  root: string;
  /** Newest first. */
  backups: KnownBackup[];
  newest: KnownBackup;
}

/** Known backups, newest first, by cluster and by chain: the cluster and the chain of the newest first. */
export function byClusterAndChain(
  backups: readonly KnownBackup[],
): { cluster: string; chains: KnownChain[] }[] {
  const clusters = new Map<string, Map<string, KnownChain>>();
  for (const backup of backups) {
    const chains = clusters.get(backup.cluster) ?? new Map<string, KnownChain>();
    clusters.set(backup.cluster, chains);
    const chain = chains.get(backup.root);
    if (chain === undefined)
      chains.set(backup.root, { root: backup.root, backups: [backup], newest: backup });
    else chain.backups.push(backup);
  }
  return [...clusters].map(([cluster, chains]) => ({ cluster, chains: [...chains.values()] }));
}
