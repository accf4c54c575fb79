import type { TargetFacts, UnprotectedDatabases } from './facts.ts';

/** What a verdict may be, the worst first. */
export const LEVELS = [
  'lost',
  'at-risk',
  'unprotected',
  'incomplete',
  'due',
  'unknown',
  'unproven',
  'ready',
] as const;
export type Level = (typeof LEVELS)[number];

/** What each verdict is called and means, for pages and reports. */
export const LEVEL_WORDS: Readonly<Record<Level, { name: string; meaning: string }>> = {
  lost: {
    name: 'Can’t be restored',
    meaning: 'Of all known backups of it, none can be restored now.',
  },
  unprotected: {
    name: 'In no backup',
    meaning: 'No known backup has anything of it: whatever happens to the cluster, it is lost.',
  },
  'at-risk': {
    name: 'At risk',
    meaning:
      'Something can be restored, but not what the newest backup should give: its chain is broken, a verify found damage, a drill failed, or there has been no backup for more than a week.',
  },
  incomplete: {
    name: 'Incomplete',
    meaning: 'What is backed up can be restored; some tables are in no backup, or what they need is not.',
  },
  due: {
    name: 'Due',
    meaning:
      'All can be restored, but something is to be done today: the newest point is more than a day old, the time for an incremental backup ends within hours, or the destination took no file when it was tested last.',
  },
  unknown: {
    name: 'Not known',
    meaning: 'Nothing bad was found, but something that the verdict rests on could not be learnt.',
  },
  unproven: {
    name: 'Unproven',
    meaning:
      'All is there as far as manifests tell. No drill within the last 30 days, or no verify of the newest layer within the last 7, has proved it.',
  },
  ready: {
    name: 'Ready',
    meaning:
      'The newest point is less than a day old, every layer of its chain was read a moment ago, a verify found all of it sound within 7 days, and a drill restored it within 30.',
  },
};

/** What would improve a verdict most, with what a link to it needs. */
export type Action =
  | { kind: 'full-backup'; cluster: string; databases: string[] }
  /** Of the same objects, on this backup. */
  | { kind: 'incremental'; cluster: string; url: string; before: string | null }
  /** A backup of the whole database: as an incremental one on this backup, or, where `on` is null, a full one. */
  | { kind: 'add-tables'; cluster: string; database: string; on: string | null; tables: number }
  | { kind: 'verify'; url: string }
  | { kind: 'drill'; url: string }
  | { kind: 'mend-destination'; url: string; saved: string | null }
  | { kind: 'restore-layer'; url: string; layer: string }
  | { kind: 'mend-cluster'; cluster: string }
  | { kind: 'see-job'; jobId: string; why: 'running' | 'failed' };

/** Why a verdict isn't better, or, as `note`, what is worth knowing and counts for nothing. */
export interface Reason {
  level: Exclude<Level, 'ready'> | 'note';
  kind: ReasonKind;
  /** One or two sentences. */
  words: string;
  action: Action | null;
}

export type ReasonKind =
  | 'no-point'
  | 'chain-broken'
  | 'damage-found'
  | 'drill-failed'
  | 'very-late'
  | 'late'
  | 'unprotected-tables'
  | 'unprotected-databases'
  | 'missing-dependencies'
  | 'deadline-near'
  | 'not-writable'
  | 'not-learnt'
  | 'source-down'
  | 'never-drilled'
  | 'drill-old'
  | 'never-verified'
  | 'verify-stale'
  | 'source-gone'
  | 'database-gone'
  | 'next-is-full'
  | 'cannot-be-backed-up';

export interface Verdict {
  level: Level;
  /** As `LEVEL_WORDS` calls it. */
  name: string;
  /** The one sentence that says it. */
  words: string;
  /** The most severe first. */
  reasons: Reason[];
  /** Null where nothing is left to do. */
  action: Action | null;
}

/** What is on the page and in the report, one after the other. */
export type ReadinessEntry =
  | { kind: 'target'; facts: TargetFacts; verdict: Verdict }
  | { kind: 'databases'; facts: UnprotectedDatabases; verdict: Verdict };

/** Where a level stands among others: the worst is 0. */
export function rankOf(level: Reason['level'] | Level): number {
  const rank = LEVELS.indexOf(level as Level);
  return rank < 0 ? LEVELS.length : rank;
}
