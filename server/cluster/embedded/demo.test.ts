import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureDemo } from './demo.ts';
import { freePort } from './free-port.ts';
import { embeddedPaths } from './initialise.ts';
import { startEmbedded, type Embedded } from './server.ts';

describe('the demo database', () => {
  let dataDir: string;
  let embedded: Embedded;

  async function ask<T extends unknown[]>(sql: string, database = 'bank'): Promise<T[]> {
    const client = new pg.Client({ connectionString: embedded.adminUrl(database) });
    await client.connect();
    try {
      return (await client.query<T>({ text: sql, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  }

  const make = () => ensureDemo(embedded, dataDir, () => undefined);

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-demo-'));
    embedded = await startEmbedded({
      dataDir,
      port: await freePort(),
      password: 'demo',
      log: () => undefined,
    });
    // What a start that was killed leaves.
    await ask('CREATE DATABASE bank_unfinished', 'postgres');
    expect(await make()).toBe(true);
  });

  afterAll(async () => {
    await embedded.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('has what it is there to show', async () => {
    const [counts] =
      await ask(`SELECT (SELECT count(*)::int FROM customers), (SELECT count(*)::int FROM accounts),
      (SELECT count(*)::int FROM transactions), (SELECT count(*)::int FROM audit.logins)`);
    expect(counts).toEqual([10_000, 20_000, 200_000, 25_000]);
    const without =
      await ask(`SELECT relname FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p')`);
    expect(without).toEqual([['exchange_rates']]);
    const [rich] = await ask<[number]>('SELECT count(*)::int FROM rich_customers');
    expect(rich?.[0]).toBeGreaterThan(100);
    const [memos] =
      await ask(`SELECT bool_or(memo ~ '[äöü]'), bool_or(memo ~ '\\\\'), bool_or(memo ~ E'[\\n]'),
      bool_or(memo IS NULL) FROM transactions`);
    expect(memos).toEqual([true, true, true, true]);
    const [next] = await ask(`SELECT nextval('statement_no')::int, nextval('accounts_id_seq')::int`);
    expect(next).toEqual([105_000, 20_001]);
    // Planners and size estimates need statistics.
    expect(await ask(`SELECT reltuples::int FROM pg_class WHERE relname = 'transactions'`)).toEqual([
      [200_000],
    ]);
  });

  test('adds up, and is the same on every machine', async () => {
    const sums = await ask<
      [string, string, string]
    >(`SELECT sum(balance), (SELECT sum(amount) FROM transactions),
      (SELECT sum(hashtextextended(t::text, 0)) FROM transactions AS t) FROM accounts`);
    expect(sums).toEqual([['801469097.82', '801469097.82', '-810270156537920533529']]);
  });

  test('is made once: what people do to it stays done', async () => {
    await ask('DELETE FROM audit.logins WHERE id = 1');
    expect(await make()).toBe(false);
    expect(await ask('SELECT count(*)::int FROM audit.logins')).toEqual([[24_999]]);
    // Killed after the renaming: a database is there that nothing remembers having made.
    await rm(embeddedPaths(dataDir).demoMade);
    expect(await make()).toBe(false);
    expect(await ask('SELECT count(*)::int FROM audit.logins')).toEqual([[24_999]]);
    await ask('DROP DATABASE bank', 'postgres');
    expect(await make()).toBe(false);
    expect(await ask(`SELECT datname FROM pg_database WHERE datname LIKE 'bank%'`, 'postgres')).toEqual([]);
  });
});
