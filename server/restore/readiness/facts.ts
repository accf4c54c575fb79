import type { GcWindow } from '../../cluster/cluster.ts';
import type { JobKind } from '../../jobs/job.ts';
import type { VerifyDepth } from '../../statement/ast.ts';

// What is known of a protected target, before anything is made of it. Times are ISO 8601, UTC; URLs are redacted.

/**
 * How a layer was found where it was recorded. `lost`: it isn't there, or another backup is. `damaged`: it is there and can't be
 * used. `unreachable`: the destination doesn't answer, or refuses. `unread`: its destination answers, but this one has not been
 * read in time.
 */
export type LayerState = 'readable' | 'lost' | 'damaged' | 'unreachable' | 'unread';

export interface LayerFacts {
  url: string;
  type: 'full' | 'incremental';
  /** Consistent as of; null where that isn't known. */
  at: string | null;
  state: LayerState;
  /** Why it isn't readable; null where it is. */
  why: string | null;
}

/** A chain that a target is to be restored from, oldest to newest: of several, the first that is broken. */
export interface ChainFacts {
  /** Of its newest layer. */
  url: string;
  /** That is the newest known backup of the target; else the newest of some of its tables. */
  newest: boolean;
  layers: LayerFacts[];
}

/** A backup that a target is restored from. */
export interface Part {
  url: string;
  type: 'full' | 'incremental';
  at: string;
  /** The job that made it. */
  jobId: string;
  /** All of the database, not chosen tables. */
  whole: boolean;
  /** Tables that are taken from this one: no newer backup has them. `schema.name`, quoted where needed. */
  tables: string[];
  /** Stored, that a restore of them reads, of all layers. */
  bytes: number;
}

/** The newest point that a target can be restored to. */
export interface PointFacts {
  /** What is restored is at least as new: of several backups, the oldest. */
  at: string;
  /** The newest first. More than one where tables were backed up by themselves. */
  parts: Part[];
  bytes: number;
}

/** How long a restore would take, and by what that is known. */
export interface PaceFacts {
  /** Milliseconds. */
  estimateMs: number;
  /** As stored. */
  bytesASecond: number;
  /** Of this very backup, of another one of this target, or of another one of its cluster. */
  of: 'backup' | 'target' | 'cluster';
  from: 'drill' | 'restore';
  jobId: string;
  at: string;
}

interface ProofCommon {
  jobId: string;
  url: string;
  at: string;
  /** It is of the newest layer of the chain that would be restored. */
  ofNewest: boolean;
  findings: number;
}
export type VerifyFacts = ProofCommon & { depth: VerifyDepth; outcome: 'sound' | 'damaged' };
export type DrillFacts = ProofCommon & { outcome: 'passed' | 'failed'; on: string | null };

/** Until when an incremental backup on the newest point is possible. */
export type DeadlineFacts =
  | { kind: 'unlimited' }
  | { kind: 'at'; at: string; table: string; seconds: GcWindow['seconds'] }
  /** None is, whatever the time. */
  | { kind: 'impossible'; why: string }
  | { kind: 'unknown'; why: string };

/** What the live database has that no known backup does. */
export type UnprotectedFacts =
  | {
      kind: 'known';
      tables: string[];
      /** That can't be backed up at all, and why. */
      unsupported: { name: string; why: string }[];
    }
  | { kind: 'unknown'; why: string };

/** The place that the newest backup is at. */
export interface DestinationFacts {
  url: string;
  /** The saved destination that it lies in. */
  saved: { id: string; name: string } | null;
  reachable: boolean | null;
  /** As its last test found; null where it was never tested, or isn't saved. */
  writable: boolean | null;
  testedAt: string | null;
  why: string | null;
}

/** The cluster that a target is of: it answers; it is registered and doesn't; no registered one is it. */
export type SourceFacts = { state: 'up' } | { state: 'down'; why: string } | { state: 'gone' };

export interface RunningFacts {
  jobId: string;
  kind: JobKind;
  state: string;
}

/** One database of a cluster that known backups are of. */
export interface TargetFacts {
  /** Tells it from all others, as long as its cluster is the same. */
  key: string;
  /** What the cluster is registered as, or was. */
  cluster: string;
  database: string;
  source: SourceFacts;
  /** Whether the cluster has that database now; null where that isn't known. */
  present: boolean | null;
  /** Null where no known backup of it can be restored now. */
  point: PointFacts | null;
  chain: ChainFacts | null;
  pace: PaceFacts | null;
  /** What its objects need and their backup lacks: one sentence each. */
  missing: string[];
  /** The newest that tells most; null where there was none. */
  verify: VerifyFacts | null;
  drill: DrillFacts | null;
  deadline: DeadlineFacts;
  unprotected: UnprotectedFacts;
  destination: DestinationFacts | null;
  running: RunningFacts[];
}

/** Databases of a cluster that no known backup has anything of. */
export interface UnprotectedDatabases {
  key: string;
  cluster: string;
  /** `tables` is null where they could not be counted in time. */
  databases: { name: string; tables: number | null }[];
  /** Why they could not be learnt, where no backup is known of the cluster either; null where they could. */
  unknown: string | null;
  running: RunningFacts[];
}
