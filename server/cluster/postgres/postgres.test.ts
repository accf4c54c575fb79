import { clusterConformance } from '../conformance.ts';
import { openCluster } from '../open.ts';
import { startTestServer } from './test-server.ts';

clusterConformance('postgres', async () => {
  const server = await startTestServer();
  const cluster = openCluster(server.url, { applicationName: 'conformance' });
  return {
    cluster,
    exec: (database, sql) => server.exec(database, sql),
    another: () => openCluster(server.url, { applicationName: 'conformance' }),
    async sessions() {
      const rows = await server.exec(
        'postgres',
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'conformance' AND state <> 'idle'`,
      );
      return rows.length;
    },
    async cleanup() {
      await cluster.close();
      await server.stop();
    },
  };
});
