import { HoldfastError } from '../errors.ts';
import { assertCertificatesReadable } from './certificates.ts';
import type { ClusterInfo, Prerequisite } from './cluster.ts';
import { connectCluster } from './open.ts';
import { withPatience } from './patience.ts';

/** Longer than connecting may take, so that its reason is what is told where there is one. */
const PATIENCE_MS = 20_000;

/** What answers at a URL. */
export interface ClusterProbe {
  info: ClusterInfo;
  /** Null where the user of the URL may not know. */
  prerequisites: Prerequisite[] | null;
}

/**
 * Asks what is behind a URL that needn't be registered, and closes all that it opened. Never takes longer than
 * `patience` milliseconds. Throws what connecting throws, about the field `url`.
 */
export async function probeCluster(url: string, patience = PATIENCE_MS): Promise<ClusterProbe> {
  try {
    await assertCertificatesReadable(url);
    return await withPatience(
      ask(url),
      patience,
      () =>
        new HoldfastError(
          'cluster-unavailable',
          `the cluster did not answer within ${Math.round(patience / 1000)} seconds`,
          { hint: 'Check that it runs and that its address can be reached from here.' },
        ),
    );
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    throw error.about('url');
  }
}

async function ask(url: string): Promise<ClusterProbe> {
  const cluster = await connectCluster(url, { applicationName: 'holdfast-test' });
  try {
    const info = await cluster.describe();
    const prerequisites = await cluster.prerequisites().catch((error: unknown) => {
      if (error instanceof HoldfastError && error.code === 'cluster-denied') return null;
      throw error;
    });
    return { info, prerequisites };
  } finally {
    await cluster.close();
  }
}
