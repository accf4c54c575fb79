import { completed } from '../../storage/completed.ts';
import type { SavedDestination } from '../../destinations/destinations.ts';
import { HoldfastError } from '../../errors.ts';
import { parseDestination, parseLocation, type Location } from '../../storage/location.ts';
import type { ChainFacts, DestinationFacts } from './facts.ts';

/** The place of a chain's newest layer, as reading it has shown it, and the saved destination that it lies in. */
export function destinationOf(
  { url, layers }: ChainFacts,
  saved: readonly SavedDestination[],
): DestinationFacts {
  const layer = layers.at(-1);
  const nearest = savedFor(url, saved);
  const test = nearest?.lastTest ?? null;
  return {
    url,
    saved: nearest === null ? null : { id: nearest.id, name: nearest.name },
    reachable: layer === undefined || layer.state === 'unread' ? null : layer.state !== 'unreachable',
    writable: test === null ? null : test.report.ok,
    testedAt: test?.at ?? null,
    why: layer?.state === 'unreachable' || layer?.state === 'unread' ? layer.why : null,
  };
}

/** Of the saved destinations that the backup lies in, that with the longest path. */
function savedFor(url: string, saved: readonly SavedDestination[]): SavedDestination | null {
  const location = parsed(url, parseLocation);
  if (location === null) return null;
  let nearest: { destination: SavedDestination; length: number } | null = null;
  for (const destination of saved) {
    const place = parsed(destination.url, parseDestination);
    if (place === null || !liesIn(location, place)) continue;
    if (nearest === null || place.path.length > nearest.length)
      nearest = { destination, length: place.path.length };
  }
  return nearest?.destination ?? null;
}

function liesIn(location: Location, place: Location): boolean {
  if (location.scheme !== 'nodelocal')
    return place.scheme !== 'nodelocal' && completed(location, place) !== null;
  return place.scheme === 'nodelocal' && (place.path === '' || location.path.startsWith(`${place.path}/`));
}

function parsed(url: string, parse: (url: string) => Location): Location | null {
  try {
    return parse(url);
  } catch (error) {
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}
