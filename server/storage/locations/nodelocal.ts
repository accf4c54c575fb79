import { HoldfastError } from '../../errors.ts';
import { readParameters } from '../parameters.ts';
import { redactUrl } from '../redact.ts';
import { pathSegments, printPath, type UrlParts } from '../url.ts';

/**
 * Files on this machine's file system, below the extern directory (`HOLDFAST_EXTERN_DIR`). The node ID says
 * nothing here: `1`, `2`, `self` and no host at all mean the same directory, which has to be an NFS mount (or the
 * like) that every engine sees once there is more than one engine.
 */
export interface NodelocalLocation {
  scheme: 'nodelocal';
  /** A node ID, `self` or empty; as given. */
  host: string;
  /** Below the extern directory: decoded, `/` between parts, no `.` or `..`, at least one part. */
  path: string;
  /** The URL in its normal form, without secrets: what is printed and recorded. It parses to this location again. */
  redacted: string;
}

/** Also throws `location-refused`: the path leads out of the extern directory. */
export function parseNodelocal(parts: UrlParts): NodelocalLocation {
  const { host } = parts;
  if (!/^([1-9]\d{0,9}|self|)$/.test(host)) {
    // CockroachDB's wording. An empty host, which it refuses, is fine here.
    throw new HoldfastError(
      'location-invalid',
      "host component of nodelocal URI must be a node ID (use 'self' to specify each node should access its " +
        `own local filesystem): ${redactUrl(parts.url)}`,
      {
        field: parts.field,
        hint: "Write 'nodelocal://self/path/to/backup'; the path is below the extern directory.",
      },
    );
  }
  readParameters(parts, 'nodelocal');
  const segments = pathSegments(parts, (segment, index, problem) => {
    if (segment === '..' || segment.includes('/') || (segment === '' && index === 0))
      throw new HoldfastError(
        'location-refused',
        `the path leads out of the extern directory (${problem}): ${redactUrl(parts.url)}`,
        {
          field: parts.field,
          hint: 'A nodelocal path is relative to the extern directory (HOLDFAST_EXTERN_DIR) and stays inside it.',
        },
      );
  });
  return {
    scheme: 'nodelocal',
    host,
    path: segments.join('/'),
    redacted: `nodelocal://${host}/${printPath(segments)}`,
  };
}
