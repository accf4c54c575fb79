import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { HoldfastError, messageOf } from '../../errors.ts';
import { alwaysQuote } from '../names.ts';
import { embeddedPaths } from './initialise.ts';
import type { Embedded } from './server.ts';

/** The demo database: customers, accounts, 200,000 transactions. An ordinary database once it is there. */
export const DEMO_DATABASE = 'bank';
const UNFINISHED = 'bank_unfinished';

/**
 * Makes the demo database, once in the life of the embedded PostgreSQL: one that was dropped or changed stays so.
 * It is filled under another name and renamed when complete, so it may be killed at any time. Takes a few
 * seconds; answers whether it made it.
 */
export async function ensureDemo(
  embedded: Pick<Embedded, 'adminUrl'>,
  dataDir: string,
  log: (message: string) => void,
): Promise<boolean> {
  const marker = embeddedPaths(dataDir).demoMade;
  if ((await readFile(marker, 'utf8').catch(() => null)) !== null) return false;
  try {
    const made = await connected(embedded.adminUrl('postgres'), async (admin) => {
      const there = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [DEMO_DATABASE]);
      // Killed between the renaming and the marker: it is complete.
      if (there.rowCount !== 0) return false;
      log(`making the demo database ${DEMO_DATABASE}`);
      const unfinished = alwaysQuote(UNFINISHED);
      await admin.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
      await admin.query(`CREATE DATABASE ${unfinished}`);
      await connected(embedded.adminUrl(UNFINISHED), async (client) => {
        await client.query(await readFile(path.join(import.meta.dirname, 'demo.sql'), 'utf8'));
      });
      await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${alwaysQuote(DEMO_DATABASE)}`);
      return true;
    });
    await writeFile(marker, `${new Date().toISOString()}\n`);
    return made;
  } catch (cause) {
    throw new HoldfastError(
      'cluster-unavailable',
      `The demo database ${DEMO_DATABASE} could not be made: ${messageOf(cause)}`,
      { hint: 'Start again: it is made anew.', cause },
    );
  }
}

async function connected<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // A connection that breaks fails the query that is under way, too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
