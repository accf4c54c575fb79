import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCluster } from './open.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';

describe('openCluster', () => {
  it.each([
    ['simulated://', 'invalid-value'],
    ['simulated://0', 'invalid-value'],
    ['simulated://1001', 'invalid-value'],
    ['simulated://root:secret@3', 'invalid-value'],
    ['simulated://3?seed=-1', 'invalid-value'],
    ['simulated://3?rows=secret', 'invalid-value'],
    ['simulated://3?seed=1&seed=2', 'invalid-value'],
    ['simulated://3?password=secret', 'invalid-value'],
    ['simulated://3?every=0s', 'invalid-value'],
    ['simulated://3?every=60', 'invalid-value'],
    ['simulated://3?every=25h', 'invalid-value'],
    ['simulated://3?every=-1m', 'invalid-value'],
    ['simulated://3?changes=51', 'invalid-value'],
    ['simulated://3?changes=-1', 'invalid-value'],
    ['simulated://3?changes=0.0001', 'invalid-value'],
    ['simulated://3?changes=1e1', 'invalid-value'],
    ['simulated://3?changes=', 'invalid-value'],
    ['simulated://3?range=1B', 'invalid-value'],
    ['simulated://3?range=0KiB', 'invalid-value'],
    ['simulated://3?range=513MiB', 'invalid-value'],
    ['simulated://3?leases=60', 'invalid-value'],
    ['simulated://3?leases=0s', 'invalid-value'],
    ['simulated://3?splits=25h', 'invalid-value'],
    ['simulated://3?gc=501h', 'invalid-value'],
    ['simulated://3?gc=', 'invalid-value'],
    ['simulated://3?down=91', 'invalid-value'],
    ['simulated://3?slow=-1', 'invalid-value'],
    ['simulated://3?faults=1e1', 'invalid-value'],
    ['simulated://3?hangs=0.0001', 'invalid-value'],
    ['simulated://3?timeouts=all', 'invalid-value'],
    ['simulated://3/shop', 'invalid-value'],
    ['cockroachdb://root:secret@localhost:port', 'invalid-value'],
    ['mysql://root:secret@localhost', 'unsupported'],
    ['', 'invalid-value'],
    ['localhost:5432', 'invalid-value'],
    ['postgres://user:secret@host:port/db', 'invalid-value'],
    ['postgres://user:secret@host/db?sslmode=verify-ca', 'invalid-value'],
    ['postgres://user:secret@host/db?sslrootcert=/no/such/secret-file', 'invalid-value'],
  ])('refuses %s', (url, code) => {
    let thrown: unknown;
    try {
      openCluster(url);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code, field: 'cluster' });
    expect(String(thrown)).not.toContain('secret');
  });

  it('takes both schemes of PostgreSQL, and connects to nothing yet', async () => {
    for (const scheme of ['postgres', 'postgresql', 'POSTGRES', 'cockroachdb', 'cockroach'])
      await openCluster(`${scheme}://user:secret@127.0.0.1:1/db?sslmode=require`).close();
  });

  describe('of a server', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer();
    });
    afterAll(() => server.stop());

    it.each([
      ['a port where nothing listens', 'cluster-unavailable', () => 'postgres://u:secret@127.0.0.1:1/db'],
      ['an unknown host', 'cluster-unavailable', () => 'postgres://u:secret@no-such-host.invalid/db'],
      [
        'a wrong password',
        'cluster-denied',
        () => `postgres://root:secret@127.0.0.1:${server.port}/postgres`,
      ],
      ['no password', 'cluster-denied', () => `postgres://root@127.0.0.1:${server.port}/postgres`],
      ['an unknown database', 'undefined-database', () => server.url.replace(/postgres$/, 'nowhere')],
      ['TLS that it does not have', 'cluster-unavailable', () => `${server.url}?sslmode=require`],
    ] as [string, string, () => string][])('says what is wrong with %s', async (_what, code, url) => {
      const cluster = openCluster(url());
      try {
        const error: unknown = await cluster.describe().catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code, hint: expect.any(String) });
        expect(String(error)).toMatch(/:\d+, database (db|nowhere|postgres)/);
        expect(String(error)).not.toContain('secret');
      } finally {
        await cluster.close();
      }
    });

    it('uses database postgres where the URL names none, and calls its sessions holdfast', async () => {
      const cluster = openCluster(server.url.replace(/\/postgres$/, ''));
      try {
        await cluster.describe();
        const rows = await server.exec(
          'postgres',
          `SELECT datname FROM pg_stat_activity WHERE application_name = 'holdfast'`,
        );
        expect(rows).toEqual([{ datname: 'postgres' }]);
      } finally {
        await cluster.close();
      }
    });

    it('takes a database name with anything in it', async () => {
      const name = 'a/b?c#d%20"e" ü';
      const cluster = openCluster(server.url);
      try {
        await cluster.createDatabase(name, '1');
        expect(await cluster.catalog(name)).toMatchObject({ database: name, objects: [] });
        await cluster.dropDatabase(name, '1');
      } finally {
        await cluster.close();
      }
    });
  });
});
