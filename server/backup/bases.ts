import type { ChangeBase, Cluster, ClusterInfo, TableChanges } from '../cluster/cluster.ts';
import type { Descriptor, TableDescriptor } from '../cluster/descriptor.ts';
import { type Moment, momentText } from '../cluster/moment.ts';
import { isBefore } from '../cluster/moments.ts';
import { HoldfastError } from '../errors.ts';
import { BASES, type Layer, openLayers } from '../format/chain.ts';
import type { Manifest } from '../format/manifest.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';

/** The backups that an incremental one builds on, oldest to newest, and what the cluster is asked to compare with. */
export interface Bases {
  layers: Layer[];
  newest: ChangeBase;
  /** For the manifest: redacted. */
  chain: Manifest['chain'];
}

/**
 * Opens what INCREMENTAL FROM names. Throws HoldfastError with the field `bases`: not one chain, or of another cluster.
 */
export async function openBases(
  urls: readonly string[],
  info: ClusterInfo,
  openStore: (location: Location) => Store,
): Promise<Bases> {
  if (!info.incremental.available) {
    throw new HoldfastError('unsupported', `INCREMENTAL FROM: ${info.incremental.reason}`, {
      field: 'bases',
      hint: info.incremental.remedy,
    });
  }
  const layers = await openLayers(urls, openStore, BASES);
  const last = layers.at(-1);
  if (last === undefined) throw new HoldfastError('internal', 'an incremental backup without bases');
  const { manifest } = last;
  if (manifest.cluster.kind !== info.kind || manifest.cluster.identity !== info.identity) {
    throw new HoldfastError(
      'invalid-value',
      `${last.location.redacted} is a backup of another cluster ("${manifest.cluster.name}", ${manifest.cluster.kind}, ${manifest.cluster.identity})`,
      {
        field: 'bases',
        hint: 'Build on backups of the same cluster; take a full one first where there is none, or where the cluster was made anew.',
      },
    );
  }
  return {
    layers,
    newest: {
      moment: manifest.moment,
      tables: manifest.descriptors.filter((descriptor) => descriptor.kind === 'table'),
    },
    chain: layers.map(({ location, manifest: { id, moment } }) => ({
      id,
      url: location.redacted,
      at: moment.at,
    })),
  };
}

/** How each of the tables goes into an incremental backup as of the moment. Throws what `planChanges` throws. */
export async function planLayer(
  cluster: Cluster,
  bases: Bases,
  descriptors: readonly Descriptor[],
  at: Moment,
): Promise<TableChanges[]> {
  const { moment } = bases.newest;
  if (!isBefore(moment, at)) {
    throw new HoldfastError(
      'unreadable-moment',
      `the backup's moment, ${momentText(at)}, is not after that of its newest base, ${momentText(moment)}`,
      { field: 'asOf', hint: 'Take a later moment, or leave AS OF SYSTEM TIME out.' },
    );
  }
  const tables = descriptors.filter((one): one is TableDescriptor => one.kind === 'table');
  return cluster.planChanges(bases.newest, tables, at);
}
