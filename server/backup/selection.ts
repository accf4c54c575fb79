import type { ChangeMethod, TableChanges } from '../cluster/cluster.ts';
import type { Dependency, ObjectKind } from '../cluster/descriptor.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { ErrorCode, ErrorField } from '../errors.ts';

/** One object that a statement's targets come down to. */
export interface SelectedObject {
  name: ObjectName;
  kind: ObjectKind;
  rows: number | null;
  bytes: number | null;
  /** `asked`: the targets name it; `carried`: it comes along (a type, a function, a sequence that a table owns, a partition). */
  reason: 'asked' | 'carried';
  leftOut: string[];
}

/** An object that something selected needs and that is not selected. */
export interface MissingDependency {
  object: ObjectName;
  objectKind: ObjectKind;
  dependency: Dependency;
  /** The kind of `dependency.on`; null when it is in no catalog we can read. */
  dependsOnKind: ObjectKind | null;
  /** What it means at restore time, one sentence. */
  consequence: string;
}

/** Why a statement can't run as it is: the same facts as a HoldfastError, as data beside a form's field. */
export interface Problem {
  code: ErrorCode;
  message: string;
  hint: string | null;
  field: ErrorField | null;
}

export interface Selection {
  objects: SelectedObject[];
  missing: MissingDependency[];
  problems: Problem[];
  /** Of tables only; rows and bytes are the cluster's estimates. */
  totals: { tables: number; rows: number; bytes: number };
}

export interface PlannedTable {
  name: ObjectName;
  ranges: number;
  rows: number;
  bytes: number;
  /** How it goes into an incremental backup; null in a full one. */
  changes: TableChanges | null;
}

export interface PlannedNode {
  id: string;
  address: string;
  locality: string;
  ranges: number;
  bytes: number;
}

/** What a BACKUP would do, worked out without writing anything. */
export interface BackupPlan {
  /** Canonical and redacted: what the wizard shows and what the job will be called. */
  statement: string;
  /** Redacted. */
  destination: string | null;
  /** What an incremental backup builds on, oldest to newest, redacted; empty for a full one. */
  bases: { url: string; type: 'full' | 'incremental'; moment: string }[];
  selection: Selection;
  nodes: PlannedNode[];
  tables: PlannedTable[];
  totals: { tables: number; ranges: number; rows: number; bytes: number };
  /** Nothing starts while there is one. */
  problems: Problem[];
  warnings: string[];
}

/** A backup that an incremental one could build on. */
export interface BaseCandidate {
  /** Redacted, as everything here. */
  url: string;
  type: 'full' | 'incremental';
  /** Consistent as of, UTC. */
  moment: string;
  /** What to name in INCREMENTAL FROM, oldest to newest: its bases and itself. */
  chain: string[];
  /** Of the selected tables, those that it has too; the others would be stored whole. */
  tables: number;
  /** How many tables are selected. */
  selected: number;
  /**
   * Until when an incremental backup must have been taken, UTC: the first of its tables then leaves its GC window. Null
   * where nothing limits it.
   */
  deadline: { at: string; table: ObjectName; seconds: number } | null;
  /** Why it can't be built on, in words; null when it can. */
  problem: string | null;
}

/** One backup of a chain, as it is where it was recorded. */
export interface ChainLayer {
  id: string;
  /** Redacted. */
  url: string;
  type: 'full' | 'incremental';
  /** Consistent as of, UTC; null, like the figures, where it can't be read. */
  moment: string | null;
  /** The same as the newest layer recorded it: of one that can't be read too. Null where it didn't. */
  at: string | null;
  rows: number | null;
  /** Stored, compressed. */
  bytes: number | null;
  /** Why it can't be restored from; null when it can. */
  problem: Problem | null;
}

/** A finished backup, as its manifest tells. */
export interface BackupSummary {
  /** Redacted. */
  url: string;
  id: string;
  type: 'full' | 'incremental';
  /** The backups that it builds on, oldest (the full one) to newest, where they were when it was made; redacted. */
  chain: { id: string; url: string }[];
  cluster: { name: string; kind: string; version: string; identity: string };
  /** Consistent as of, UTC. */
  moment: string;
  startedAt: string;
  finishedAt: string;
  jobId: string;
  statement: string;
  /** Databases that were backed up whole. */
  databases: string[];
  objects: {
    name: ObjectName;
    kind: ObjectKind;
    /** For a sequence: the table in this backup that owns it and carries it into every restore. */
    ownedBy: ObjectName | null;
    /**
     * Of a table of which the backup has only what changed since the one before it: how that was found. Its figures are
     * of that. Null for one that is here whole.
     */
    changes: { method: Exclude<ChangeMethod, 'whole'>; reason: string | null } | null;
    rows: number;
    /** Stored, compressed. */
    bytes: number;
    /** As COPY text. */
    rawBytes: number;
  }[];
  totals: { rows: number; bytes: number; rawBytes: number; files: number };
  /** Names of the users that it carries. */
  users: string[];
  /** What the backup does not include, in words. */
  leftOut: string[];
}

export interface RestoredObject {
  /** As it is called in the backup. */
  source: ObjectName;
  /** As it will be called. */
  target: ObjectName;
  kind: ObjectKind;
  /** What all backups of the chain have to load, a row once for each of them that has it; bytes as COPY text. */
  rows: number;
  bytes: number;
  /** There may be fewer rows: some backups have newer ones in the place of others, or say that they are gone. */
  atMost: boolean;
  /** True when the target cluster has an object of that name: the restore is refused. */
  conflict: boolean;
}

/** One thing that was looked at in the cluster that is restored into, and what came of it. */
export interface TargetCheck {
  what: 'engine' | 'version' | 'names' | 'dependencies' | 'rights' | 'users' | 'space';
  /** `bad`: the restore is refused; `unknown`: it can't be told. */
  verdict: 'good' | 'warning' | 'bad' | 'unknown';
  /** A phrase or a sentence for people. */
  words: string;
}

/** What a RESTORE would do, worked out without writing anything. */
export interface RestorePlan {
  statement: string;
  /** The newest backup of those that are restored from: what the objects are as of. */
  source: BackupSummary | null;
  /** All backups that are restored from, oldest to newest; redacted. */
  layers: { url: string; id: string; type: 'full' | 'incremental'; moment: string; bytes: number }[];
  objects: RestoredObject[];
  missing: MissingDependency[];
  /** Databases that the restore creates. */
  createsDatabases: string[];
  totals: { tables: number; rows: number; bytes: number; atMost: boolean };
  /** What the target cluster was checked for; empty where the backup itself can't be read. */
  checks: TargetCheck[];
  problems: Problem[];
  warnings: string[];
}
