import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect } from 'vitest';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { contentsOf } from './compare.ts';
import type { Processes } from './processes.ts';

/** A shop that is small, and has more tasks than a few engines have in hand. */
export const SHOP = { tables: 24, rows: 8_000 };
/** Of all tables of `SHOP`. */
export const SHOP_ROWS = SHOP.tables * SHOP.rows;
/** Bytes a second at which backing up `SHOP` takes about eight seconds; and at which it is as fast as it can be. */
export const SLOW = 3.5e6;
export const FAST = 50e6;

/** A database of so many tables with so many rows of about 140 bytes each: every table is a task at least. */
export async function makeShop(
  server: Pick<TestServer, 'exec'>,
  database: string,
  { tables, rows }: { tables: number; rows: number },
): Promise<void> {
  await server.exec('postgres', `CREATE DATABASE ${database}`);
  const statements = Array.from(
    { length: tables },
    (_, table) =>
      `CREATE TABLE items_${table} (id int PRIMARY KEY, name text NOT NULL, price int);
       INSERT INTO items_${table} SELECT n, repeat(md5(n::text || '/${table}'), 4), n % 97 FROM generate_series(1, ${rows}) n;
       CREATE INDEX ON items_${table} (price)`,
  );
  await server.exec(database, statements.join(';'));
}

/** Restores what was backed up of `shop` under another name, and compares the two. */
export async function provesShop(
  processes: Processes,
  server: Pick<TestServer, 'exec'>,
  { location, database }: { location: string; database: string },
): Promise<void> {
  await processes.succeeded(
    await processes.begin(`RESTORE DATABASE shop FROM '${location}' WITH into_db = '${database}'`),
  );
  expect(await contentsOf(server, database)).toEqual(await contentsOf(server, 'shop'));
}

/** A writer that goes on until it is stopped. */
export interface Writer {
  /** Answers how many of its transactions were committed. */
  stop(): Promise<number>;
}

/** Between two transactions of a writer: who is tested beside it needs the machine, too. */
const PAUSE_MS = 5;

/** So much every account has in the beginning. */
const FIRST_BALANCE = 1000;

/** A database of accounts between which money is moved; each transfer is noted in its transaction. */
export async function makeLedger(server: TestServer, database: string, accounts: number): Promise<void> {
  await server.exec('postgres', `CREATE DATABASE ${database}`);
  await server.exec(
    database,
    `CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL, note text NOT NULL);
     INSERT INTO accounts SELECT n, ${FIRST_BALANCE}, repeat(md5(n::text), 4) FROM generate_series(1, ${accounts}) n;
     CREATE TABLE transfers (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, source int NOT NULL, target int NOT NULL, amount int NOT NULL)`,
  );
}

/** Moves money, a transaction after the other. */
export async function writeLedger(server: TestServer, database: string, accounts: number): Promise<Writer> {
  const client = new pg.Client({ connectionString: server.url.replace(/\/postgres$/, `/${database}`) });
  await client.connect();
  let over = false;
  let committed = 0;
  const going = (async () => {
    for (; !over; committed++) {
      // As far apart as can be: in other ranges, and other tasks.
      const source = 1 + ((committed * 7919) % accounts);
      const target = 1 + ((source + accounts / 2) % accounts);
      await client.query(
        `BEGIN; UPDATE accounts SET balance = balance - 1 WHERE id = ${source};
         UPDATE accounts SET balance = balance + 1 WHERE id = ${target};
         INSERT INTO transfers (source, target, amount) VALUES (${source}, ${target}, 1); COMMIT`,
      );
      await sleep(PAUSE_MS);
    }
    return committed;
  })();
  going.catch(() => undefined);
  return {
    async stop() {
      over = true;
      try {
        return await going;
      } finally {
        await client.end();
      }
    },
  };
}

/** How many accounts don't have what their transfers come to, how many transfers there are, and what all accounts have. */
export async function auditLedger(
  server: TestServer,
  database: string,
): Promise<{ wrong: number; transfers: number; total: number }> {
  const [row] = await server.exec(
    database,
    `WITH moved AS (SELECT id, sum(amount) AS amount FROM
                     (SELECT target AS id, amount FROM transfers UNION ALL SELECT source, -amount FROM transfers) m GROUP BY id)
     SELECT (SELECT count(*)::int FROM accounts LEFT JOIN moved USING (id)
              WHERE balance <> ${FIRST_BALANCE} + coalesce(amount, 0)) AS wrong,
            (SELECT count(*)::int FROM transfers) AS transfers,
            (SELECT sum(balance)::float8 FROM accounts) AS total`,
  );
  return row as { wrong: number; transfers: number; total: number };
}
