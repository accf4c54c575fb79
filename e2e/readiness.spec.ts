import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'playwright/test';
import type { Locator, Page } from 'playwright/test';
import { startHoldfast } from '../scripts/holdfast.ts';
import type { Started } from '../scripts/holdfast.ts';
import { violations } from './axe.ts';
import { printedText } from './pdf.ts';
import { openConsole } from './steps.ts';

/** One of its own: nothing is backed up yet. */
let started: Started;

test.describe.configure({ mode: 'serial', timeout: 240_000 });

test.beforeAll(async () => {
  started = await startHoldfast();
});
test.afterAll(() => started.stop());

/** axe finds nothing, and nothing is wider than a phone. */
async function expectGoodPage(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 800 });
}

async function run(sql: string): Promise<void> {
  const { sqlPort, rootPassword } = started.about;
  const client = new pg.Client({
    host: '127.0.0.1',
    port: sqlPort,
    user: 'root',
    password: rootPassword,
    database: 'default',
  });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function card(page: Page, name: string): Locator {
  return page.getByRole('main').getByRole('region', { name, exact: true });
}

const BANK = 'bank of default';
/** By then the page has asked once more, and been answered. */
const REFRESHED_MS = 60_000;

test('root sees what could be restored, what is the matter with it, and what to do', async ({ browser }) => {
  const page = await openConsole(browser, started.about);

  // Nothing is backed up: that is said, with what to do.
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Readiness' }).click();
  await expect(page).toHaveURL(/\/readiness$/);
  await expect(page.getByText('Nothing is backed up yet')).toBeVisible();
  const none = card(page, 'Databases of default in no backup');
  await expect(none).toContainText(/1 database of default is in no backup: bank \(\d+ tables\)/);
  await expectGoodPage(page);
  await none.getByRole('button', { name: 'Make a full backup' }).click();
  await expect(page).toHaveURL(/\/backup\?cluster=default&step=where$/);
  await expect(page.getByRole('textbox', { name: 'Backup URL' })).toHaveValue(/\/bank-[\d-]+$/);

  // A backup alone proves nothing.
  await run(`BACKUP DATABASE bank TO 'nodelocal://self/first'`);
  await page.goto('/readiness');
  const bank = card(page, BANK);
  await expect(bank).toContainText('Unproven');
  await expect(bank).toContainText('It has never been restored in a drill: that it can be is not proved.');
  await expect(bank).toContainText('full backup, readable');
  await expect(bank.getByRole('button', { name: 'Drill nodelocal://self/first' })).toBeVisible();
  await expect(page.getByText('Nothing is backed up yet')).toBeHidden();
  await bank.getByRole('button', { name: 'Details of bank' }).click();
  await expect(bank.getByRole('list', { name: 'Layers of bank' })).toContainText('nodelocal://self/first');
  await expectGoodPage(page);

  // A drill, a click away, proves it, and tells how long a restore takes.
  await bank.getByRole('button', { name: 'Drill nodelocal://self/first' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start drill' }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByText('succeeded').first()).toBeVisible({ timeout: 60_000 });
  await page.goto('/readiness');
  await expect(bank).toContainText('Ready', { timeout: REFRESHED_MS });
  await expect(bank).toContainText(/about .* of the last drill of this backup/);
  await expectGoodPage(page);

  // A damaged manifest is found by looking, and the backup before it is what is left. On a page that doesn't look meanwhile:
  // what was read is good for a minute.
  await page.goto('/jobs');
  await expect(page.getByRole('heading', { name: 'Jobs' })).toBeVisible();
  await run(`BACKUP DATABASE bank TO 'nodelocal://self/second'`);
  const manifest = path.join(started.about.externDir, 'second', 'manifest.json');
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replace('accounts', 'Accounts'));
  await page.goto('/readiness');
  await expect(bank).toContainText('At risk', { timeout: REFRESHED_MS });
  await expect(bank).toContainText(
    'The newest backup can’t be restored: manifest.json of nodelocal://self/second is damaged',
  );
  await expect(bank.getByRole('button', { name: 'Make a full backup' })).toBeVisible();
  await expectGoodPage(page);

  // The overview tells the worst.
  await page.goto('/');
  const summary = page.getByRole('region', { name: 'Readiness' });
  await expect(summary).toContainText('1 at risk');
  await expect(summary).toContainText(BANK);
  await expectGoodPage(page);
  await summary.getByRole('link', { name: 'All verdicts' }).click();
  await expect(page).toHaveURL(/\/readiness$/);
  await page.context().close();
});

test('the report says all of it, on paper and as JSON', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  await page.goto('/readiness');
  await page.getByRole('link', { name: 'Report' }).click();
  await expect(page).toHaveURL(/\/readiness\/report$/);
  await expect(page.getByRole('heading', { name: 'Readiness report' })).toBeVisible();
  const bank = page.getByRole('region', { name: 'bank, database of default' });
  await expect(bank).toContainText('At risk');
  await expectGoodPage(page);

  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download as JSON' }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(/^readiness-[\d-]+\.json$/);
  const facts: unknown = JSON.parse(await readFile(await download.path(), 'utf8'));
  expect(facts).toMatchObject({ clusters: 1, entries: [{ kind: 'target' }] });

  // What is printed has the facts, and not the buttons.
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('button', { name: 'Print or save as PDF' })).toBeHidden();
  await expect(bank).toContainText('nodelocal://self/second');
  await expect(page.getByText('Reviewed by, date, signature')).toBeVisible();
  const pdf = await page.pdf({ preferCSSPageSize: true });
  const words = printedText(pdf);
  for (const part of ['Readiness report', 'At risk', 'nodelocal://self/second', 'Reviewed by'])
    expect(words).toContain(part.replaceAll(' ', ''));
  await page.context().close();
});
