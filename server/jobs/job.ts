import { HoldfastError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';

declare const jobIdBrand: unique symbol;
/** A job's number, decimal, as CockroachDB's: a positive 64-bit integer that grows with time. */
export type JobId = string & { readonly [jobIdBrand]: true };

/** Reads a job number as people type it; null when it is none. */
export function parseJobId(text: string): JobId | null {
  return /^[1-9]\d{0,18}$/.test(text) ? (text as JobId) : null;
}

export const JOB_KINDS = ['BACKUP', 'RESTORE', 'VERIFY', 'DRILL'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** The cluster of a job that can't be without one. */
export function clusterOf({ cluster }: { cluster: string | null }): string {
  if (cluster === null) throw new HoldfastError('internal', 'the job has no cluster');
  return cluster;
}

/** What one job looks like from outside: the job list, the job page, SHOW JOBS. Times are ISO 8601, UTC. */
export interface JobView {
  id: JobId;
  kind: JobKind;
  state: JobState;
  /** What it is doing right now (`exporting`, `building indexes`), null when it isn't running. */
  runningStatus: string | null;
  /** Null where it needs none: a VERIFY reads the destination only. */
  cluster: string | null;
  /** The statement, canonical and redacted. */
  statement: string;
  user: string;
  /** Redacted URL of the backup that is written or read. */
  location: string;
  /** The moment that the backup is consistent as of; null until fixed, and for restores. */
  moment: string | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  modifiedAt: string;
  /** 0 to 1; never goes backwards. */
  fraction: number;
  rows: number;
  /** Bytes of rows, uncompressed, read or loaded so far. */
  bytes: number;
  /** Bytes written to or read from the destination so far. */
  storedBytes: number;
  estimatedBytes: number;
  /** When rows moved or a task ended last; null before the first did. */
  progressedAt: string | null;
  /** Counts from 1 the times that it was begun from its beginning. */
  attempt: number;
  /** The engine that coordinates it, or did last. */
  coordinator: string | null;
  /** Why it failed or fails; while it is paused, why it paused by itself. */
  error: JobError | null;
}

export interface JobError {
  code: ErrorCode;
  message: string;
  hint: string | null;
}

/** `held` until other tasks are done, `waiting` for an engine, `running` on one, `done`, or given up: then its job ends. */
export type TaskState = 'held' | 'waiting' | 'running' | 'done' | 'failed';

/** How far a job is: what its row and its progress events say. */
export interface JobProgress {
  /** 0 to 1. */
  fraction: number;
  rows: number;
  bytes: number;
  storedBytes: number;
  estimatedBytes: number;
  runningStatus: string | null;
}

/**
 * One step in a job's life, numbered in order. A client that has seen `seq` n asks for what comes after n: nothing is
 * repeated, whatever connection it comes over, and nothing is missed but progress that newer progress has overtaken.
 */
export type JobEvent = { seq: number; at: string } & (
  | { type: 'state'; state: JobState; error: JobError | null }
  | ({ type: 'progress' } & JobProgress)
  | { type: 'log'; level: 'info' | 'warning'; message: string }
);

/**
 * CockroachDB's job states (https://www.cockroachlabs.com/docs/v21.1/show-jobs#job-status), and `resuming`: it was paused, and is
 * to go on as soon as an engine takes it.
 */
export type JobState =
  | 'pending'
  | 'running'
  | 'pause-requested'
  | 'paused'
  | 'resuming'
  | 'cancel-requested'
  | 'reverting'
  | 'canceled'
  | 'succeeded'
  | 'failed';

const FINAL: ReadonlySet<JobState> = new Set(['canceled', 'succeeded', 'failed']);

/** True when a job in this state will never change again. */
export function isFinal(state: JobState): boolean {
  return FINAL.has(state);
}

/** What the list of jobs can be narrowed to. `active` has not ended; `running` goes on by itself; `paused` waits for root. */
export const JOB_FILTERS = ['active', 'running', 'paused', 'succeeded', 'failed', 'canceled'] as const;
export type JobFilter = (typeof JOB_FILTERS)[number];

const FILTERED: Record<JobFilter, readonly JobState[]> = {
  active: ['pending', 'running', 'pause-requested', 'paused', 'resuming', 'cancel-requested', 'reverting'],
  running: ['pending', 'running', 'resuming', 'cancel-requested', 'reverting'],
  paused: ['pause-requested', 'paused'],
  succeeded: ['succeeded'],
  failed: ['failed'],
  canceled: ['canceled'],
};

/** The states that a filter lets through. */
export function statesOf(filter: JobFilter): readonly JobState[] {
  return FILTERED[filter];
}
