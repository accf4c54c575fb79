import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { writeDataFile } from '../server/format/data-file.ts';
import { accounts, copyStream, fileEntry, unsignedManifest } from '../server/format/fixtures.ts';
import { CHECKED_BYTES } from '../server/format/first-rows.ts';
import { writeManifest } from '../server/format/manifest.ts';
import { parseLocation } from '../server/storage/location.ts';
import { openStore } from '../server/storage/open.ts';
import { violations } from './axe.ts';
import { holdfast } from './harness.ts';
import { embedded, logIn, startBackup } from './steps.ts';

const URL = 'nodelocal://self/e2e/browsed';

// One backup for all of them.
test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  await embedded('bank', 'CREATE DATABASE browsed');
  await embedded(
    'browsed',
    `CREATE TABLE people (id int PRIMARY KEY, name text, note text);
     CREATE TABLE "Größe" (id int PRIMARY KEY, person int CONSTRAINT whose REFERENCES people);
     CREATE VIEW named AS SELECT name FROM people;
     CREATE TABLE nothing (id int);
     INSERT INTO people VALUES (1, 'Ä', NULL), (2, '', 'NULL'), (3, '\\N', repeat('long ', 1000));
     INSERT INTO people SELECT n, 'person ' || n, '' FROM generate_series(4, 300) n`,
  );
  await startBackup(`BACKUP DATABASE browsed TO '${URL}'`);
});

test.afterAll(async () => {
  await embedded('bank', 'DROP DATABASE browsed WITH (FORCE)');
});

/** axe finds nothing, and nothing is wider than a phone. */
async function expectGoodPage(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** What the page itself says so; its live regions are alerts too. */
function alert(page: Page, text: string) {
  return page.getByRole('main').getByRole('alert').filter({ hasText: text });
}

function objects(page: Page) {
  return page.getByRole('table', { name: 'Objects of the backup' });
}

function cell(page: Page, row: number, column: number) {
  return page
    .getByRole('table', { name: 'First rows' })
    .locator('tbody tr')
    .nth(row)
    .getByRole('cell')
    .nth(column);
}

test('root looks into a backup, down to the rows of a file, and back', async ({ page }) => {
  await logIn(page, '/backups');
  await page.getByRole('combobox', { name: 'Backup URL' }).fill(URL);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(objects(page).getByRole('row')).toHaveCount(5);
  await expect(page.getByText(/with password hashes and memberships: .*root/)).toBeVisible();

  // What is looked for is still there when one comes back.
  await page.getByRole('textbox', { name: 'Filter objects' }).fill('peo');
  await expect(page.getByText('Showing 1 of 4 objects.')).toBeVisible();
  await objects(page).getByRole('link', { name: 'browsed.public.people' }).click();
  await expect(page.getByRole('heading', { name: 'browsed.public.people' })).toBeVisible();
  const columns = page.getByRole('table', { name: 'Columns of the table' });
  await expect(columns.getByRole('row')).toHaveCount(4);
  await expect(columns.getByRole('row', { name: /^id integer no primary key/ })).toBeVisible();
  await expectGoodPage(page);

  // To what needs it, and to what that needs.
  const neededBy = page.getByRole('list', { name: 'Needed by' });
  await expect(neededBy.getByRole('link')).toHaveText(['browsed.public."Größe"', 'browsed.public.named']);
  await neededBy.getByRole('link', { name: 'Größe' }).click();
  await expect(page.getByRole('heading', { name: 'browsed.public."Größe"' })).toBeVisible();
  await expect(page.getByText('table · foreign key: whose')).toBeVisible();
  await page.getByRole('tab', { name: 'DDL' }).click();
  await expect(page.getByRole('group', { name: 'DDL' })).toContainText('ADD CONSTRAINT whose FOREIGN KEY');
  await expectGoodPage(page);
  await page.getByRole('tab', { name: 'Overview' }).click();
  await page.getByRole('list', { name: 'Needs' }).getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'browsed.public.people' })).toBeVisible();

  await page.getByRole('tab', { name: 'Files (1)' }).click();
  const file = page.getByRole('table', { name: 'Files of the table' }).getByRole('link');
  await expect(file).toHaveText(/^data\/browsed\.public\.people\/.*\.copy\.zst$/);
  await expectGoodPage(page);
  await file.click();
  await expect(page.getByText('The whole file was read')).toBeVisible();
  await expect(page.getByText('The first 50 rows of 300.')).toBeVisible();
  const grid = page.getByRole('table', { name: 'First rows' });
  await expect(grid.getByRole('columnheader')).toHaveText(['#', 'idinteger', 'nametext', 'notetext']);
  await expect(cell(page, 0, 1)).toHaveText('Ä');
  await expect(cell(page, 0, 2)).toHaveText('NULL');
  await expect(cell(page, 1, 1)).toHaveText('empty');
  await expect(cell(page, 1, 2)).toHaveText('NULL');
  await expect(cell(page, 2, 1)).toHaveText('\\N');
  // NULL is written otherwise than the text.
  const styleOf = (row: number) =>
    cell(page, row, 2)
      .locator(':scope > *')
      .evaluate((element) => getComputedStyle(element).fontStyle);
  expect([await styleOf(0), await styleOf(1)]).toEqual(['italic', 'normal']);
  await expectGoodPage(page);
  await cell(page, 2, 2).getByRole('button').click();
  await expect(page.getByRole('dialog', { name: 'note, row 3' })).toContainText(
    'all of it is 5,000 bytes of COPY text',
  );
  await page.keyboard.press('Escape');
  await page.getByText('500', { exact: true }).click();
  await expect(page.getByText('All 300 rows of the file.')).toBeVisible();

  // The file has an address, and the way back is the browser's.
  await page.reload();
  await expect(cell(page, 0, 1)).toHaveText('Ä');
  await page.goBack();
  await expect(file).toBeVisible();
  await page.getByRole('link', { name: 'The backup' }).click();
  await expect(objects(page).getByRole('row')).toHaveCount(5);
});

