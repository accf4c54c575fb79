import type { RemoteLocation } from '../storage/credentials.ts';
import type { Location } from '../storage/location.ts';

/** How one logs in somewhere, without what one logs in with. */
export type Login = Exclude<RemoteLocation['credentials']['kind'], 'unstated'> | 'none';

export function loginOf(location: Location): Login {
  if (location.scheme === 'nodelocal') return 'none';
  return location.credentials.kind === 'unstated' ? 'none' : location.credentials.kind;
}

/** Who is shown the credentials of a location: they are sent there, and nowhere else. */
export function serverOf(location: Location): string {
  return JSON.stringify(addressOf(location).server);
}

/** What tells one place from another, whatever opens it. */
export function placeOf(location: Location): string {
  const { server, root } = addressOf(location);
  return JSON.stringify([...server, root, location.path]);
}

function addressOf(location: Location): { server: (string | null)[]; root: string } {
  switch (location.scheme) {
    case 's3':
      return { server: ['s3', location.endpoint], root: location.bucket };
    case 'azure':
      return { server: ['azure', location.endpoint, location.account], root: location.container };
    case 'gs':
      return { server: ['gs', location.endpoint], root: location.bucket };
    case 'http':
    case 'https':
      return { server: [location.scheme, location.host], root: '' };
    case 'nodelocal':
      return { server: ['nodelocal'], root: '' };
  }
}

/** The directory that a backup's is in; for one right below a bucket, that bucket. */
export function parentOf(location: Location): Location {
  const [address = '', query] = location.redacted.split(/\?(.*)/s);
  const up = address.replace(/[^/]*$/, '').replace(/(?<=[^/])\/$/, '');
  return {
    ...location,
    path: location.path.split('/').slice(0, -1).join('/'),
    redacted: query === undefined ? up : `${up}?${query}`,
  };
}

/** A directory in it, of a plain name. */
export function childOf(location: Location, name: string): Location {
  const [address = '', query] = location.redacted.split(/\?(.*)/s);
  const below = `${address.replace(/\/$/, '')}/${name}`;
  return {
    ...location,
    path: location.path === '' ? name : `${location.path}/${name}`,
    redacted: query === undefined ? below : `${below}?${query}`,
  };
}
