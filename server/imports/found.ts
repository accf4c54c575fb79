import type { Problem } from '../backup/selection.ts';
import type { Manifest } from '../format/manifest.ts';

/** A backup that was found at a destination, as its manifest tells. */
export interface FoundBackup {
  /** Redacted. */
  url: string;
  id: string;
  type: 'full' | 'incremental';
  /** The layers that it builds on, oldest to newest, where they were when it was made; redacted. */
  chain: { id: string; url: string }[];
  cluster: Pick<Manifest['cluster'], 'name' | 'kind' | 'version'>;
  /** Consistent as of, UTC. */
  moment: string;
  objects: number;
  rows: number;
  /** Stored, compressed. */
  bytes: number;
  /** It is among the known backups already. */
  known: boolean;
}

/** What is no backup, or none that can be used. */
export interface Unusable {
  /** Redacted; the name of the file as it is where no URL can say it. */
  url: string;
  /** `unfinished`: a backup was started there and has not been finished. `foreign`: another program's manifest.json. */
  why: 'unfinished' | 'damaged' | 'foreign' | 'unreadable';
  problem: Problem;
}

/** What a look for backups tells, as it goes on. */
export type ScanEvent =
  /** How many files it has seen, how many manifests are among them, and how many of those it has read. */
  | { type: 'progress'; files: number; manifests: number; read: number }
  | { type: 'found'; backups: FoundBackup[]; unusable: Unusable[] }
  /** It is over; `more`: there is more than it looked at. */
  | { type: 'end'; more: boolean }
  | { type: 'failed'; problem: Problem };

/** The backup for people; whether it is known is for others to say. */
export function foundOf(manifest: Manifest, url: string): Omit<FoundBackup, 'known'> {
  const { name, kind, version } = manifest.cluster;
  return {
    url,
    id: manifest.id,
    type: manifest.type,
    chain: manifest.chain.map((layer) => ({ id: layer.id, url: layer.url })),
    cluster: { name, kind, version },
    moment: manifest.moment.at,
    objects: manifest.descriptors.length,
    rows: manifest.totals.rows,
    bytes: manifest.totals.bytes,
  };
}
