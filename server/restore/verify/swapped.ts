import type { Manifest } from '../../format/manifest.ts';
import type { Finding } from './finding.ts';

/** What the file of a finding holds instead; null where that was not read. */
function heldBy(finding: Finding): string | null {
  if (finding.kind === 'checksum') return finding.found;
  return finding.kind === 'size' ? finding.sha256 : null;
}

/** True where `nameSwapped` may find something. */
export function mayBeSwapped(findings: readonly Finding[]): boolean {
  return findings.some((finding) => heldBy(finding) !== null);
}

/**
 * The findings, those of files that hold what another file of the chain should hold saying of which: `layers` are the chain's
 * manifests, null for those that can't be read, and `locations` their redacted URLs.
 */
export function nameSwapped(
  findings: readonly Finding[],
  layers: readonly (Manifest | null)[],
  locations: readonly string[],
): Finding[] {
  const sought = new Set(findings.flatMap((finding) => heldBy(finding) ?? []));
  const owners = new Map<string, { layer: number; name: string }>();
  for (const [layer, manifest] of layers.entries())
    for (const { name, sha256 } of manifest?.files ?? [])
      if (sought.has(sha256) && !owners.has(sha256)) owners.set(sha256, { layer, name });
  return findings.map((finding) => {
    const owner = owners.get(heldBy(finding) ?? '');
    if (owner === undefined || !('file' in finding)) return finding;
    const { layer, location, file, table } = finding;
    const holds = owner.layer === layer ? owner.name : `${owner.name} of ${locations[owner.layer]}`;
    return { kind: 'swapped', layer, location, file, table, holds };
  });
}
