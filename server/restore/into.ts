import type { ClusterInfo, ClusterKind } from '../cluster/cluster.ts';
import { HoldfastError } from '../errors.ts';

/** Why nothing of a backup of that kind of cluster can be restored into this one; null when it can. */
export function whyNotInto({ kind, restore }: ClusterInfo, of: ClusterKind): HoldfastError | null {
  if (!restore.available)
    return new HoldfastError('unsupported', `nothing can be restored into this cluster: ${restore.reason}`, {
      field: 'cluster',
      hint: restore.remedy,
    });
  // DDL and rows of a simulated cluster are PostgreSQL's.
  const runs = of === 'simulated' ? 'postgres' : of;
  if (kind === runs) return null;
  return new HoldfastError('unsupported', `a backup of ${of} can't be restored into ${kind}`, {
    field: 'cluster',
    hint: `Choose a cluster that runs ${runs}.`,
  });
}
