import { rootFinder } from '../../server/imports/chains.ts';
import type { FoundBackup } from '../../server/imports/found.ts';

/** Backups that were found and that build on one full backup. */
export interface FoundChain {
  /** The URL of the full one, found or not. */
  root: string;
  /** Oldest to newest. */
  layers: FoundBackup[];
  newest: FoundBackup;
  /** Where layers were that some of these build on, and that were not found. */
  missing: string[];
  bytes: number;
  /** Those that are not known yet. */
  fresh: FoundBackup[];
}

/** What was found, chain by chain, the one with the newest backup first. */
export function chainsOf(found: readonly FoundBackup[]): FoundChain[] {
  const rootOf = rootFinder(found);
  const ids = new Set(found.map(({ id }) => id));
  const byRoot = new Map<string, FoundBackup[]>();
  for (const backup of found) {
    const root = rootOf(backup);
    const layers = byRoot.get(root);
    if (layers === undefined) byRoot.set(root, [backup]);
    else layers.push(backup);
  }
  const at = ({ moment }: FoundBackup): number => Date.parse(moment);
  return [...byRoot]
    .flatMap(([root, some]) => {
      const layers = some.toSorted((a, b) => at(a) - at(b));
      const newest = layers.at(-1);
      if (newest === undefined) return [];
      const lost = layers.flatMap(({ chain }) => chain.filter(({ id }) => !ids.has(id)));
      return [
        {
          root,
          layers,
          newest,
          missing: [...new Set(lost.map(({ url }) => url))],
          bytes: layers.reduce((sum, { bytes }) => sum + bytes, 0),
          fresh: layers.filter(({ known }) => !known),
        },
      ];
    })
    .sort((a, b) => at(b.newest) - at(a.newest));
}
