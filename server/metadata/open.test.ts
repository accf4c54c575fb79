import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { openMetadata } from './open.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
}, 60_000);

afterAll(() => server.stop());

it('outlives a connection that the server ends between two statements of a transaction', async () => {
  const metadata = openMetadata(server.url);
  const broken = metadata.db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(transaction);
    await server.exec('postgres', `SELECT pg_terminate_backend(${rows[0]?.pid ?? 0})`);
    await sleep(200);
    await sql`SELECT 1`.execute(transaction);
  });
  await expect(broken).rejects.toThrow();
  expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(metadata.db)).rows).toEqual([{ one: 1 }]);
  await metadata.close();
});
