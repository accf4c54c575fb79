import pMap from 'p-map';
import { problemOf } from '../backup/check.ts';
import type { ChainLayer } from '../backup/selection.ts';
import { HoldfastError } from '../errors.ts';
import { READ_AT_ONCE, readManifestAt } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import { lent } from '../storage/lending.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';

type OpenStore = (location: Location) => Store;

/**
 * The chain that the backup at this URL ends, oldest to newest, as its manifest recorded it; itself last. A layer that
 * can't be read any more, or in whose place there is another backup, says so in `problem`. Throws only for the backup
 * itself: what `parseLocation` and `readManifest` throw.
 */
export async function recordedLayers(url: string, openStore: OpenStore): Promise<ChainLayer[]> {
  const location = parseLocation(url, 'source');
  const manifest = await readManifestAt(location, openStore);
  // Recorded URLs say nothing of credentials: those of the backup itself open what lies beside it.
  const open: OpenStore = (one) => openStore(lent(one, location));
  const layers = await pMap(manifest.chain, (recorded, place) => recordedLayer(recorded, place, open), {
    concurrency: READ_AT_ONCE,
  });
  return [...layers, layerOf(manifest, location.redacted)];
}

/**
 * The URLs of all backups that one at this URL needs, oldest to newest, itself last. Throws HoldfastError with the field
 * `source`, naming the layer that isn't where it was.
 */
export async function wholeChain(url: string, openStore: OpenStore): Promise<string[]> {
  if (url.trim() === '') return [url];
  const layers = await recordedLayers(url, openStore);
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
          ? 'Bring it back there: without the full backup nothing of this chain can be restored. Where it is elsewhere now, name all layers in a RESTORE … FROM statement with psql.'
          : 'Bring it back there, or restore as of a layer before it. Where it is elsewhere now, name all layers in a RESTORE … FROM statement with psql.',
    },
  );
}

/**
 * The URLs of the chain that the backup at this URL ends, oldest to newest, as its manifest recorded them, whatever is there now;
 * the URL alone where the manifest is damaged. Throws as `recordedLayers` does otherwise.
 */
export async function recordedUrls(url: string, openStore: OpenStore): Promise<string[]> {
  try {
    const { chain } = await readManifestAt(parseLocation(url, 'source'), openStore);
    return [...chain.map((layer) => layer.url), url];
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'corrupt-backup') return [url];
    throw error;
  }
}

async function recordedLayer(
  { id, url }: Manifest['chain'][number],
  place: number,
  openStore: OpenStore,
): Promise<ChainLayer> {
  try {
    const manifest = await readManifestAt(parseLocation(url, 'source'), openStore);
    if (manifest.id === id) return layerOf(manifest, url);
    throw new HoldfastError(
      'undefined-backup',
      `another backup is at ${url} now (${manifest.id} instead of ${id})`,
      { hint: 'Bring the one back that the chain was built on.', field: 'source' },
    );
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
    const type = place === 0 ? 'full' : 'incremental';
    return { id, url, type, moment: null, rows: null, bytes: null, problem: problemOf(error) };
  }
}

function layerOf({ id, type, moment, totals }: Manifest, url: string): ChainLayer {
  return { id, url, type, moment: moment.at, rows: totals.rows, bytes: totals.bytes, problem: null };
}
