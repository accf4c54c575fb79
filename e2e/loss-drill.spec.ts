import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { processesOf, startHoldfast } from '../scripts/holdfast.ts';
import type { Started, TestHoldfast } from '../scripts/holdfast.ts';
import { startDestination } from '../server/testing/destinations.ts';
import type { TestDestination } from '../server/testing/destinations.ts';
import { violations } from './axe.ts';
import { openConsole, treeRow } from './steps.ts';

/** Where all backups are, and all that survives. */
let bucket: TestDestination;
/** The Holdfast that is lost, and the one that is started on nothing. */
let lost: string;
let fresh: Started | null = null;

test.describe.configure({ timeout: 300_000 });
test.beforeAll(async () => {
  bucket = await startDestination('s3');
  lost = await mkdtemp(path.join(tmpdir(), 'holdfast-lost-'));
});
test.afterAll(async () => {
  await destroy(lost);
  await fresh?.stop();
  await bucket.stop();
});

/** Ends everything that works on a data directory as a power cut does, and removes the directory. */
async function destroy(dataDir: string): Promise<void> {
  for (;;) {
    const pids = await processesOf(dataDir);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    if (pids.length === 0) break;
  }
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

async function query(url: string, sql: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, string>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A database of the embedded PostgreSQL; over the wire endpoint, a cluster. */
function urlOf(about: TestHoldfast, where: { database: string } | { cluster: string }): string {
  const url = new URL(about.embeddedUrl);
  if ('cluster' in where) url.port = String(about.sqlPort);
  url.pathname = `/${'cluster' in where ? where.cluster : where.database}`;
  return url.toString();
}

/** Of every table of a database, how many rows it has, and a checksum over all that is in them. */
async function contentsOf(about: TestHoldfast, database: string): Promise<Record<string, string>> {
  const url = urlOf(about, { database });
  const tables = await query(
    url,
    `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname NOT LIKE 'holdfast%' ORDER BY 1`,
  );
  const contents: Record<string, string> = {};
  for (const { name = '' } of tables) {
    const [row] = await query(
      url,
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(row, '' ORDER BY row)), '') AS sum
         FROM (SELECT md5(t::text) AS row FROM ${name} AS t) AS rows`,
    );
    contents[name] = row?.['sum'] ?? '';
  }
  return contents;
}

/** Restores what the page shows into a new database, and waits for the job. */
async function restoreInto(page: Page, database: string): Promise<void> {
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /new database/i }).check();
  await page.getByRole('textbox', { name: 'New database' }).fill(database);
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Start restore' }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByText('succeeded').first()).toBeVisible({ timeout: 120_000 });
}

async function expectGoodPage(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1280, height: 800 });
}

test('the cluster and all of Holdfast’s data are lost; from the bucket alone, every row comes back', async ({
  browser,
}) => {
  const before = await startHoldfast({ dataDir: lost });
  const page = await openConsole(browser, before.about);
  await page.goto('/backup');
  await treeRow(page, 'bank').locator('[data-part=tick]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: 'Incremental' }).check();
  await page.getByRole('button', { name: 'Turn on for bank' }).click();
  await expect(page.getByText('Incremental backups are turned on for bank')).toBeVisible();
  await page.context().close();

  const console = urlOf(before.about, { cluster: 'default' });
  const bank = urlOf(before.about, { database: 'bank' });
  const at = (name: string) => bucket.url(`nightly/bank ü/${name}`);
  await query(console, `BACKUP DATABASE bank TO '${at('full')}'`);
  await query(
    bank,
    `UPDATE accounts SET balance = balance + 1 WHERE id % 7 = 0;
     DELETE FROM transactions WHERE id % 11 = 0;
     INSERT INTO branches (city, country, opened_on) VALUES ('Reykjavík', 'IS', '2026-11-01')`,
  );
  const second = await contentsOf(before.about, 'bank');
  await query(console, `BACKUP DATABASE bank TO '${at('one')}' INCREMENTAL FROM '${at('full')}'`);
  await query(
    bank,
    `UPDATE customers SET city = 'Þingvellir' WHERE id % 13 = 0;
     DELETE FROM transactions WHERE id % 5 = 0`,
  );
  const newest = await contentsOf(before.about, 'bank');
  await query(
    console,
    `BACKUP DATABASE bank TO '${at('two')}' INCREMENTAL FROM '${at('full')}', '${at('one')}'`,
  );
  expect(Object.keys(second).length).toBeGreaterThan(4);
  expect(newest).not.toEqual(second);

  await destroy(lost);
  fresh = await startHoldfast();
  const after = await openConsole(browser, fresh.about);
  await after.goto('/restore');
  await expect(after.getByText('No backups are known here')).toBeVisible();
  await expectGoodPage(after);
  await after.getByRole('link', { name: 'Import from a destination' }).click();
  await expect(after).toHaveURL(/\/backups\/import$/);

  // The destination is added by its URL and credentials.
  await after.getByRole('button', { name: 'Add a destination' }).click();
  const dialog = after.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Offsite');
  await dialog.getByLabel('Paste a URL').fill(bucket.url('nightly'));
  await dialog.getByRole('button', { name: 'Fill in' }).click();
  await dialog.getByRole('button', { name: 'Add destination' }).click();
  await expect(after.getByRole('combobox', { name: 'Destination' })).toHaveValue('Offsite');
  await expectGoodPage(after);
  await after.getByRole('button', { name: 'Look for backups' }).click();
  await expect(after.getByRole('status').getByText('3 backups found')).toBeVisible();
  await expect(after.getByRole('table', { name: 'Found backups' })).toContainText('3 layers');
  await expectGoodPage(after);
  await after.getByRole('button', { name: 'Import 3 backups' }).click();
  await expect(after.getByText('All of these are known here')).toBeVisible();
  await expectGoodPage(after);

  // As of the second layer, chosen with the keyboard.
  const known = after.getByRole('region', { name: 'Backups of default' });
  await after.getByRole('main').getByRole('link', { name: 'Restore', exact: true }).click();
  await expect(known.getByRole('listitem')).toHaveCount(1);
  await expectGoodPage(after);
  await known.getByRole('link', { name: /^Restore from/ }).click();
  const asOf = after.getByRole('radiogroup', { name: 'Restore as of' }).getByRole('radio');
  await expect(asOf).toHaveCount(3);
  await expect(asOf.last()).toBeChecked();
  await asOf.last().focus();
  await after.keyboard.press('ArrowUp');
  await expect(asOf.nth(1)).toBeChecked();
  await expectGoodPage(after);
  await restoreInto(after, 'bank_second');
  expect(await contentsOf(fresh.about, 'bank_second')).toEqual(second);

  // As of the newest.
  await after.goto('/restore');
  await known.getByRole('link', { name: /^Restore from/ }).click();
  await restoreInto(after, 'bank_newest');
  expect(await contentsOf(fresh.about, 'bank_newest')).toEqual(newest);

  // What was imported can be forgotten; it is still where it was.
  await after.goto('/backups');
  await after.getByRole('textbox', { name: 'Search' }).fill('full');
  await expect(after.getByRole('table', { name: 'Known backups' }).getByRole('row')).toHaveCount(2);
  await after
    .getByRole('link', { name: /\/full/ })
    .first()
    .click();
  await expect(after.getByText(/job \d+ \(not known here\)/)).toBeVisible();
  await expectGoodPage(after);
  await after.getByRole('button', { name: 'Forget' }).click();
  await dialog.getByRole('button', { name: 'Forget' }).click();
  await expect(after.getByRole('button', { name: 'Forget' })).toBeHidden();
  await after.goto('/backups');
  await expect(after.getByRole('table', { name: 'Known backups' }).getByRole('row')).toHaveCount(3);
  await after.context().close();
});
