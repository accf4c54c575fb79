import { randomUUID } from 'node:crypto';
import type { ClusterInfo, ClusterUser, TableChanges } from '../cluster/cluster.ts';
import type { Descriptor } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey, type ObjectName } from '../cluster/names.ts';
import { FORMAT_VERSION, totalsOf } from '../format/manifest.ts';
import type { DataFile, Manifest, UnsignedManifest } from '../format/manifest.ts';
import { HOLDFAST_VERSION } from '../version.ts';

/** Everything that a manifest tells of one backup. */
export interface FinishedBackup {
  jobId: string;
  statement: string;
  cluster: { name: string; info: ClusterInfo };
  moment: Moment;
  startedAt: Date;
  finishedAt: Date;
  wholeDatabases: string[];
  objects: ObjectName[];
  descriptors: Descriptor[];
  files: DataFile[];
  /** What it builds on, oldest to newest; empty for a full backup. */
  chain: Manifest['chain'];
  /** The tables that `files` have only the changes of. */
  changes: Manifest['changes'];
  users: ClusterUser[];
  leftOut: Manifest['leftOut'];
}

/** What became of the plan: a table that was to be followed may have been `compared` with the base, and why. */
export function changesAsDone(
  planned: readonly TableChanges[],
  compared: readonly { table: ObjectName; reason: string }[],
): TableChanges[] {
  const reasons = new Map(compared.map(({ table, reason }) => [nameKey(table), reason]));
  return planned.map((change) => {
    const reason = reasons.get(nameKey(change.table));
    return reason === undefined ? change : { ...change, method: 'comparison', reason };
  });
}

/** The manifest of a finished backup. Writing it is what makes the directory a backup. */
export function manifestOf(backup: FinishedBackup): UnsignedManifest {
  return {
    formatVersion: FORMAT_VERSION,
    holdfastVersion: HOLDFAST_VERSION,
    id: randomUUID(),
    type: backup.chain.length === 0 ? 'full' : 'incremental',
    chain: backup.chain,
    cluster: {
      name: backup.cluster.name,
      kind: backup.cluster.info.kind,
      version: backup.cluster.info.version,
      identity: backup.cluster.info.identity,
    },
    moment: backup.moment,
    startedAt: backup.startedAt.toISOString(),
    finishedAt: backup.finishedAt.toISOString(),
    jobId: backup.jobId,
    statement: backup.statement,
    targets: { databases: backup.wholeDatabases, objects: backup.objects },
    descriptors: backup.descriptors,
    files: backup.files,
    changes: backup.changes,
    users: backup.users,
    leftOut: backup.leftOut,
    totals: totalsOf(backup.files),
  };
}
