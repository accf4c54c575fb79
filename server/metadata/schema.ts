import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { DatabaseSnapshot } from '../cluster/moment.ts';
import type { Login } from '../destinations/place.ts';
import type { JobError, JobEvent, JobKind, JobState } from '../jobs/job.ts';
import type { ProbeReport } from '../storage/probe.ts';

/** Written as a Date or ISO text, read back as a Date. */
type Timestamp = ColumnType<Date, Date | string, Date | string>;
/** PostgreSQL's bigint: read back as text, since it goes past 2^53. */
type BigInteger = ColumnType<string, string | number, string | number>;
type DefaultedBigInteger = ColumnType<string, string | number | undefined, string | number>;

/** The metadata store's tables. `migrations.ts` makes them. */
export interface MetadataTables {
  users: {
    name: string;
    /** PHC string, argon2id. */
    password_hash: string;
    created_at: Timestamp;
  };
  settings: {
    name: string;
    value: string;
  };
  sessions: {
    /** SHA-256 of the cookie's token, hex: the token itself is only in the browser. */
    token_hash: string;
    user_name: string;
    created_at: Timestamp;
    expires_at: Timestamp;
    address: string;
    user_agent: string;
  };
  clusters: {
    name: string;
    /** The URL with its password, sealed. */
    url_sealed: string;
    url_redacted: string;
    embedded: boolean;
    created_at: Timestamp;
  };
  /** Places that backups go to, with what opens them. */
  destinations: {
    id: string;
    /** Unique. */
    name: string;
    /** What tells one place from another, whatever opens it: unique. */
    place: string;
    url_redacted: string;
    /** The kind of credentials, and nothing of them. */
    login: Login;
    /** The URL with its credentials, sealed JSON. */
    secret_sealed: string;
    created_at: Timestamp;
    tested_at: Timestamp | null;
    /** What the last test found. */
    test: JSONColumnType<ProbeReport> | null;
  };
  /** How the past of a cluster is retained that keeps none by itself; without a row, by the defaults. */
  retention_policies: {
    cluster: string;
    enabled: boolean;
    every_seconds: number;
    window_seconds: number;
  };
  /** Databases that have been backed up: only their past is worth retaining. */
  retained_databases: {
    cluster: string;
    database: string;
    backed_up_at: Timestamp;
  };
  /** Which engine holds a cluster's snapshots, and until when that is believed. */
  snapshot_keepers: {
    cluster: string;
    keeper: string;
    until: Timestamp;
  };
  snapshots: {
    cluster: string;
    database: string;
    at: Timestamp;
    keeper: string;
    body: JSONColumnType<DatabaseSnapshot>;
  };
  jobs: {
    id: BigInteger;
    kind: JobKind;
    state: JobState;
    running_status: string | null;
    cluster: string;
    statement: string;
    user_name: string;
    location: string;
    moment: Timestamp | null;
    /** What to do, with the URLs and their credentials, sealed JSON. */
    spec_sealed: string;
    /** Counts the times that a coordinator began this job; work of an earlier attempt never counts. */
    attempt: Generated<number>;
    coordinator: string | null;
    created_at: Timestamp;
    started_at: Timestamp | null;
    finished_at: Timestamp | null;
    modified_at: Timestamp;
    fraction: Generated<number>;
    rows: DefaultedBigInteger;
    bytes: DefaultedBigInteger;
    stored_bytes: DefaultedBigInteger;
    estimated_bytes: DefaultedBigInteger;
    error: JSONColumnType<JobError> | null;
    last_event: DefaultedBigInteger;
  };
  job_events: {
    job_id: BigInteger;
    seq: BigInteger;
    at: Timestamp;
    body: JSONColumnType<DistributiveOmit<JobEvent, 'seq' | 'at'>>;
  };
  job_attempts: {
    job_id: BigInteger;
    attempt: number;
    /** What every task of the attempt shares: moment, descriptors, target names. */
    context: JSONColumnType<object>;
  };
  tasks: {
    job_id: BigInteger;
    attempt: number;
    id: number;
    state: 'waiting' | 'done' | 'failed';
    table_name: JSONColumnType<{ database: string; schema: string; name: string }>;
    node: string | null;
    body: JSONColumnType<object>;
    estimated_bytes: BigInteger;
    rows: DefaultedBigInteger;
    bytes: DefaultedBigInteger;
    stored_bytes: DefaultedBigInteger;
    /** Names of files that tries of this task began to write: what a revert removes. */
    files: JSONColumnType<string[]>;
    result: JSONColumnType<object> | null;
    error: JSONColumnType<JobError> | null;
    engine: string | null;
    modified_at: Timestamp;
  };
}

export type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
