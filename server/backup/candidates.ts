import pMap from 'p-map';
import type { Cluster, GcWindow } from '../cluster/cluster.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { type Manifest, READ_AT_ONCE, readManifestAt } from '../format/manifest.ts';
import type { KnownPlaces } from '../restore/layers.ts';
import type { Targets } from '../statement/ast.ts';
import { type Location, parseLocation } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { resolveTargets } from './check.ts';
import type { BaseCandidate } from './selection.ts';

/** How many of the newest backups are looked at: older ones have left every usual GC window. */
const MOST_CANDIDATES = 50;

/**
 * What an incremental backup of the targets could build on, of the backups at these URLs, newest first. Backups that
 * can't be read any more or are of another cluster are left out.
 */
export async function baseCandidates(
  cluster: Cluster,
  targets: Targets,
  urls: readonly string[],
  openStore: (location: Location) => Store,
  known: KnownPlaces,
): Promise<BaseCandidate[]> {
  const [info, resolved] = await Promise.all([cluster.describe(), resolveTargets(cluster, targets)]);
  if (!info.incremental.available) return [];
  const wanted = new Set(
    resolved.objects.filter(({ kind }) => kind === 'table').map(({ name }) => nameKey(name)),
  );
  const windows = new Map<string, GcWindow>();
  for (const database of resolved.databases)
    for (const window of await cluster.gcWindows(database)) windows.set(nameKey(window.table), window);
  const read = await pMap(
    urls.slice(0, MOST_CANDIDATES),
    async (url) => {
      const location = parseLocation(url, 'bases');
      return { location, manifest: await manifestAt(location, openStore) };
    },
    { concurrency: READ_AT_ONCE },
  );
  const backups = read.flatMap(({ location, manifest }) =>
    manifest?.cluster.identity === info.identity ? [{ location, manifest }] : [],
  );
  const layers = backups.flatMap(({ manifest }) => manifest.chain);
  const places = await known.placesOf([...new Set(layers.map(({ id }) => id))]);
  const reasons = await cluster.whyNoBases(
    backups.map(({ manifest }) => manifest.moment),
    resolved.databases,
  );
  const candidates = backups.map(({ location, manifest }, index): BaseCandidate => {
    const tables = manifest.descriptors.filter(
      ({ kind, name }) => kind === 'table' && wanted.has(nameKey(name)),
    );
    const here = tables.flatMap(({ name }) => windows.get(nameKey(name)) ?? []);
    return {
      url: location.redacted,
      type: manifest.type,
      moment: manifest.moment.at,
      chain: [...manifest.chain.map((layer) => placeNow(layer, places)), location.redacted],
      tables: tables.length,
      selected: wanted.size,
      deadline: firstDeadline(manifest.moment, here),
      problem: tables.length === 0 ? 'It has none of the selected tables.' : (reasons[index] ?? null),
    };
  });
  return candidates.sort((a, b) => Date.parse(b.moment) - Date.parse(a.moment));
}

/** Where a layer is: where it was recorded, unless it is known to be elsewhere and not there. */
function placeNow(
  { id, url }: Manifest['chain'][number],
  places: ReadonlyMap<string, readonly string[]>,
): string {
  const known = places.get(id) ?? [];
  return known.includes(url) ? url : (known[0] ?? url);
}

/** Null for one that can't be read any more. */
async function manifestAt(
  location: Location,
  openStore: (location: Location) => Store,
): Promise<Manifest | null> {
  try {
    return await readManifestAt(location, openStore);
  } catch (error) {
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}

/** When the first of the tables leaves its GC window after a moment, and then can't be built on any more. */
export function firstDeadline(moment: Moment, windows: readonly GcWindow[]): BaseCandidate['deadline'] {
  const [shortest] = windows.toSorted((a, b) => a.seconds - b.seconds);
  if (shortest === undefined) return null;
  const at = new Date(Date.parse(moment.at) + shortest.seconds * 1000).toISOString();
  return { at, table: shortest.table, seconds: shortest.seconds };
}
