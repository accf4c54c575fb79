import pg from 'pg';
import { clusterError as cockroachError } from './cockroach/errors.ts';
import { readUrl } from './cockroach/url.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * What kind of server answers at a postgres:// URL: CockroachDB speaks the same protocol, and its users write the same
 * URLs. Throws `invalid-value`, `cluster-unavailable`, `cluster-denied`, never repeating the URL.
 */
export async function detectKind(url: string, applicationName: string): Promise<'postgres' | 'cockroachdb'> {
  // Both have a database of this name, and a URL needs to name none.
  const access = {
    ...readUrl(url),
    ...(/^[^/]+\/\/[^/?]*\/?(\?|$)/.test(url) ? { database: 'postgres' } : {}),
  };
  const client = new pg.Client({
    ...access,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Told by whatever is being awaited.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>('SELECT version()');
    return rows[0]?.version.startsWith('CockroachDB') === true ? 'cockroachdb' : 'postgres';
  } catch (error) {
    const place = {
      address: `${access.host}:${access.port}`,
      database: access.database,
      user: client.user ?? '',
    };
    throw cockroachError(error, place, 'connect');
  } finally {
    await client.end().catch(() => undefined);
  }
}
