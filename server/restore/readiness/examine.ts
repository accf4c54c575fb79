import type { LayerDigest } from './digest.ts';
import type { Deadline } from './deadline.ts';
import type { LayerFacts } from './facts.ts';
import type { KnownBackup } from './known.ts';
import type { Read, Shelf } from './shelf.ts';

/** Of backups that were asked for alike, so many chains at most are looked at for one that can be restored. */
const MOST_CHAINS = 5;

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
  shelf: Shelf,
  deadline: Deadline,
  since: number,
): Promise<Group[]> {
  const groups = new Map<string, KnownBackup[]>();
  for (const one of known) {
    const key = JSON.stringify([one.cluster, one.targets ?? one.bases[0] ?? one.url]);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [one]);
    else members.push(one);
  }
  const read = (url: string): Promise<Read> => shelf.read(url, deadline, since);
  return Promise.all(
    [...groups.values()].map(async (members) => ({ members, examined: await examineGroup(members, read) })),
  );
}

async function examineGroup(
  members: readonly KnownBackup[],
  read: (url: string) => Promise<Read>,
): Promise<Examined[]> {
  const examined: Examined[] = [];
  const roots = new Set<string>();
  for (const known of members) {
    const root = known.bases[0] ?? known.url;
    // Of a chain that is broken, the layers before the break are known by now.
    if (roots.has(root)) continue;
    roots.add(root);
    const one = await examine(known, read);
    examined.push(one);
    if (isWhole(one) || examined.length >= MOST_CHAINS) break;
  }
  return examined;
}

async function examine(known: KnownBackup, read: (url: string) => Promise<Read>): Promise<Examined> {
  const own = await read(known.url);
  const recorded: { url: string; id?: string; at?: string | undefined }[] =
    own.state === 'readable' ? own.digest.chain : known.bases.map((url) => ({ url }));
  const reads = await Promise.all(
    recorded.map(async ({ url, id }) => {
      const found = await read(url);
      return found.state === 'readable' && id !== undefined && found.digest.id !== id
        ? { state: 'lost' as const, why: `another backup is there now, ${found.digest.id} instead of ${id}` }
        : found;
    }),
  );
  const layers = [...recorded, { url: known.url, at: known.at }].map(({ url, at }, place) =>
    layerOf(url, place, at ?? null, reads[place] ?? own),
  );
  const digests: LayerDigest[] = [];
  for (const one of [...reads, own]) {
    if (one.state !== 'readable') break;
    digests.push(one.digest);
  }
  return { known, layers, digests };
}

function layerOf(url: string, place: number, at: string | null, read: Read): LayerFacts {
  return read.state === 'readable'
    ? { url, type: read.digest.type, at: read.digest.moment.at, state: 'readable', why: null }
    : { url, type: place === 0 ? 'full' : 'incremental', at, state: read.state, why: read.why };
}
