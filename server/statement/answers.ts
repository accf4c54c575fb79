import type { Statement } from './ast.ts';

/**
 * What statements answer, as data: the columns are CockroachDB 21.1's, in its order, so that scripts written for
 * it keep working.
 */
export interface Column {
  name: string;
  type: ColumnType;
}

/** `timestamp` is in UTC, as `2026-11-22 12:33:34.908597`. */
export type ColumnType = 'int8' | 'text' | 'float8' | 'timestamp' | 'timestamptz' | 'bool' | 'jsonb';

/** One statement's result. Values are PostgreSQL's text form of the column's type. */
export interface Answer {
  /** Empty: the statement answers no rows at all, only its tag. */
  columns: readonly Column[];
  rows: (string | null)[][];
  /** Command tag: `BACKUP 1`, `SHOW JOBS 3`, `PAUSE JOBS 1`. */
  tag: string;
}

export interface RunContext {
  /** Name of a registered cluster. */
  cluster: string;
  user: string;
  /** Aborts when the client goes away or cancels: the wait ends, the job goes on. */
  signal: AbortSignal;
  /** Tells the client something while the statement runs. */
  notice(message: string, severity?: 'NOTICE' | 'WARNING'): void;
}

/** Runs statements, for the wire endpoint. Throws HoldfastError. */
export interface StatementRunner {
  run(statement: Statement, context: RunContext): Promise<Answer>;
}

/** BACKUP, RESTORE, VERIFY BACKUP and DRILL BACKUP that were waited for. */
export const JOB_COLUMNS: readonly Column[] = [
  { name: 'job_id', type: 'int8' },
  { name: 'status', type: 'text' },
  { name: 'fraction_completed', type: 'float8' },
  { name: 'rows', type: 'int8' },
  { name: 'index_entries', type: 'int8' },
  { name: 'bytes', type: 'int8' },
];

/** The same WITH detached: the job goes on by itself. */
export const DETACHED_COLUMNS: readonly Column[] = [{ name: 'job_id', type: 'int8' }];

export const SHOW_JOBS_COLUMNS: readonly Column[] = [
  { name: 'job_id', type: 'int8' },
  { name: 'job_type', type: 'text' },
  { name: 'description', type: 'text' },
  { name: 'statement', type: 'text' },
  { name: 'user_name', type: 'text' },
  { name: 'status', type: 'text' },
  { name: 'running_status', type: 'text' },
  { name: 'created', type: 'timestamp' },
  { name: 'started', type: 'timestamp' },
  { name: 'finished', type: 'timestamp' },
  { name: 'modified', type: 'timestamp' },
  { name: 'fraction_completed', type: 'float8' },
  { name: 'error', type: 'text' },
  { name: 'coordinator_id', type: 'int8' },
];

export const SHOW_BACKUP_COLUMNS: readonly Column[] = [
  { name: 'database_name', type: 'text' },
  { name: 'parent_schema_name', type: 'text' },
  { name: 'object_name', type: 'text' },
  { name: 'object_type', type: 'text' },
  { name: 'backup_type', type: 'text' },
  { name: 'start_time', type: 'timestamp' },
  { name: 'end_time', type: 'timestamp' },
  { name: 'size_bytes', type: 'int8' },
  { name: 'rows', type: 'int8' },
  { name: 'is_full_cluster', type: 'bool' },
];

export const SHOW_BACKUP_SCHEMAS_COLUMNS: readonly Column[] = [
  ...SHOW_BACKUP_COLUMNS,
  { name: 'create_statement', type: 'text' },
];

/** The columns a statement will answer, known before it runs. Empty: no rows, only a tag. */
export function columnsOf(statement: Statement): readonly Column[] {
  switch (statement.kind) {
    case 'backup':
    case 'restore':
    case 'drill':
    case 'verify':
      return statement.options.detached ? DETACHED_COLUMNS : JOB_COLUMNS;
    case 'show-jobs':
      return SHOW_JOBS_COLUMNS;
    case 'show-backup':
      return statement.schemas ? SHOW_BACKUP_SCHEMAS_COLUMNS : SHOW_BACKUP_COLUMNS;
    case 'control-jobs':
      return [];
  }
}

/** CockroachDB's word for a kind of statement: the start of its command tag. */
export function tagOf(statement: Statement): string {
  switch (statement.kind) {
    case 'backup':
      return 'BACKUP';
    case 'restore':
      return 'RESTORE';
    case 'drill':
      return 'DRILL BACKUP';
    case 'verify':
      return 'VERIFY BACKUP';
    case 'show-jobs':
      return 'SHOW JOBS';
    case 'show-backup':
      return 'SHOW BACKUP';
    case 'control-jobs':
      return `${statement.action.toUpperCase()} JOBS`;
  }
}

/** An answer with the statement's own columns and its tag. */
export function answerRows(statement: Statement, rows: (string | null)[][]): Answer {
  return { columns: columnsOf(statement), rows, tag: `${tagOf(statement)} ${rows.length}` };
}

/** The answer of PAUSE, RESUME and CANCEL: how many jobs it reached. */
export function answerCount(statement: Statement, count: number): Answer {
  return { columns: [], rows: [], tag: `${tagOf(statement)} ${count}` };
}
