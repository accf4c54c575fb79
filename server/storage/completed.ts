import type { RemoteLocation } from './credentials.ts';

/**
 * The location with what one that it lies in says and its URL leaves out: credentials, region, storage class, encryption. Null where
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
