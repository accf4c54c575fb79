import { momentText } from '../cluster/moment.ts';
import { HoldfastError, type ErrorField } from '../errors.ts';
import { parseLocation, type Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { readManifest } from './manifest.ts';
import type { Manifest } from './manifest-schema.ts';

/** One backup of a chain, opened. */
export interface Layer {
  /** As given: with its credentials. */
  url: string;
  location: Location;
  manifest: Manifest;
}

/**
 * Reads the manifests at these URLs, oldest to newest, and makes sure that they are one chain: a full backup and, in
 * order, every incremental one on it up to the last. Throws HoldfastError for `field`, naming the URL that is out of
 * place and what was expected there, and what `readManifest` throws.
 */
export async function openChain(
  urls: readonly string[],
  openStore: (location: Location) => Store,
  field: Extract<ErrorField, 'bases' | 'source'>,
): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const url of urls) {
    const location = parseLocation(url, field);
    const store = openStore(location);
    try {
      layers.push({ url, location, manifest: await readManifest(store, location) });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      throw new HoldfastError(error.code, error.message, { hint: error.hint, field, cause: error });
    } finally {
      await store.close();
    }
  }
  const problem = chainProblem(layers, field);
  if (problem !== null) throw problem;
  return layers;
}

/** What keeps layers from being one chain; null when nothing does. */
export function chainProblem(
  layers: readonly Layer[],
  field: Extract<ErrorField, 'bases' | 'source'>,
): HoldfastError | null {
  const refuse = (message: string, hint: string) =>
    new HoldfastError('invalid-value', message, { hint, field });
  for (const [position, { location, manifest }] of layers.entries()) {
    const before = layers.slice(0, position);
    const twice = before.find((layer) => layer.manifest.id === manifest.id);
    if (twice !== undefined) {
      return refuse(`${location.redacted} is named twice`, 'Name each backup once, oldest to newest.');
    }
    if (position === 0 && manifest.type === 'incremental') {
      return refuse(
        `${location.redacted} is an incremental backup, and what it builds on is not named before it`,
        `Name the whole chain, oldest to newest: ${chainText(manifest, location)}.`,
      );
    }
    if (position > 0 && manifest.type === 'full') {
      return refuse(
        `${location.redacted} is a full backup, which builds on none of those named before it`,
        'Start the list with one full backup; only incremental ones follow it.',
      );
    }
    const expected = manifest.chain.map(({ id }) => id);
    const found = before.map((layer) => layer.manifest.id);
    if (expected.length !== found.length || expected.some((id, index) => id !== found[index])) {
      return refuse(
        `${location.redacted} (as of ${momentText(manifest.moment)}) builds on other backups than those named before it`,
        `Name exactly those that it builds on, oldest to newest: ${chainText(manifest, location)}.`,
      );
    }
  }
  return null;
}

/** `'url', 'url', 'url'`: a backup's whole chain with itself, redacted, as a statement names it. */
export function chainText(manifest: Manifest, location: Location): string {
  return [...manifest.chain.map(({ url }) => url), location.redacted].map((url) => `'${url}'`).join(', ');
}
