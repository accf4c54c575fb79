import pMap from 'p-map';
import { HoldfastError } from '../errors.ts';
import { parseLocation, type Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { linkProblem } from './links.ts';
import { READ_AT_ONCE, readManifestAt } from './manifest.ts';
import type { Manifest } from './manifest-schema.ts';

/** One backup of a chain. */
export interface Layer {
  location: Location;
  manifest: Manifest;
}

/** Where a chain was named: the form's field, and the statement's words for hints. */
export interface ChainUse {
  field: 'bases' | 'source';
  clause: 'INCREMENTAL FROM' | 'RESTORE … FROM' | 'VERIFY BACKUP';
}

export const BASES: ChainUse = { field: 'bases', clause: 'INCREMENTAL FROM' };
export const SOURCE: ChainUse = { field: 'source', clause: 'RESTORE … FROM' };
export const VERIFIED: ChainUse = { field: 'source', clause: 'VERIFY BACKUP' };

/**
 * Reads the manifests at these URLs, oldest to newest, and checks that they are one chain: a full backup and, in order,
 * incremental ones that each build on all before them. Throws HoldfastError for the use's field: what `parseLocation`
 * and `readManifest` throw, `invalid-value` for backups that don't belong together or stand in another order, and
 * `corrupt-backup` for layers that contradict each other.
 */
export async function openLayers(
  urls: readonly string[],
  openStore: (location: Location) => Store,
  use: ChainUse,
): Promise<Layer[]> {
  const locations = urls.map((url) => parseLocation(url, use.field));
  const opened = await pMap(locations, (location) => openLayer(location, openStore, use), {
    concurrency: READ_AT_ONCE,
  });
  // Of several that can't be read, the first in the chain is told of.
  const layers = opened.map((layer) => {
    if (layer instanceof HoldfastError) throw layer;
    return layer;
  });
  const problem = linkProblem(layers, use);
  if (problem !== null) throw problem;
  return layers;
}

async function openLayer(
  location: Location,
  openStore: (location: Location) => Store,
  { field }: ChainUse,
): Promise<Layer | HoldfastError> {
  try {
    return { location, manifest: await readManifestAt(location, openStore) };
  } catch (error) {
    if (error instanceof HoldfastError) return error.about(field);
    throw error;
  }
}
