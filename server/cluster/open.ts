import { HoldfastError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import { PostgresCluster } from './postgres/adapter.ts';
import { SimulatedCluster } from './simulated/adapter.ts';
import { parseSimulatedUrl } from './simulated/url.ts';
import { simulatedWorld } from './simulated/world.ts';

export interface OpenOptions {
  /** What the server's own views call these sessions: `application_name`. */
  applicationName?: string;
}

/**
 * The cluster behind a URL. Connects when it is first used; close() it. Throws `unsupported` for a kind of cluster
 * that can't be read, and `invalid-value` for what isn't a URL, never repeating its password.
 */
export function openCluster(url: string, options: OpenOptions = {}): Cluster {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      return new PostgresCluster(url, options.applicationName ?? 'holdfast');
    case 'simulated':
      return new SimulatedCluster(simulatedWorld(parseSimulatedUrl(url)));
    case undefined:
      throw new HoldfastError('invalid-value', `the cluster's URL has no scheme`, {
        hint: 'It looks like postgres://user:password@host:5432/database.',
        field: 'cluster',
      });
    default:
      throw new HoldfastError('unsupported', `clusters of scheme ${scheme}:// can't be backed up yet`, {
        hint: 'Use the postgres:// URL of a PostgreSQL server.',
        field: 'cluster',
      });
  }
}

/** Parameters of a cluster's URL that are secrets. */
const SECRET_PARAMETERS = new Set(['password', 'sslpassword']);

/** The URL with its secrets replaced by `redacted`, for people. Never throws: what isn't a URL is redacted whole. */
export function redactClusterUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return 'redacted';
  }
  if (parsed.password !== '') parsed.password = 'redacted';
  for (const name of [...parsed.searchParams.keys()])
    if (SECRET_PARAMETERS.has(name.toLowerCase())) parsed.searchParams.set(name, 'redacted');
  return parsed.href;
}
