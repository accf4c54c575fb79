import { type ErrorField, HoldfastError } from '../errors.ts';
import { type AzureLocation, parseAzure } from './locations/azure.ts';
import { type GsLocation, parseGs } from './locations/gs.ts';
import { type HttpLocation, parseHttp } from './locations/http.ts';
import { type NodelocalLocation, parseNodelocal } from './locations/nodelocal.ts';
import { parseS3, type S3Location } from './locations/s3.ts';
import { type Scheme, SCHEMES } from './parameters.ts';
import { splitUrl, type UrlParts } from './url.ts';

export { redactUrl } from './redact.ts';

/** A parsed backup URL of any scheme of the reference. */
export type AnyLocation = S3Location | AzureLocation | GsLocation | HttpLocation | NodelocalLocation;

/** Where a backup is: one of the locations that this version writes to. */
export type Location = NodelocalLocation;

const PARSERS: Record<Scheme, (parts: UrlParts) => AnyLocation> = {
  s3: parseS3,
  azure: parseAzure,
  gs: parseGs,
  http: parseHttp,
  https: parseHttp,
  nodelocal: parseNodelocal,
};

/**
 * Parses a backup URL, `scheme://host/path?parameters`, strictly: nothing is ignored or guessed.
 *
 * Throws HoldfastError: `location-invalid` (what is wrong with the URL), `location-refused` (it leads out of the
 * extern directory), `unsupported` (a scheme that this version doesn't write to). No message holds a secret.
 * `field` is the part of a form that the URL was typed into.
 */
export function parseLocation(url: string, field: ErrorField = 'destination'): Location {
  const location = parseAnyLocation(url, field);
  if (location.scheme === 'nodelocal') return location;
  throw new HoldfastError(
    'unsupported',
    `this version of Holdfast writes to nodelocal only, not to ${location.scheme}: ${location.redacted}`,
    { field, hint: "Back up to a mounted file system: 'nodelocal://self/path/to/backup'." },
  );
}

/** As `parseLocation`, of whatever scheme: what is wrong with a URL is said before that it can't be used yet. */
export function parseAnyLocation(url: string, field: ErrorField = 'destination'): AnyLocation {
  const parts = splitUrl(url, field);
  const scheme = SCHEMES.find((known) => known === parts?.scheme);
  if (parts === null || scheme === undefined) throw unknownScheme(parts?.scheme ?? '', field);
  return PARSERS[scheme](parts);
}

function unknownScheme(scheme: string, field: ErrorField): HoldfastError {
  return new HoldfastError(
    'location-invalid',
    `unsupported storage scheme: "${scheme}" - refer to docs to find supported storage schemes`,
    { field, hint: `A backup URL starts with one of ${SCHEMES.map((known) => `${known}://`).join(', ')}.` },
  );
}
