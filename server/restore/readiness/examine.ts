import { messageOf } from '../../errors.ts';
import { parseLocation } from '../../storage/location.ts';
import { candidates, type KnownPlaces } from '../layers.ts';
import type { LayerDigest } from './digest.ts';
import type { LayerFacts } from './facts.ts';
import type { KnownBackup } from './known.ts';
import type { Read } from './shelf.ts';

/** Of backups that were asked for alike, so many chains at most are looked at for one that can be restored. */
const MOST_CHAINS = 5;

type ReadUrl = (url: string) => Promise<Read>;

/** A known backup with the chain that it ends, as that was found. */
export interface Examined {
  known: KnownBackup;
  layers: LayerFacts[];
  /** Of the layers before the first that can't be read, in order. */
  digests: LayerDigest[];
}

/** Backups of one cluster that were asked for in the same words: of those, the newest that can be restored is what counts. */
export interface Group {
  /** The newest first. */
  members: KnownBackup[];
  /** Those that were looked at: down to the first that can be restored as it is. */
  examined: Examined[];
}

export function isWhole({ layers, digests }: Examined): boolean {
  return digests.length === layers.length;
}

/** Looks at known backups, newest first, as few of them as tell how far back everything can be restored. */
export async function examineAll(
  known: readonly KnownBackup[],
  read: ReadUrl,
  places: KnownPlaces,
): Promise<Group[]> {
  const groups = new Map<string, KnownBackup[]>();
  for (const one of known) {
    const key = JSON.stringify([one.cluster, one.targets ?? one.bases[0] ?? one.url]);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [one]);
    else members.push(one);
  }
  return Promise.all(
    [...groups.values()].map(async (members) => ({
      members,
      examined: await examineGroup(members, read, places),
    })),
  );
}

async function examineGroup(
  members: readonly KnownBackup[],
  read: ReadUrl,
  places: KnownPlaces,
): Promise<Examined[]> {
  const examined: Examined[] = [];
  const roots = new Set<string>();
  for (const known of members) {
    const root = known.bases[0] ?? known.url;
    // Of a chain that is broken, the layers before the break are known by now.
    if (roots.has(root)) continue;
    roots.add(root);
    const one = await examine(known, read, places);
    examined.push(one);
    if (isWhole(one) || examined.length >= MOST_CHAINS) break;
  }
  return examined;
}

async function examine(known: KnownBackup, read: ReadUrl, places: KnownPlaces): Promise<Examined> {
  const own = await read(known.url);
  const below =
    own.state === 'readable'
      ? await layersBelow(known, own.digest, read, places)
      : await Promise.all(known.bases.map(async (url) => ({ url, at: null, read: await read(url) })));
  const all: Found[] = [...below, { url: known.url, at: known.at, read: own }];
  const digests: LayerDigest[] = [];
  for (const one of all) {
    if (one.read.state !== 'readable') break;
    digests.push(one.read.digest);
  }
  return { known, layers: all.map(layerOf), digests };
}

interface Found {
  url: string;
  at: string | null;
  read: Read;
}

/** The layers that a manifest recorded, each where it is found, as a restore looks for them. */
async function layersBelow(
  { url }: KnownBackup,
  { chain, madeAt }: LayerDigest,
  read: ReadUrl,
  places: KnownPlaces,
): Promise<Found[]> {
  if (chain.length === 0) return [];
  const elsewhere = await places.placesOf(chain.map(({ id }) => id));
  const newest = {
    location: parseLocation(url, 'source'),
    was: madeAt,
    placesOf: (id: string) => Promise.resolve(elsewhere.get(id) ?? []),
  };
  return Promise.all(
    chain.map(async ({ id, url: recorded, at = null }): Promise<Found> => {
      let told: Read | null = null;
      try {
        for await (const { redacted } of candidates(id, recorded, newest)) {
          const found = sameBackup(await read(redacted), id);
          if (found.state === 'readable') return { url: redacted, at, read: found };
          // What is told of is where it was recorded, wherever else it was looked for.
          if (told === null || redacted === recorded) told = found;
        }
      } catch (error) {
        // A recorded URL that is none.
        told = { state: 'lost', why: messageOf(error) };
      }
      told ??= { state: 'lost', why: `there is no backup at ${recorded}` };
      return { url: recorded, at, read: told };
    }),
  );
}

function sameBackup(found: Read, id: string): Read {
  return found.state === 'readable' && found.digest.id !== id
    ? { state: 'lost', why: `another backup is there now, ${found.digest.id} instead of ${id}` }
    : found;
}

function layerOf({ url, at, read }: Found, place: number): LayerFacts {
  return read.state === 'readable'
    ? { url, type: read.digest.type, at: read.digest.moment.at, state: 'readable', why: null }
    : { url, type: place === 0 ? 'full' : 'incremental', at, state: read.state, why: read.why };
}
