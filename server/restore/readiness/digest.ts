import { missingDependencies } from '../../backup/dependencies.ts';
import { objectKindOf } from '../../cluster/descriptor.ts';
import type { Moment } from '../../cluster/moment.ts';
import { nameKey, type ObjectName } from '../../cluster/names.ts';
import type { Manifest } from '../../format/manifest.ts';
import { sizesByTable } from '../../format/sizes.ts';
import type { Location } from '../../storage/location.ts';
import { wasAt } from '../layers.ts';

/** What readiness keeps of a manifest: a few words a table, whatever the number of files. */
export interface LayerDigest {
  id: string;
  type: 'full' | 'incremental';
  chain: Manifest['chain'];
  /** Where it was written; null where that can't be told. */
  madeAt: Location | null;
  cluster: Manifest['cluster'];
  moment: Moment;
  jobId: string;
  /** Databases that it has whole. */
  databases: string[];
  /** By `nameKey`. */
  tables: ReadonlyMap<string, DigestTable>;
  /** What its objects need and it lacks. */
  missing: { database: string; words: string }[];
}

export interface DigestTable {
  name: ObjectName;
  /** Stored, of this layer. */
  bytes: number;
  /** This layer has every row of it, not changes alone. */
  whole: boolean;
}

export function digestOf(manifest: Manifest): LayerDigest {
  const sizes = sizesByTable(manifest);
  const changed = new Set(manifest.changes.map(({ table }) => nameKey(table)));
  const held = new Map(manifest.descriptors.map((one) => [nameKey(one.name), objectKindOf(one)]));
  const missing = missingDependencies(
    manifest.descriptors.map((one) => ({
      name: one.name,
      kind: objectKindOf(one),
      dependencies: one.dependencies,
      ownedBy: one.kind === 'sequence' ? (one.ownedBy?.table ?? null) : null,
    })),
    (name) => held.has(nameKey(name)),
    () => null,
  );
  return {
    id: manifest.id,
    type: manifest.type,
    chain: manifest.chain,
    madeAt: wasAt(manifest),
    cluster: manifest.cluster,
    moment: manifest.moment,
    jobId: manifest.jobId,
    databases: manifest.targets.databases,
    tables: new Map(
      manifest.descriptors.flatMap(({ kind, name }) => {
        if (kind !== 'table') return [];
        const key = nameKey(name);
        return [[key, { name, bytes: sizes.get(key)?.bytes ?? 0, whole: !changed.has(key) }] as const];
      }),
    ),
    missing: missing.map(({ object, consequence }) => ({ database: object.database, words: consequence })),
  };
}

/** How many stored bytes a restore of a table reads from a chain, given oldest to newest. */
export function bytesOf(layers: readonly LayerDigest[], key: string): number {
  let bytes = 0;
  for (const layer of layers.toReversed()) {
    const table = layer.tables.get(key);
    if (table === undefined) break;
    bytes += table.bytes;
    if (table.whole) break;
  }
  return bytes;
}
