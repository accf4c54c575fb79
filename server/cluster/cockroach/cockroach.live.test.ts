import { clusterConformance } from '../conformance.ts';
import { CockroachCluster } from './adapter.ts';
import { liveCluster } from './testing/live.ts';

const APPLICATION_NAME = 'conformance';

// What a test has just made isn't there ten seconds ago, CockroachDB's usual moment.
const adapter = (url: string) => new CockroachCluster(url, APPLICATION_NAME, { defaultAsOf: '-1us' });

clusterConformance('cockroachdb', async () => {
  const live = liveCluster();
  const cluster = adapter(live.url);
  return {
    cluster,
    exec: (database, sql) => live.exec(database, sql),
    another: () => adapter(live.url),
    async sessions() {
      const [row] = await live.exec(
        'defaultdb',
        `SELECT count(*) AS n FROM crdb_internal.cluster_sessions WHERE application_name = '${APPLICATION_NAME}'`,
      );
      return Number(row?.['n']);
    },
    cleanup: () => cluster.close(),
  };
});
