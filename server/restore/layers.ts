import pMap from 'p-map';
import { problemOf } from '../backup/check.ts';
import type { ChainLayer } from '../backup/selection.ts';
import { HoldfastError } from '../errors.ts';
import { READ_AT_ONCE, readManifestAt } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import { destinationNamedIn } from '../statement/bases.ts';
import { lent } from '../storage/lending.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { besideAsBefore, isSamePlace } from '../storage/within.ts';

type OpenStore = (location: Location) => Store;

/** Knows where else backups are, by the ids of their manifests. */
export interface KnownPlaces {
  /** URLs without credentials. */
  placesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** Knows of none. */
export const NOWHERE_ELSE: KnownPlaces = { placesOf: () => Promise.resolve(new Map()) };

/**
 * The chain that the backup at this URL ends, oldest to newest, itself last. Its manifest recorded where each layer was when it
 * was made. Those of a backup that lies elsewhere now are looked for in the same places beside it first: whoever opens a copy
 * means the copy. Last they are looked for where they are known to be. A layer that is nowhere, or in whose place there
 * is another backup, says so in `problem`. Throws only for the backup itself: what `parseLocation` and `readManifest` throw.
 */
export async function recordedLayers(
  url: string,
  openStore: OpenStore,
  known: KnownPlaces = NOWHERE_ELSE,
): Promise<ChainLayer[]> {
  const location = parseLocation(url, 'source');
  const manifest = await readManifestAt(location, openStore);
  let asked: ReturnType<KnownPlaces['placesOf']> | null = null;
  const placesOf = async (id: string): Promise<readonly string[]> => {
    asked ??= known.placesOf(manifest.chain.map((layer) => layer.id));
    return (await asked).get(id) ?? [];
  };
  const newest: Newest = { location, was: wasAt(manifest), openStore, placesOf };
  const layers = await pMap(manifest.chain, (recorded, place) => findLayer(recorded, place, newest), {
    concurrency: READ_AT_ONCE,
  });
  return [...layers, layerOf(manifest, location.redacted)];
}

/**
 * The URLs of all backups that one at this URL needs, oldest to newest, itself last. Throws HoldfastError with the field
 * `source`, naming the layer that isn't where it was.
 */
export async function wholeChain(
  url: string,
  openStore: OpenStore,
  known: KnownPlaces = NOWHERE_ELSE,
): Promise<string[]> {
  if (url.trim() === '') return [url];
  const layers = await recordedLayers(url, openStore, known);
  const place = layers.findIndex(({ problem }) => problem !== null);
  const lost = layers[place];
  if (lost === undefined || lost.problem === null) {
    // The last as it was given: it may carry what opens it.
    return [...layers.slice(0, -1).map((layer) => layer.url), url];
  }
  throw new HoldfastError(
    lost.problem.code,
    `layer ${place + 1} of ${layers.length} of the chain, the ${lost.type} backup that was at ${lost.url}, can't be used: ${lost.problem.message}`,
    {
      field: 'source',
      hint:
        place === 0
          ? 'Bring it back there: without the full backup nothing of this chain can be restored. Where it is elsewhere now, import it from there.'
          : 'Bring it back there, or restore as of a layer before it. Where it is elsewhere now, import it from there.',
    },
  );
}

/**
 * The URLs of the chain that the backup at this URL ends, oldest to newest, wherever its layers are found; where one isn't, its
 * recorded URL. The URL alone where the manifest is damaged. Throws as `recordedLayers` does otherwise.
 */
export async function chainUrls(
  url: string,
  openStore: OpenStore,
  known: KnownPlaces = NOWHERE_ELSE,
): Promise<string[]> {
  try {
    const layers = await recordedLayers(url, openStore, known);
    return [...layers.slice(0, -1).map((layer) => layer.url), url];
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'corrupt-backup') return [url];
    throw error;
  }
}

/** The backup that ends a chain, and what its layers are looked for with. */
interface Newest {
  location: Location;
  /** Where it was written; null where that can't be told. */
  was: Location | null;
  openStore: OpenStore;
  placesOf: (id: string) => Promise<readonly string[]>;
}

/** The backup's own URL when it was made: its statement names it. */
export function wasAt({ statement }: Pick<Manifest, 'statement'>): Location | null {
  const url = destinationNamedIn(statement);
  if (url === null) return null;
  try {
    return parseLocation(url);
  } catch {
    return null;
  }
}

async function findLayer(
  { id, url, at }: Manifest['chain'][number],
  place: number,
  newest: Newest,
): Promise<ChainLayer> {
  let problem: HoldfastError | null = null;
  try {
    for await (const candidate of candidates(id, url, newest)) {
      const found = await readLayer(id, candidate, newest);
      if (!(found instanceof HoldfastError)) return found;
      // What is told of is where it was recorded, wherever else it was looked for.
      if (problem === null || candidate.redacted === url) problem = found;
    }
  } catch (error) {
    // A recorded URL that is none.
    if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
    problem = error;
  }
  const type = place === 0 ? 'full' : 'incremental';
  problem ??= new HoldfastError('undefined-backup', `there is no backup at ${url}`, { field: 'source' });
  return {
    id,
    url,
    type,
    moment: null,
    at: at ?? null,
    rows: null,
    bytes: null,
    problem: problemOf(problem),
  };
}

/** Where a layer is looked for, the likeliest first. Throws `location-invalid` for a recorded URL that is none. */
export async function* candidates(
  id: string,
  url: string,
  newest: Omit<Newest, 'openStore'>,
): AsyncGenerator<Location> {
  const { location, was } = newest;
  // Recorded URLs say nothing of credentials: those of the backup itself open what lies beside it.
  const recorded = lent(parseLocation(url, 'source'), location);
  const beside = was === null || isSamePlace(was, location) ? null : besideAsBefore(location, was, recorded);
  if (beside !== null) yield beside;
  yield recorded;
  for (const other of await newest.placesOf(id)) yield lent(parseLocation(other, 'source'), location);
}

/** The layer, if it is there; else why not. */
async function readLayer(
  id: string,
  location: Location,
  { openStore }: Newest,
): Promise<ChainLayer | HoldfastError> {
  try {
    const manifest = await readManifestAt(location, openStore);
    if (manifest.id === id) return layerOf(manifest, location.redacted);
    return new HoldfastError(
      'undefined-backup',
      `another backup is at ${location.redacted} now (${manifest.id} instead of ${id})`,
      { hint: 'Bring the one back that the chain was built on.', field: 'source' },
    );
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
    return error;
  }
}

function layerOf({ id, type, moment, totals }: Manifest, url: string): ChainLayer {
  return {
    id,
    url,
    type,
    moment: moment.at,
    at: moment.at,
    rows: totals.rows,
    bytes: totals.bytes,
    problem: null,
  };
}
