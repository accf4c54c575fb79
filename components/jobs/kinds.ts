import type { JobKind } from '../../server/jobs/job.ts';

/** What pages say of a job by its kind. */
interface KindWords {
  one: string;
  many: string;
  /** What `bytes` and `storedBytes` count. */
  bytes: string;
  storedBytes: string;
  /** What its location is to it. */
  location: string;
  /** Its tables are those of a cluster, or are known by their names in the backup. */
  table: string;
  /** What cancelling does. */
  canceling: string;
  /** What its success means, where that is not that so many rows are where they are to be. */
  succeeded?: string;
  /** What is so after it failed; after it was canceled. */
  failed: string;
  canceled: string;
}

export const KIND_WORDS: Record<JobKind, KindWords> = {
  BACKUP: {
    one: 'Backup',
    many: 'Backups',
    bytes: 'Read',
    storedBytes: 'Written',
    location: 'Destination',
    table: 'Table',
    canceling: 'The files that it has written are removed; there will be no backup. Nothing else is touched.',
    failed: 'No backup was made: without its manifest a directory is none.',
    canceled: 'No backup was made.',
  },
  RESTORE: {
    one: 'Restore',
    many: 'Restores',
    bytes: 'Loaded',
    storedBytes: 'Fetched',
    location: 'Source',
    table: 'Table of the backup',
    canceling: 'The databases and tables that it has created are removed. Nothing else is touched.',
    failed: 'What the restore had created was removed again.',
    canceled: 'What the restore had created was removed again.',
  },
  VERIFY: {
    one: 'Verify',
    many: 'Verifies',
    bytes: 'Checked',
    storedBytes: 'Read',
    location: 'Backup',
    table: 'Table of the backup',
    canceling: 'What it has looked at so far is forgotten. It writes nothing: there is nothing to remove.',
    succeeded: 'The backup is sound',
    failed: 'A verify only reads: nothing was changed.',
    canceled: 'The backup was not verified. Nothing was changed.',
  },
  DRILL: {
    one: 'Drill',
    many: 'Drills',
    bytes: 'Loaded',
    storedBytes: 'Fetched',
    location: 'Source',
    table: 'Table of the backup',
    canceling: 'Its scratch databases are dropped. Nothing else is touched.',
    succeeded: 'The drill passed: what was restored is what was backed up',
    failed: 'The scratch databases were dropped.',
    canceled: 'The scratch databases were dropped. Nothing was proved.',
  },
};
