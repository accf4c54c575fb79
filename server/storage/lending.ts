import { completed } from './completed.ts';
import { fullUrl } from './full-url.ts';
import { type Location, parseLocation } from './location.ts';

/**
 * The location, opened with the credentials of another in the same bucket where it says none itself: the layers of a chain are
 * recorded without.
 */
export function lent(location: Location, other: Location): Location {
  if (location.scheme === 'nodelocal' || other.scheme === 'nodelocal') return location;
  if (location.credentials.kind !== 'unstated' || other.credentials.kind === 'unstated') return location;
  return completed(location, { ...other, path: '' }) ?? location;
}

/**
 * The URLs of one statement, those that leave out what opens them completed with what another one of the same server and
 * bucket says: who names a chain types its key once. A URL that can't be parsed stays as it is, to be refused in its place.
 */
export function lendAmong(urls: readonly string[]): string[] {
  const locations = urls.map(parsed);
  return urls.map((url, index) => {
    const location = locations[index];
    if (location === null || location === undefined) return url;
    const opened = locations.reduce<Location>(
      (found, other) => (other === null ? found : lent(found, other)),
      location,
    );
    return opened === location ? url : fullUrl(opened);
  });
}

function parsed(url: string): Location | null {
  try {
    return parseLocation(url);
  } catch {
    return null;
  }
}
