import type { ObjectKind } from '../../server/cluster/descriptor.ts';
import type { ObjectName } from '../../server/cluster/names.ts';
import { saysSecret } from '../destinations/taken-apart.ts';

/** Page addresses that carry a backup URL. Only redacted URLs may be given: addresses end up in histories and logs. */
export function restorePath(redactedUrl: string): string {
  return `/restore?${new URLSearchParams({ url: redactedUrl }).toString()}`;
}

export function viewPath(redactedUrl: string): string {
  return `/backups/view?${new URLSearchParams({ url: redactedUrl }).toString()}`;
}

/** One object of a backup: what is open of it is `tab` and `file`. */
export function objectPath(
  redactedUrl: string,
  { kind, name }: { kind: ObjectKind; name: ObjectName },
  open: Record<string, string> = {},
): string {
  return `/backups/object?${new URLSearchParams({ url: redactedUrl, kind, ...name, ...open }).toString()}`;
}

/** True when a URL may stand in a page's address: nothing in it opens anything. */
export function isAddressable(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^#]+$/i.test(url) && !saysSecret(url);
}
