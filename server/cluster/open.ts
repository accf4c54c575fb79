import { HoldfastError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import { CockroachCluster } from './cockroach/adapter.ts';
import { detectKind } from './detect.ts';
import type { RetainedPast } from './past.ts';
import { PostgresCluster } from './postgres/adapter.ts';
import { SimulatedCluster } from './simulated/adapter.ts';
import { parseSimulatedUrl } from './simulated/url.ts';
import { simulatedWorld } from './simulated/world.ts';

export interface OpenOptions {
  /** What the server's own views call these sessions: `application_name`. */
  applicationName?: string;
  /** What is retained of the past of a cluster that keeps none by itself. */
  past?: RetainedPast;
}

const APPLICATION_NAME = 'holdfast';

const URL_FORMS =
  'It looks like postgres://user:password@host:5432/database or cockroachdb://root@host:26257/defaultdb.';

/**
 * The cluster behind a URL, by its scheme. Connects when it is first used; close() it. Throws `unsupported` for a kind of cluster
 * that can't be read, and `invalid-value` for what isn't a URL, never repeating its password.
 */
export function openCluster(url: string, options: OpenOptions = {}): Cluster {
  const applicationName = options.applicationName ?? APPLICATION_NAME;
  const scheme = schemeOf(url);
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      return new PostgresCluster(url, applicationName, options);
    case 'cockroachdb':
    case 'cockroach':
      return new CockroachCluster(url, applicationName);
    case 'simulated':
      return new SimulatedCluster(simulatedWorld(parseSimulatedUrl(url)));
    case undefined:
      throw new HoldfastError('invalid-value', `the cluster's URL has no scheme`, {
        hint: URL_FORMS,
        field: 'cluster',
      });
    default:
      throw new HoldfastError('unsupported', `clusters of scheme ${scheme}:// can't be backed up`, {
        hint: URL_FORMS,
        field: 'cluster',
      });
  }
}

/**
 * The cluster behind a URL, whatever it calls itself: a postgres:// URL may lead to CockroachDB, so the server is asked.
 * Throws what `openCluster` throws, and `cluster-unavailable` or `cluster-denied` where it can't be asked.
 */
export async function connectCluster(url: string, options: OpenOptions = {}): Promise<Cluster> {
  const applicationName = options.applicationName ?? APPLICATION_NAME;
  const scheme = schemeOf(url);
  if (scheme !== 'postgres' && scheme !== 'postgresql') return openCluster(url, options);
  return (await detectKind(url, applicationName)) === 'cockroachdb'
    ? new CockroachCluster(url, applicationName)
    : new PostgresCluster(url, applicationName, options);
}

function schemeOf(url: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
}
