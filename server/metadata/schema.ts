import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { DatabaseSnapshot, Moment } from '../cluster/moment.ts';
import type { Login } from '../destinations/place.ts';
import type { JobError, JobEvent, JobKind, JobState, TaskState } from '../jobs/job.ts';
import type { VerifyDepth } from '../statement/ast.ts';
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
  /** Backups that this Holdfast did not make, or no longer knows that it made, found where they are. */
  imported_backups: {
    /** SHA-256 of what tells the place from others, hex: URLs are longer than an index takes. One place holds one backup. */
    place: string;
    /** Of the manifest. */
    id: string;
    url_redacted: string;
    /** The URL with its credentials, sealed; null where a saved destination opens it, or it needs none. */
    url_sealed: string | null;
    type: 'full' | 'incremental';
    /** The layers that it builds on, where they were when it was made. */
    chain: JSONColumnType<{ id: string; url: string }[]>;
    /** What the cluster was registered as where the backup was made: it need not be registered here. */
    cluster: string;
    cluster_kind: string;
    cluster_identity: string;
    moment: Timestamp;
    finished_at: Timestamp;
    rows: BigInteger;
    stored_bytes: BigInteger;
    imported_at: Timestamp;
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
    /** Null where it needs none. */
    cluster: string | null;
    statement: string;
    user_name: string;
    location: string;
    moment: Timestamp | null;
    /** What to do, with the URLs and their credentials, sealed JSON. */
    spec_sealed: string;
    /** Counts the times that this job was begun from its beginning; work of an earlier attempt never counts. */
    attempt: Generated<number>;
    /** Counts the times that a coordinator took the job: only the latest may change it. */
    epoch: Generated<number>;
    coordinator: string | null;
    /** Until when the coordinator is believed to be there, by the metadata store's clock; null: nobody has the job. */
    lease_until: Timestamp | null;
    /** Nobody takes the job before that, by the metadata store's clock. */
    retry_at: Timestamp | null;
    /** What it ends as once what it wrote is removed; null as long as it isn't to be. */
    reverts_to: 'canceled' | 'failed' | null;
    created_at: Timestamp;
    started_at: Timestamp | null;
    finished_at: Timestamp | null;
    modified_at: Timestamp;
    fraction: Generated<number>;
    rows: DefaultedBigInteger;
    bytes: DefaultedBigInteger;
    stored_bytes: DefaultedBigInteger;
    estimated_bytes: DefaultedBigInteger;
    /** Why it failed or fails; while it is paused, why it paused by itself. */
    error: JSONColumnType<JobError> | null;
    last_event: DefaultedBigInteger;
    /** When rows moved or a task ended last. */
    progressed_at: Timestamp | null;
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
    /** All of its tasks are noted. */
    planned: Generated<boolean>;
    /** So many steps after the rows are done, of a restore. */
    built: Generated<number>;
  };
  tasks: {
    job_id: BigInteger;
    attempt: number;
    id: number;
    state: TaskState;
    table_name: JSONColumnType<{ database: string; schema: string; name: string }>;
    node: string | null;
    /** Where the node is, as it says itself (`region=eu,zone=b`); empty where it doesn't. */
    locality: Generated<string>;
    body: JSONColumnType<object>;
    estimated_bytes: BigInteger;
    rows: DefaultedBigInteger;
    bytes: DefaultedBigInteger;
    stored_bytes: DefaultedBigInteger;
    /** Names of files that tries of this task began to write: what a revert removes. */
    files: JSONColumnType<string[]>;
    result: JSONColumnType<object> | null;
    error: JSONColumnType<JobError> | null;
    /** Who works on it, or did last. */
    engine: string | null;
    /** What in the queue stands for it, once an engine has picked it. */
    token: string | null;
    /** How often it was begun. */
    tries: Generated<number>;
    started_at: Timestamp | null;
    /** When its rows moved last. */
    progressed_at: Timestamp | null;
    finished_at: Timestamp | null;
    /** What ended its last try, where that is to be tried again. */
    trouble: JSONColumnType<JobError> | null;
    modified_at: Timestamp;
  };
  /** Engines that have been there, and when last, by the metadata store's clock. */
  engines: {
    name: string;
    locality: string;
    /** So many tasks at once. */
    capacity: number;
    started_at: Timestamp;
    seen_at: Timestamp;
  };
  /** Which engines hold a job's moment beside its coordinator; null until they do. */
  held_moments: {
    job_id: BigInteger;
    attempt: number;
    engine: string;
    moment: JSONColumnType<Moment> | null;
  };
  /** What jobs have proved of backups, one row a job. */
  proofs: {
    id: string;
    job_id: BigInteger;
    kind: 'verify' | 'drill';
    /** Of the newest layer's manifest; null where that can't be read. */
    backup_id: string | null;
    /** Redacted URL of the newest layer. */
    location: string;
    /** That a drill was made on. */
    cluster: string | null;
    depth: VerifyDepth | null;
    outcome: 'sound' | 'damaged' | 'passed' | 'failed';
    findings: JSONColumnType<object[]>;
    figures: JSONColumnType<object>;
    started_at: Timestamp;
    finished_at: Timestamp;
  };
  /** One row: who picks a task locks it, so that limits hold across engines. */
  turnstile: { id: number };
}

export type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
