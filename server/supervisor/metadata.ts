import pg from 'pg';
import { ensureRoot } from '../accounts/bootstrap.ts';
import { openSecrets } from '../accounts/secrets.ts';
import type { Embedded } from '../cluster/embedded/server.ts';
import { alwaysQuote } from '../cluster/names.ts';
import type { Config } from '../config.ts';
import { ClusterRegistry, DEFAULT_CLUSTER } from '../metadata/clusters.ts';
import { migrate, openMetadata } from '../metadata/open.ts';

/** The metadata store's database on the embedded PostgreSQL. */
export const METADATA_DATABASE = 'holdfast';

/** The metadata store's URL, its database made where it is ours to make. */
export async function metadataUrl(config: Config, embedded: Embedded | null): Promise<string> {
  if (config.metadataUrl !== null) return config.metadataUrl;
  if (embedded === null) throw new Error('no metadata store: the embedded PostgreSQL was not started');
  const client = new pg.Client({ connectionString: embedded.url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const there = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [METADATA_DATABASE]);
    if (there.rowCount === 0) await client.query(`CREATE DATABASE ${alwaysQuote(METADATA_DATABASE)}`);
  } finally {
    await client.end();
  }
  return embedded.adminUrl(METADATA_DATABASE);
}

/**
 * Brings the metadata store up to date: tables, the user root, the cluster `default`. Answers root's password
 * when this call made the user.
 */
export async function prepareMetadata(
  url: string,
  config: Config,
  embedded: Embedded | null,
): Promise<{ rootPassword: string | null }> {
  const metadata = openMetadata(url);
  try {
    await migrate(metadata);
    // One first password for the console and the embedded PostgreSQL.
    const root = await ensureRoot(metadata, config.rootPassword ?? embedded?.password ?? null);
    const clusters = new ClusterRegistry(metadata, await openSecrets(config.dataDir));
    const clusterUrl = config.clusterUrl ?? embedded?.url;
    if (clusterUrl === undefined) throw new Error('no cluster: the embedded PostgreSQL was not started');
    await clusters.register(DEFAULT_CLUSTER, clusterUrl, { embedded: config.clusterUrl === null });
    await clusters.close();
    return { rootPassword: root.created ? root.password : null };
  } finally {
    await metadata.close();
  }
}
