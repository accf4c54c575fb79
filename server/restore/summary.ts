import type { BackupSummary } from '../backup/selection.ts';
import { objectKindOf } from '../cluster/descriptor.ts';
import type { Descriptor } from '../cluster/descriptor.ts';
import { nameKey, printName } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { Manifest } from '../format/manifest.ts';
import { NO_ROWS, sizesByTable } from '../format/sizes.ts';

/** A backup for people: its manifest without the files and the password hashes. `url` is redacted. */
export function summaryOf(manifest: Manifest, url: string): BackupSummary {
  const sizes = sizesByTable(manifest);
  const changes = new Map(
    manifest.changes.map(({ table, method, reason }) => [nameKey(table), { method, reason }]),
  );
  const held = new Set(manifest.descriptors.map((descriptor) => nameKey(descriptor.name)));
  const ownerOf = (descriptor: Descriptor): ObjectName | null => {
    const owner = descriptor.kind === 'sequence' ? descriptor.ownedBy?.table : undefined;
    return owner !== undefined && held.has(nameKey(owner)) ? owner : null;
  };
  return {
    url,
    id: manifest.id,
    type: manifest.type,
    chain: manifest.chain,
    cluster: manifest.cluster,
    moment: manifest.moment.at,
    startedAt: manifest.startedAt,
    finishedAt: manifest.finishedAt,
    jobId: manifest.jobId,
    statement: manifest.statement,
    databases: manifest.targets.databases,
    objects: manifest.descriptors.map((descriptor) => ({
      name: descriptor.name,
      kind: objectKindOf(descriptor),
      ownedBy: ownerOf(descriptor),
      changes: changes.get(nameKey(descriptor.name)) ?? null,
      ...(sizes.get(nameKey(descriptor.name)) ?? NO_ROWS),
    })),
    totals: { ...manifest.totals, files: manifest.files.length },
    users: manifest.users.map(({ name }) => name),
    leftOut: manifest.leftOut.map(
      ({ object, what }) => `${object === null ? 'The backup' : printName(object)}: ${what.join(', ')}`,
    ),
  };
}
