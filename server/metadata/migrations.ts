import { sql } from 'kysely';
import type { Kysely, Migration, RawBuilder } from 'kysely';
import { CHANNEL } from './signals.ts';

/**
 * The metadata store's history, oldest first; a migration that has been released is never edited. Plain types
 * only (text, bigint, jsonb, timestamptz): what both PostgreSQL and CockroachDB speak.
 */
export const migrations: Record<string, Migration> = {
  '0001-accounts-clusters-jobs': {
    async up(db: Kysely<unknown>): Promise<void> {
      await executeAll(db, [
        sql`CREATE TABLE users (
          name text PRIMARY KEY,
          password_hash text NOT NULL,
          created_at timestamptz NOT NULL)`,
        sql`CREATE TABLE settings (
          name text PRIMARY KEY,
          value text NOT NULL)`,
        sql`CREATE TABLE sessions (
          token_hash text PRIMARY KEY,
          user_name text NOT NULL REFERENCES users (name) ON DELETE CASCADE,
          created_at timestamptz NOT NULL,
          expires_at timestamptz NOT NULL,
          address text NOT NULL,
          user_agent text NOT NULL)`,
        // The shape that rate-limiter-flexible expects.
        sql`CREATE TABLE login_attempts (
          key varchar(255) PRIMARY KEY,
          points integer NOT NULL DEFAULT 0,
          expire bigint)`,
        sql`CREATE TABLE clusters (
          name text PRIMARY KEY,
          url_sealed text NOT NULL,
          url_redacted text NOT NULL,
          embedded boolean NOT NULL,
          created_at timestamptz NOT NULL)`,
        sql`CREATE TABLE jobs (
          id bigint PRIMARY KEY,
          kind text NOT NULL,
          state text NOT NULL,
          running_status text,
          cluster text NOT NULL,
          statement text NOT NULL,
          user_name text NOT NULL,
          location text NOT NULL,
          moment timestamptz,
          spec_sealed text NOT NULL,
          attempt int NOT NULL DEFAULT 0,
          coordinator text,
          created_at timestamptz NOT NULL,
          started_at timestamptz,
          finished_at timestamptz,
          modified_at timestamptz NOT NULL,
          fraction double precision NOT NULL DEFAULT 0,
          rows bigint NOT NULL DEFAULT 0,
          bytes bigint NOT NULL DEFAULT 0,
          stored_bytes bigint NOT NULL DEFAULT 0,
          estimated_bytes bigint NOT NULL DEFAULT 0,
          error jsonb,
          last_event bigint NOT NULL DEFAULT 0)`,
        sql`CREATE INDEX jobs_by_state ON jobs (state, id)`,
        sql`CREATE TABLE job_events (
          job_id bigint NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
          seq bigint NOT NULL,
          at timestamptz NOT NULL,
          body jsonb NOT NULL,
          PRIMARY KEY (job_id, seq))`,
        sql`CREATE TABLE job_attempts (
          job_id bigint NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
          attempt int NOT NULL,
          context jsonb NOT NULL,
          PRIMARY KEY (job_id, attempt))`,
        sql`CREATE TABLE tasks (
          job_id bigint NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
          attempt int NOT NULL,
          id int NOT NULL,
          state text NOT NULL,
          table_name jsonb NOT NULL,
          node text,
          body jsonb NOT NULL,
          estimated_bytes bigint NOT NULL,
          rows bigint NOT NULL DEFAULT 0,
          bytes bigint NOT NULL DEFAULT 0,
          stored_bytes bigint NOT NULL DEFAULT 0,
          files jsonb NOT NULL,
          result jsonb,
          error jsonb,
          engine text,
          modified_at timestamptz NOT NULL,
          PRIMARY KEY (job_id, attempt, id))`,
      ]);
    },
  },
  /** Sends what `signals.ts` listens to. CockroachDB has no NOTIFY: there, who waits polls. */
  '0002-job-signals': {
    async up(db: Kysely<unknown>): Promise<void> {
      if (await isCockroach(db)) return;
      const channel = sql.lit(CHANNEL);
      await executeAll(db, [
        sql`CREATE FUNCTION signal_job_event() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_notify(${channel}, 'events ' || NEW.job_id); RETURN NULL; END $$`,
        sql`CREATE FUNCTION signal_task_end() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_notify(${channel}, 'work ' || NEW.job_id); RETURN NULL; END $$`,
        sql`CREATE FUNCTION signal_job_state() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_notify(${channel}, 'work ' || NEW.id); RETURN NULL; END $$`,
        sql`CREATE TRIGGER signal AFTER INSERT ON job_events
            FOR EACH ROW EXECUTE FUNCTION signal_job_event()`,
        sql`CREATE TRIGGER signal AFTER UPDATE OF state ON tasks
            FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION signal_task_end()`,
        sql`CREATE TRIGGER signal AFTER UPDATE OF state ON jobs
            FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION signal_job_state()`,
      ]);
    },
  },
  '0003-retained-snapshots': {
    async up(db: Kysely<unknown>): Promise<void> {
      await executeAll(db, [
        sql`CREATE TABLE retention_policies (
          cluster text PRIMARY KEY REFERENCES clusters (name) ON DELETE CASCADE,
          enabled boolean NOT NULL,
          every_seconds int NOT NULL,
          window_seconds int NOT NULL)`,
        sql`CREATE TABLE retained_databases (
          cluster text NOT NULL REFERENCES clusters (name) ON DELETE CASCADE,
          database text NOT NULL,
          backed_up_at timestamptz NOT NULL,
          PRIMARY KEY (cluster, database))`,
        sql`CREATE TABLE snapshot_keepers (
          cluster text PRIMARY KEY REFERENCES clusters (name) ON DELETE CASCADE,
          keeper text NOT NULL,
          until timestamptz NOT NULL)`,
        sql`CREATE TABLE snapshots (
          cluster text NOT NULL REFERENCES clusters (name) ON DELETE CASCADE,
          database text NOT NULL,
          at timestamptz NOT NULL,
          keeper text NOT NULL,
          body jsonb NOT NULL,
          PRIMARY KEY (cluster, database, at))`,
      ]);
    },
  },
  '0004-destinations': {
    async up(db: Kysely<unknown>): Promise<void> {
      await executeAll(db, [
        sql`CREATE TABLE destinations (
          id text PRIMARY KEY,
          name text NOT NULL UNIQUE,
          place text NOT NULL UNIQUE,
          url_redacted text NOT NULL,
          login text NOT NULL,
          secret_sealed text NOT NULL,
          created_at timestamptz NOT NULL,
          tested_at timestamptz,
          test jsonb)`,
      ]);
    },
  },
  /**
   * Jobs that outlive whoever works on them: leases of coordinators, tasks that are picked and may be stuck, the engines that
   * there are.
   */
  '0005-many-engines': {
    async up(db: Kysely<unknown>): Promise<void> {
      await executeAll(db, [
        sql`ALTER TABLE jobs ADD COLUMN epoch int NOT NULL DEFAULT 0`,
        sql`ALTER TABLE jobs ADD COLUMN lease_until timestamptz`,
        sql`ALTER TABLE jobs ADD COLUMN retry_at timestamptz`,
        sql`ALTER TABLE jobs ADD COLUMN reverts_to text`,
        sql`ALTER TABLE jobs ADD COLUMN progressed_at timestamptz`,
        sql`ALTER TABLE job_attempts ADD COLUMN planned boolean NOT NULL DEFAULT false`,
        sql`ALTER TABLE job_attempts ADD COLUMN built int NOT NULL DEFAULT 0`,
        sql`ALTER TABLE tasks ADD COLUMN locality text NOT NULL DEFAULT ''`,
        sql`ALTER TABLE tasks ADD COLUMN token text`,
        sql`ALTER TABLE tasks ADD COLUMN tries int NOT NULL DEFAULT 0`,
        sql`ALTER TABLE tasks ADD COLUMN started_at timestamptz`,
        sql`ALTER TABLE tasks ADD COLUMN progressed_at timestamptz`,
        sql`ALTER TABLE tasks ADD COLUMN finished_at timestamptz`,
        sql`ALTER TABLE tasks ADD COLUMN trouble jsonb`,
        sql`CREATE TABLE engines (
          name text PRIMARY KEY,
          locality text NOT NULL,
          capacity int NOT NULL,
          started_at timestamptz NOT NULL,
          seen_at timestamptz NOT NULL)`,
        sql`CREATE TABLE held_moments (
          job_id bigint NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
          attempt int NOT NULL,
          engine text NOT NULL,
          moment jsonb,
          PRIMARY KEY (job_id, attempt, engine))`,
        sql`CREATE TABLE turnstile (id int PRIMARY KEY)`,
        sql`INSERT INTO turnstile VALUES (1)`,
      ]);
    },
  },
  /** Apart from the columns that they are of: CockroachDB can't use those before the transaction that adds them is over. */
  '0006-many-engines-indexes': {
    async up(db: Kysely<unknown>): Promise<void> {
      await executeAll(db, [
        sql`CREATE INDEX jobs_open ON jobs (id) WHERE state NOT IN ('succeeded', 'failed', 'canceled')`,
        sql`CREATE INDEX jobs_by_kind ON jobs (kind, id)`,
        sql`CREATE INDEX jobs_by_end ON jobs (finished_at)`,
        sql`CREATE INDEX tasks_waiting ON tasks (job_id, attempt, id) WHERE state = 'waiting' AND token IS NULL`,
        sql`CREATE INDEX tasks_running ON tasks (job_id, attempt, id) WHERE state = 'running'`,
        sql`CREATE INDEX tasks_by_token ON tasks (token)`,
      ]);
      if (await isCockroach(db)) return;
      // That a task is picked is nothing to wake anybody for.
      await executeAll(db, [
        sql`DROP TRIGGER signal ON tasks`,
        sql`CREATE TRIGGER signal AFTER UPDATE OF state ON tasks
            FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state IN ('done', 'failed'))
            EXECUTE FUNCTION signal_task_end()`,
      ]);
    },
  },
  /** Jobs that need no cluster, and what they prove of backups. */
  '0007-proofs': {
    async up(db: Kysely<unknown>): Promise<void> {
      await executeAll(db, [
        sql`ALTER TABLE jobs ALTER COLUMN cluster DROP NOT NULL`,
        sql`CREATE TABLE proofs (
          id text PRIMARY KEY,
          job_id bigint NOT NULL UNIQUE REFERENCES jobs (id) ON DELETE CASCADE,
          kind text NOT NULL,
          backup_id text,
          location text NOT NULL,
          cluster text,
          depth text,
          outcome text NOT NULL,
          findings jsonb NOT NULL,
          figures jsonb NOT NULL,
          started_at timestamptz NOT NULL,
          finished_at timestamptz NOT NULL)`,
        sql`CREATE INDEX proofs_by_backup ON proofs (backup_id, finished_at)`,
        sql`CREATE INDEX proofs_by_location ON proofs (location, finished_at)`,
      ]);
    },
  },
  '0008-imported-backups': {
    async up(db: Kysely<unknown>): Promise<void> {
      await executeAll(db, [
        sql`CREATE TABLE imported_backups (
          place text PRIMARY KEY,
          id text NOT NULL,
          url_redacted text NOT NULL,
          url_sealed text,
          type text NOT NULL,
          chain jsonb NOT NULL,
          cluster text NOT NULL,
          cluster_kind text NOT NULL,
          cluster_identity text NOT NULL,
          moment timestamptz NOT NULL,
          finished_at timestamptz NOT NULL,
          rows bigint NOT NULL,
          stored_bytes bigint NOT NULL,
          imported_at timestamptz NOT NULL)`,
        sql`CREATE INDEX imported_backups_by_id ON imported_backups (id)`,
        sql`CREATE INDEX imported_backups_by_moment ON imported_backups (moment)`,
      ]);
    },
  },
};

async function isCockroach(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ version: string }>`SELECT version()`.execute(db);
  return rows[0]?.version.startsWith('CockroachDB') === true;
}

async function executeAll(db: Kysely<unknown>, statements: RawBuilder<unknown>[]): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
