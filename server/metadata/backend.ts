import pg from 'pg';
import { HoldfastError, messageOf } from '../errors.ts';

/** What kind of server the metadata store is on; pg-boss speaks to each in its own way. */
export type MetadataBackend = 'postgres' | 'cockroachdb';

const CONNECT_TIMEOUT_MS = 10_000;
/** The first with user-defined functions: https://www.cockroachlabs.com/docs/v22.2/user-defined-functions */
const FUNCTIONS_FROM = 22.2;

/**
 * Asks the server behind HOLDFAST_METADATA_URL what it is. Throws HoldfastError `unsupported` for a CockroachDB that lacks
 * what the queue needs (`to_regclass` and user-defined functions: pg-boss' schema uses both), `cluster-unavailable` where
 * nobody answers.
 */
export async function metadataBackend(url: string): Promise<MetadataBackend> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>('SELECT version()');
    const banner = rows[0]?.version ?? '';
    if (!banner.startsWith('CockroachDB')) return 'postgres';
    await refuseOld(client, banner);
    return 'cockroachdb';
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('cluster-unavailable', `The metadata store can't be used: ${messageOf(error)}`, {
      hint: 'Check HOLDFAST_METADATA_URL and that the server answers.',
      cause: error,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function refuseOld(client: pg.Client, banner: string): Promise<void> {
  const version = /\bv(\d+\.\d+)/.exec(banner)?.[1] ?? '';
  const missing: string[] = [];
  const functions = await client.query(`SELECT 1 FROM pg_catalog.pg_proc WHERE proname = 'to_regclass'`);
  if (functions.rowCount === 0) missing.push('to_regclass');
  if (!(Number(version) >= FUNCTIONS_FROM)) missing.push('user-defined functions');
  if (missing.length === 0) return;
  throw new HoldfastError(
    'unsupported',
    `The metadata store can't be on this CockroachDB (v${version}): it lacks ${missing.join(' and ')}, which the job queue needs.`,
    {
      hint: 'Point HOLDFAST_METADATA_URL at a PostgreSQL, or at a newer CockroachDB; leave it out for the embedded one.',
    },
  );
}
