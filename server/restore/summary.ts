import type { BackupSummary } from '../backup/selection.ts';
import { objectKindOf } from '../cluster/descriptor.ts';
import type { Descriptor } from '../cluster/descriptor.ts';
import { nameKey, printName } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { Manifest } from '../format/manifest.ts';

/** A backup for people: its manifest without the files and the password hashes. `url` is redacted. */
export function summaryOf(manifest: Manifest, url: string): BackupSummary {
  const sizes = new Map<string, { rows: number; bytes: number; rawBytes: number }>();
  for (const file of manifest.files) {
    const key = nameKey(file.table);
    const size = sizes.get(key) ?? { rows: 0, bytes: 0, rawBytes: 0 };
    sizes.set(key, {
      rows: size.rows + (file.kind === 'rows' ? file.rows : 0),
      bytes: size.bytes + file.bytes,
      rawBytes: size.rawBytes + file.rawBytes,
    });
  }
  const held = new Set(manifest.descriptors.map((descriptor) => nameKey(descriptor.name)));
  const ownerOf = (descriptor: Descriptor): ObjectName | null => {
    const owner = descriptor.kind === 'sequence' ? descriptor.ownedBy?.table : undefined;
    return owner !== undefined && held.has(nameKey(owner)) ? owner : null;
  };
  return {
    url,
    id: manifest.id,
    type: manifest.type,
    cluster: { name: manifest.cluster.name, kind: manifest.cluster.kind, version: manifest.cluster.version },
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
      ...(sizes.get(nameKey(descriptor.name)) ?? { rows: 0, bytes: 0, rawBytes: 0 }),
    })),
    totals: { ...manifest.totals, files: manifest.files.length },
    users: manifest.users.length,
    leftOut: manifest.leftOut.map(
      ({ object, what }) => `${object === null ? 'The backup' : printName(object)}: ${what.join(', ')}`,
    ),
  };
}
