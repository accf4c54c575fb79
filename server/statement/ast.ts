/**
 * The statements as data. The parser, the wizard and the scheduler make them; `print.ts` writes them back;
 * `execute.ts` alone runs them.
 */

/** `db.table`, `db.schema.table`, `db.*`, `db.schema.*`. A two-part name is database and table, in any schema if unambiguous, `public` first. */
export interface TablePattern {
  database: string;
  /** null: not said. */
  schema: string | null;
  /** null: `*`. */
  name: string | null;
}

export type Targets = { kind: 'tables'; patterns: TablePattern[] } | { kind: 'databases'; names: string[] };

export interface BackupStatement {
  kind: 'backup';
  targets: Targets;
  /** A backup URL, credentials and all: print with `redact` before showing it. */
  to: string;
  /** The text inside the quotes of AS OF SYSTEM TIME. */
  asOf: string | null;
  /** Backup URLs, oldest to newest; empty for a full backup. */
  incrementalFrom: string[];
  options: { detached: boolean };
}

export interface RestoreOptions {
  /** Database to restore into. */
  intoDb: string | null;
  /** Create the `into_db` database when it is not there. */
  createDb: boolean;
  skipMissingForeignKeys: boolean;
  skipMissingSequences: boolean;
  skipMissingViews: boolean;
  detached: boolean;
}

export interface RestoreStatement {
  kind: 'restore';
  targets: Targets;
  /** Backup URLs of the chain, oldest to newest; at least one. */
  from: string[];
  asOf: string | null;
  options: RestoreOptions;
}

/** How thoroughly a backup is verified, each depth with those before it. */
export const VERIFY_DEPTHS = ['files', 'checksums', 'rows'] as const;
export type VerifyDepth = (typeof VERIFY_DEPTHS)[number];

/** Restores all of a backup into scratch databases of the cluster, compares what is there with it, and drops them. */
export interface DrillStatement {
  kind: 'drill';
  /** As in VerifyStatement. */
  urls: string[];
  options: { detached: boolean };
}

export interface VerifyStatement {
  kind: 'verify';
  /** Backup URLs of one whole chain, oldest to newest; at least one. */
  urls: string[];
  options: { depth: VerifyDepth; detached: boolean };
}

export interface ShowJobsStatement {
  kind: 'show-jobs';
  /** null: all of them. */
  ids: string[] | null;
  /** SHOW JOBS WHEN COMPLETE: answer when all have ended. */
  whenComplete: boolean;
}

export interface ShowBackupStatement {
  kind: 'show-backup';
  url: string;
  /** SHOW BACKUP SCHEMAS: with the DDL. */
  schemas: boolean;
}

export interface ControlJobsStatement {
  kind: 'control-jobs';
  action: 'pause' | 'resume' | 'cancel';
  ids: string[];
}

/** Statements that are jobs. */
export type JobStatement = BackupStatement | RestoreStatement | VerifyStatement | DrillStatement;

export type Statement = JobStatement | ShowJobsStatement | ShowBackupStatement | ControlJobsStatement;
