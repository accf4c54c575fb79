import pMap from 'p-map';
import { HoldfastError } from '../../errors.ts';
import { type Layer, VERIFIED } from '../../format/chain.ts';
import { linkProblem } from '../../format/links.ts';
import { READ_AT_ONCE, readManifestAt, type Manifest } from '../../format/manifest.ts';
import { parseLocation, type Location } from '../../storage/location.ts';
import type { Store } from '../../storage/store.ts';
import { chainOf } from '../chain.ts';
import type { Finding } from './finding.ts';

/** One backup of a chain that is verified; its manifest is null where that is damaged or missing. */
export interface FoundLayer {
  location: Location;
  manifest: Manifest | null;
}

export interface FoundChain {
  layers: FoundLayer[];
  /** What is wrong with manifests and how they belong together. */
  findings: Finding[];
}

/**
 * Reads the manifests at these URLs, oldest to newest, and looks whether they are one chain. What is damaged stops nothing: it is
 * found, and the others are looked at. Throws HoldfastError with the field `source`: what `parseLocation` throws, what the store
 * can't do, `undefined-backup` where none of them is there, and `invalid-value` for backups that are named in another order, or
 * not all.
 */
export async function findChain(
  urls: readonly string[],
  openStore: (location: Location) => Store,
): Promise<FoundChain> {
  const locations = urls.map((url) => parseLocation(url, 'source'));
  const read = await pMap(locations, (location, layer) => readLayer(location, layer, openStore), {
    concurrency: READ_AT_ONCE,
  });
  const [first] = read;
  if (
    first?.error?.code === 'undefined-backup' &&
    read.every(({ error }) => error?.code === first.error?.code)
  )
    throw first.error.about('source');
  const layers = read.map(({ location, manifest }) => ({ location, manifest }));
  const findings = read.flatMap(({ finding }) => finding ?? []);
  return { layers, findings: [...findings, ...linkFindings(layers)] };
}

interface ReadLayer extends FoundLayer {
  error: HoldfastError | null;
  finding: Finding | null;
}

async function readLayer(
  location: Location,
  layer: number,
  openStore: (location: Location) => Store,
): Promise<ReadLayer> {
  try {
    return { location, manifest: await readManifestAt(location, openStore), error: null, finding: null };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    if (error.code !== 'corrupt-backup' && error.code !== 'undefined-backup') throw error.about('source');
    const finding = { kind: 'manifest' as const, layer, location: location.redacted, reason: error.message };
    return { location, manifest: null, error, finding };
  }
}

/** What is wrong between the layers that can be read. */
function linkFindings(found: readonly FoundLayer[]): Finding[] {
  const readable = found.filter((layer): layer is Layer => layer.manifest !== null);
  const whole = readable.length === found.length;
  const problem = whole ? linkProblem(readable, VERIFIED) : null;
  if (problem !== null && areOfOneChain(readable)) throw problem;
  const misplaced = misplacedIn(found);
  if (misplaced.length > 0 || !whole) return misplaced;
  const contradiction = problem ?? contradictionOf(readable);
  if (contradiction === null) return [];
  const layer = found.length - 1;
  const location = found[layer]?.location.redacted ?? '';
  return [{ kind: 'wrong-backup', layer, location, reason: contradiction.message }];
}

/** True for backups that the newest of them names, however they stand: then it is the statement that is wrong. */
function areOfOneChain(layers: readonly Layer[]): boolean {
  return layers.some(({ manifest }) => {
    const ids = new Set([...manifest.chain.map(({ id }) => id), manifest.id]);
    return layers.every((layer) => ids.has(layer.manifest.id));
  });
}

function contradictionOf(layers: readonly Layer[]): HoldfastError | null {
  try {
    chainOf(layers);
    return null;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'corrupt-backup') return error;
    throw error;
  }
}

/**
 * The layers that hold another backup than belongs there, by the word of the one that most of them bear out; of several such,
 * the newest.
 */
function misplacedIn(layers: readonly FoundLayer[]): Finding[] {
  const ids = layers.map(({ manifest }) => manifest?.id ?? null);
  const borneOut = ({ manifest }: FoundLayer) =>
    manifest === null ? -1 : idsUpTo(manifest).filter((id, place) => ids[place] === id).length;
  const witness = layers.reduce<FoundLayer | null>(
    (best, layer) => (best === null || borneOut(layer) >= borneOut(best) ? layer : best),
    null,
  );
  if (witness === null || witness.manifest === null) return [];
  const expected = idsUpTo(witness.manifest);
  const findings: Finding[] = [];
  for (const [layer, { location, manifest }] of layers.entries()) {
    if (manifest === null) continue;
    const wanted = expected[layer];
    const at = { kind: 'wrong-backup' as const, layer, location: location.redacted };
    if (wanted === undefined ? !isBuiltOn(manifest, ids.slice(0, layer)) : manifest.id !== wanted)
      findings.push({
        ...at,
        reason:
          wanted === undefined
            ? `it holds a backup (${manifest.id}) that was not built on the ones before it`
            : `it holds another backup than the one that ${witness.location.redacted} was built on (${manifest.id} instead of ${wanted})`,
      });
  }
  return findings;
}

/** `before`: null where that can't be read. */
function isBuiltOn({ chain }: Manifest, before: readonly (string | null)[]): boolean {
  return (
    chain.length === before.length &&
    chain.every(({ id }, place) => before[place] === null || before[place] === id)
  );
}

/** The backups that one is restored from, itself last. */
function idsUpTo({ chain, id }: Manifest): string[] {
  return [...chain.map((layer) => layer.id), id];
}
