'use client';
import { withoutSecrets, type PlaceFields } from '../destinations/fields.ts';
import { fieldsOf, saysSecret } from '../destinations/taken-apart.ts';
import { urlOf } from '../destinations/url-of.ts';

/**
 * URLs with credentials that were typed on this page, by what the console calls them without. Pages' addresses have those
 * alone; the credentials are in this page's memory and nowhere else, and gone with a reload.
 */
const given = new Map<string, string>();

export function rememberOpened(redacted: string, url: string): void {
  if (saysSecret(url)) given.set(redacted, url);
}

/**
 * A redacted URL with the credentials that it was opened with here, or with those of another backup in the same bucket, as the
 * layers of a chain are; as it is where there are none: then a saved destination's open it.
 */
export function openable(redacted: string): string {
  const own = given.get(redacted);
  if (own !== undefined) return own;
  for (const other of given.values()) {
    const lent = lend(redacted, other);
    if (lent !== null) return lent;
  }
  return redacted;
}

/** Exported for tests: the URL with what opens the other one; null where that is for another place. */
export function lend(url: string, other: string): string | null {
  // Says what opens it.
  if (saysSecret(url) || /[?&]AUTH=/.test(url)) return null;
  try {
    const [to, from] = [fieldsOf(url), fieldsOf(other)];
    return sameRoot(to, from) ? urlOf({ ...from, ...placeOf(to), account: from.account }) : null;
  } catch {
    return null;
  }
}

function sameRoot(one: PlaceFields, other: PlaceFields): boolean {
  return (
    one.kind === other.kind &&
    one.scheme === other.scheme &&
    one.container === other.container &&
    one.endpoint === other.endpoint &&
    (one.account === '' || one.account === other.account)
  );
}

/** All but what opens it. */
function placeOf(fields: PlaceFields): Partial<PlaceFields> {
  const bare = withoutSecrets(fields);
  const { path, region, pathStyle, storageClass, encryption, kmsKeyId } = bare;
  return { path, region, pathStyle, storageClass, encryption, kmsKeyId };
}
