import { fullUrl } from '../storage/full-url.ts';
import { type Location, parseLocation } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { completed } from './place.ts';

type OpenStore = (location: Location) => Store;

/**
 * The URLs of one statement, those that leave out what opens them completed with what another one of the same server and
 * bucket says: who names a chain types its key once. A URL that can't be parsed stays as it is, to be refused in its place.
 */
export function lendAmong(urls: readonly string[]): string[] {
  const locations = urls.map(parsed);
  const lenders = locations.filter((location) => location !== null);
  return urls.map((url, index) => {
    const location = locations[index];
    if (location === null || location === undefined) return url;
    const lent = borrow(location, lenders);
    return lent === location ? url : fullUrl(lent);
  });
}

/** Opens stores as `open` does, but with what `lenders` say where that opens them. */
export function lending(lenders: readonly Location[], open: OpenStore): OpenStore {
  return (location) => open(borrow(location, lenders));
}

function borrow(location: Location, lenders: readonly Location[]): Location {
  if (location.scheme === 'nodelocal' || location.credentials.kind !== 'unstated') return location;
  for (const lender of lenders) {
    if (lender.scheme === 'nodelocal' || lender.credentials.kind === 'unstated') continue;
    // Whatever the lender's own path is: its key is for the bucket.
    const lent = completed(location, { ...lender, path: '' });
    if (lent !== null) return lent;
  }
  return location;
}

function parsed(url: string): Location | null {
  try {
    return parseLocation(url);
  } catch {
    return null;
  }
}
