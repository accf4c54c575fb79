import { type ErrorField, HoldfastError } from '../errors.ts';
import { type AzureLocation, parseAzure } from './locations/azure.ts';
import { type GsLocation, parseGs } from './locations/gs.ts';
import { type HttpLocation, parseHttp } from './locations/http.ts';
import { type NodelocalLocation, parseNodelocal } from './locations/nodelocal.ts';
import { parseS3, type S3Location } from './locations/s3.ts';
import { type Scheme, SCHEMES } from './parameters.ts';
import { splitUrl, type UrlParts } from './url.ts';

export { redactUrl } from './redact.ts';

/** Where a backup is, or a place that backups go to: a parsed URL. */
export type Location = S3Location | AzureLocation | GsLocation | HttpLocation | NodelocalLocation;

const PARSERS: Record<Scheme, (parts: UrlParts) => Location> = {
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
 * extern directory). No message holds a secret. `field` is the part of a form that the URL was typed into.
 */
export function parseLocation(url: string, field: ErrorField = 'destination'): Location {
  return parse(splitUrl(url, field), field);
}

/** As `parseLocation`, of a place that backups go to: a whole bucket is one too, so that the path may be missing. */
export function parseDestination(url: string, field: ErrorField = 'url'): Location {
  return parse(splitUrl(url, field, true), field);
}

function parse(parts: UrlParts | null, field: ErrorField): Location {
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
