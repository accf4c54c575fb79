import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { openMetadata, type Metadata } from './open.ts';
import { isOutage, outageToHoldfast } from './outage.ts';

let server: TestServer;
let metadata: Metadata;
beforeAll(async () => {
  server = await startTestServer();
  metadata = openMetadata(server.url);
});
afterAll(async () => {
  await metadata.close();
  await server.stop();
});

const thrownBy = (sql: string): Promise<unknown> =>
  metadata.pool.query(sql).then(
    () => null,
    (error: unknown) => error,
  );

it('is what a server does that goes, is gone and comes', async () => {
  const cut = thrownBy('SELECT pg_sleep(60)');
  await expect.poll(() => metadata.pool.totalCount).toBeGreaterThan(0);
  await thrownBy('SELECT pg_sleep(0.2)');
  await server.halt('fast');
  const gone = await thrownBy('SELECT 1');
  for (const error of [await cut, gone]) {
    expect(isOutage(error), String(error)).toBe(true);
    expect(outageToHoldfast(error)).toMatchObject({ code: 'metadata-unavailable', sqlState: '57P03' });
  }
  await server.start();
  expect(await thrownBy('SELECT 1')).toBeNull();
});

it('is nothing that is wrong with what was asked', async () => {
  for (const sql of ['SELECT nothing', 'SELECT 1/0', 'selec'])
    expect(isOutage(await thrownBy(sql)), sql).toBe(false);
  expect(outageToHoldfast(new Error('a bug'))).toBeNull();
});
