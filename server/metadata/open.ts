import { Kysely, Migrator, PostgresDialect } from 'kysely';
import pg from 'pg';
import { HoldfastError, messageOf } from '../errors.ts';
import { metadataBackend } from './backend.ts';
import { migrations } from './migrations.ts';
import type { MetadataTables } from './schema.ts';
import { JobSignals } from './signals.ts';

/** The opened metadata store. `url` is for pg-boss, which keeps connections of its own. */
export interface Metadata {
  readonly db: Kysely<MetadataTables>;
  readonly pool: pg.Pool;
  readonly signals: JobSignals;
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the store; connections are made when first used. */
export function openMetadata(url: string): Metadata {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    application_name: 'holdfast',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  // A connection that dies while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  // So would one that dies in use, between two statements of a transaction: the next statement fails, and says so.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const signals = new JobSignals(url);
  const db = new Kysely<MetadataTables>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    pool,
    signals,
    url,
    close: async () => {
      await signals.close();
      await db.destroy();
    },
  };
}

/**
 * Brings the store's tables up to date; several processes may call it at once. Refuses a store of a newer version, and one
 * on a server that can't serve as one: see `metadataBackend`.
 */
export async function migrate(metadata: Metadata): Promise<void> {
  await metadataBackend(metadata.url);
  const migrator = new Migrator({
    db: metadata.db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (/corrupted migrations/.test(messageOf(error))) {
    throw new HoldfastError('unsupported', 'The metadata store belongs to a newer Holdfast.', {
      hint: 'Start that version, or point HOLDFAST_METADATA_URL at another database.',
      cause: error,
    });
  }
  throw new HoldfastError('cluster-unavailable', `The metadata store can't be used: ${messageOf(error)}`, {
    hint: 'Check HOLDFAST_METADATA_URL and that the server answers.',
    cause: error,
  });
}