test('a filter outlasts the way to an object and back', async ({ page }) => {
  await logIn(page, `/backups/view?url=${encodeURIComponent(URL)}`);
  await page.getByRole('textbox', { name: 'Filter objects' }).fill('view');
  await expect(objects(page).getByRole('row')).toHaveCount(2);
  await objects(page).getByRole('link').click();
  await expect(page.getByRole('tab')).toHaveText(['Overview', 'DDL']);
  await page.goBack();
  await expect(page.getByRole('textbox', { name: 'Filter objects' })).toHaveValue('view');
  await expect(objects(page).getByRole('row')).toHaveCount(2);
  await page.getByRole('textbox', { name: 'Filter objects' }).fill('nothing at all');
  await expect(page.getByText('Nothing matches the filter.')).toBeVisible();
});

test('the schema is downloaded, and an empty table and an unknown object say so', async ({ page }) => {
  await logIn(page, `/backups/view?url=${encodeURIComponent(URL)}`);
  const started = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download the schema' }).click();
  const download = await started;
  expect(download.suggestedFilename()).toMatch(/^browsed-[0-9a-f]{8}\.sql$/);
  const text = await readFile(await download.path(), 'utf8');
  expect(text).toContain(`from the backup at ${URL}`);
  expect(text).toContain('CREATE TABLE public."Größe"');

  await objects(page).getByRole('link', { name: 'browsed.public.nothing' }).click();
  await page.getByRole('tab', { name: /^Files/ }).click();
  await page.getByRole('table', { name: 'Files of the table' }).getByRole('link').click();
  await expect(page.getByText('The file has no rows.')).toBeVisible();
  await page.goto(page.url().replace('name=nothing', 'name=unknown'));
  await expect(alert(page, 'has no table browsed.public.unknown')).toBeVisible();
  await page.goto('/backups/object');
  await expect(page.getByText('No object of a backup is named in this page’s address')).toBeVisible();
});

test('of a damaged file no row is shown', async ({ page }) => {
  const directory = path.join(holdfast().externDir, 'e2e/browsed');
  const manifest = JSON.parse(await readFile(path.join(directory, 'manifest.json'), 'utf8')) as {
    files: { name: string; table: { name: string } }[];
  };
  const name = manifest.files.find(({ table }) => table.name === 'people')?.name ?? '';
  const bytes = await readFile(path.join(directory, name));
  await writeFile(path.join(directory, name), Buffer.concat([bytes.subarray(0, -1), Buffer.from([0])]));
  try {
    const search = new URLSearchParams({
      url: URL,
      kind: 'table',
      database: 'browsed',
      schema: 'public',
      name: 'people',
      tab: 'files',
      file: name,
    });
    await logIn(page, `/backups/object?${search.toString()}`);
    await expect(alert(page, 'its SHA-256 does not match')).toBeVisible();
    await expect(page.getByRole('table', { name: 'First rows' })).toHaveCount(0);
    await expectGoodPage(page);
  } finally {
    await writeFile(path.join(directory, name), bytes);
  }
});

test('of a file that is too large to be checked the beginning is shown, and that is said', async ({
  page,
}) => {
  const url = 'nodelocal://self/e2e/large';
  const store = openStore(parseLocation(url), { externDir: holdfast().externDir });
  const text = Array.from({ length: 700 }, (_, id) => `${id}\t${randomBytes(30_000).toString('base64')}\n`);
  const written = await writeDataFile(store, fileEntry(0).name, copyStream(text.join(''), 65_536));
  await writeManifest(store, unsignedManifest({ files: [fileEntry(0, written)] }));
  expect(written.bytes).toBeGreaterThan(CHECKED_BYTES);

  const search = new URLSearchParams({ url, kind: 'table', ...accounts, tab: 'files', file: written.name });
  await logIn(page, `/backups/object?${search.toString()}`);
  await expect(
    page.getByText('Only the beginning of this file was read, and it was not checked'),
  ).toBeVisible();
  await expect(page.getByText('The whole file was read')).toHaveCount(0);
  await expect(page.getByText('The first 50 rows of 700.')).toBeVisible();
  await expect(cell(page, 0, 1)).toContainText('cut');
  await expectGoodPage(page);
});
