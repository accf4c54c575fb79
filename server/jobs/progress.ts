import type { ObjectName } from '../cluster/names.ts';
import type { JobError, TaskState } from './job.ts';

/** How far some tasks of a job's latest attempt are, taken together. */
export interface WorkProgress {
  tasks: number;
  tasksDone: number;
  tasksRunning: number;
  rows: number;
  /** Bytes of rows, uncompressed. */
  bytes: number;
  estimatedBytes: number;
  /** Of the estimated bytes, those that are done; tasks on their way count in part, and never for more than their estimate. */
  doneBytes: number;
}

/** How far one table is. */
export interface TableProgress extends WorkProgress {
  name: ObjectName;
}

/** How far the tasks of one node are. */
export interface NodeProgress extends WorkProgress {
  /** Null where rows are loaded: any node takes them. */
  node: string | null;
  /** As the node says itself (`region=eu,zone=b`); empty where it doesn't. */
  locality: string;
}

/** What one engine does and has done for a job. */
export interface EngineProgress {
  name: string;
  /** Empty where it doesn't say. */
  locality: string;
  /** False once the metadata store has not seen it for `ENGINE_SILENCE_MS`. */
  alive: boolean;
  /** ISO 8601, UTC; null for one that the metadata store has forgotten. */
  seenAt: string | null;
  /** Tasks that it does at once, of all jobs; null for one that the metadata store has forgotten. */
  capacity: number | null;
  coordinates: boolean;
  tasksRunning: number;
  tasksDone: number;
  rows: number;
  bytes: number;
  storedBytes: number;
}

/** One task, for the job's page. Times are ISO 8601, UTC. */
export interface TaskView {
  id: number;
  table: ObjectName;
  node: string | null;
  /** Who works on it, or did last. */
  engine: string | null;
  state: TaskState;
  /** How often it was begun. */
  tries: number;
  rows: number;
  bytes: number;
  estimatedBytes: number;
  startedAt: string | null;
  progressedAt: string | null;
  finishedAt: string | null;
  /** Of its first and of its last range, as the adapter counts them, from 0; null where rows are loaded. */
  ranges: { first: number; last: number } | null;
  /** Why it was given up, or what ended its last try. */
  trouble: JobError | null;
}

/** `troubled`: given up, or to be tried again. */
export type TaskFilter = TaskState | 'troubled';

export const TASK_FILTERS = ['troubled', 'running', 'waiting', 'held', 'done', 'failed'] as const;

/** How many tasks each filter shows; a troubled one is counted by its state as well. */
export type TaskCounts = Record<TaskFilter, number>;

/** A job in which nothing moves. */
export interface Stuck {
  /** ISO 8601, UTC. */
  since: string;
  /** `Stuck for 4 min on range 120 of orders, node 3 (timeout)`. */
  title: string;
  /** What is known of it, and what to do. */
  hint: string;
  /** The task that it is stuck on, where it is one. */
  task: number | null;
}
