import pg from 'pg';
import { expect } from 'playwright/test';
import type { Browser, Locator, Page } from 'playwright/test';
import { holdfast } from './harness.ts';

/** Logs in as root and waits for the overview, or for the page that was asked for. */
export async function logIn(page: Page, path = '/', password = holdfast().rootPassword): Promise<void> {
  await page.goto(path);
  await page.getByRole('textbox', { name: 'User' }).fill('root');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page).not.toHaveURL(/\/login/);
}

/** A page, logged in, of a Holdfast that a story has of its own; its context is the caller's to close. */
export async function openConsole(
  browser: Browser,
  about: { url: string; rootPassword: string },
): Promise<Page> {
  const context = await browser.newContext({ baseURL: about.url, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await logIn(page, '/', about.rootPassword);
  return page;
}

/** A row of the tree by its name. */
export function treeRow(page: Page, name: string): Locator {
  return page.getByRole('treeitem', { name, exact: true });
}

/** Opens a database or schema of the tree, unless it is open. */
export async function openBranch(page: Page, name: string): Promise<void> {
  const row = treeRow(page, name);
  await expect(row).toBeVisible();
  if ((await row.getAttribute('aria-expanded')) !== 'true') await row.click();
}

async function connectEmbedded(database: string): Promise<pg.Client> {
  const url = new URL(holdfast().embeddedUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  return client;
}

/** Runs SQL on a database of the embedded PostgreSQL; answers the rows. */
export async function embedded(database: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await connectEmbedded(database);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Starts a backup and, once its tasks are planned, keeps it from getting on: asks for a lock on the table that
 * lets nobody read it any more. Answers the job's number and how to take the lock back.
 */
export async function startStalledBackup(
  sql: string,
  database: string,
  table: string,
): Promise<{ id: string; goOn: () => Promise<void> }> {
  const id = await startBackup(sql);
  const planned = `SELECT 1 FROM job_events WHERE job_id = ${id} AND body->>'message' LIKE 'Planned %'`;
  await expect
    .poll(async () => (await embedded('holdfast', planned)).length, { intervals: [20], timeout: 15_000 })
    .toBe(1);
  const client = await connectEmbedded(database);
  client.on('error', () => undefined);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await client.query('BEGIN');
  // Waits for the readers of now, the backup's moment among them, and keeps those who come later waiting.
  const locked = client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`).catch(() => undefined);
  return {
    id,
    async goOn() {
      await embedded(database, `SELECT pg_cancel_backend(${rows[0]?.pid ?? 0})`);
      await locked;
      await client.end();
    },
  };
}

/** Runs a BACKUP over the wire; answers its job's number. */
export async function startBackup(sql: string): Promise<string> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: holdfast().sqlPort,
    user: 'root',
    password: holdfast().rootPassword,
    database: 'default',
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ job_id: string }>(sql);
    return rows[0]?.job_id ?? '';
  } finally {
    await client.end();
  }
}
