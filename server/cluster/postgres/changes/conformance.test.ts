import { afterAll, beforeAll, describe } from 'vitest';
import { FIXTURE } from '../../conformance-lab.ts';
import { incrementalConformance } from '../../conformance-incremental.ts';
import { PostgresCluster } from '../adapter.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

/** What every adapter promises of incremental backups, on a real server. */

let server: TestServer;
let cluster: PostgresCluster;
let made = 0;

beforeAll(async () => {
  server = await startTestServer();
  cluster = new PostgresCluster(server.url, 'conformance');
}, 120_000);

afterAll(async () => {
  await cluster.close();
  await server.stop();
}, 60_000);

describe('postgres', () => {
  incrementalConformance({
    get cluster() {
      return cluster;
    },
    another: () => new PostgresCluster(server.url, 'another'),
    async changed() {
      const database = `changed_${made++}`;
      await server.exec('postgres', `CREATE DATABASE ${database}`);
      await server.exec(database, FIXTURE);
      const collected = await cluster.holdMoment([database], null);
      await collected.release();
      await cluster.meet('slot', database);
      const from = await cluster.holdMoment([database], null);
      await server.exec(
        database,
        `UPDATE accounts SET balance = balance + 1 WHERE id % 10 = 0;
         DELETE FROM accounts WHERE id % 10 = 1;
         INSERT INTO customers VALUES (1000, 'new', 'sad');
         INSERT INTO nothing VALUES (1);`,
      );
      const at = await cluster.holdMoment([database], null);
      return {
        database,
        from: from.moment,
        at: at.moment,
        collected: collected.moment,
        async release() {
          await from.release();
          await at.release();
        },
      };
    },
  });
});
