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

/**
 * The location with what a saved one says and its URL leaves out: credentials, region, storage class, encryption. Null where
 * it doesn't lie in that place: the same server and bucket, and a path that goes on from the saved one by whole parts.
 */
export function completed(location: RemoteLocation, saved: RemoteLocation): RemoteLocation | null {
  if (!isBelow(location.path, saved.path)) return null;
  switch (location.scheme) {
    case 's3':
      if (saved.scheme !== 's3' || location.bucket !== saved.bucket || location.endpoint !== saved.endpoint)
        return null;
      return {
        ...location,
        credentials: saved.credentials,
        region: location.region ?? saved.region,
        pathStyle: saysPathStyle(location) ? location.pathStyle : saved.pathStyle,
        storageClass: location.storageClass ?? saved.storageClass,
        encryption: location.encryption ?? saved.encryption,
      };
    case 'azure':
      if (
        saved.scheme !== 'azure' ||
        location.container !== saved.container ||
        location.endpoint !== saved.endpoint ||
        (location.account !== null && location.account !== saved.account)
      )
        return null;
      return { ...location, account: saved.account, credentials: saved.credentials };
    case 'gs':
      if (saved.scheme !== 'gs' || location.bucket !== saved.bucket || location.endpoint !== saved.endpoint)
        return null;
      return { ...location, credentials: saved.credentials };
    case 'http':
    case 'https':
      if (saved.scheme !== location.scheme || location.host !== saved.host) return null;
      return { ...location, credentials: saved.credentials };
  }
}

function isBelow(path: string, saved: string): boolean {
  return saved === '' || path === saved || path.startsWith(`${saved}/`);
}

/** The normal form has the parameter only where the URL had it: without, `pathStyle` is what is usual. */
function saysPathStyle(location: RemoteLocation): boolean {
  return /[?&]AWS_USE_PATH_STYLE=/.test(location.redacted);
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
