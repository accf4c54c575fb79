import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { startHoldfast } from '../scripts/holdfast.ts';
import type { Started } from '../scripts/holdfast.ts';
import { violations } from './axe.ts';
import { openBranch, openConsole, treeRow } from './steps.ts';

/** One of its own: the other stories count on there being no saved destination. */
let started: Started;

test.describe.configure({ timeout: 240_000 });

test.beforeAll(async () => {
  started = await startHoldfast();
});
test.afterAll(() => started.stop());

/** Nothing listens there, whatever is spoken. */
const NOWHERE = 'http://127.0.0.1:1';
const PASTED = `s3://bucket/nightly/bank-1?AWS_ACCESS_KEY_ID=AKhush&AWS_SECRET_ACCESS_KEY=hush+/%3D&AWS_REGION=eu-central-1&AWS_ENDPOINT=${NOWHERE}`;
const PASTED_REDACTED = `s3://bucket/nightly/bank-1?AWS_REGION=eu-central-1&AWS_ENDPOINT=${NOWHERE}`;

async function choose(page: Page, label: string, option: string): Promise<void> {
  const item = page.getByRole('option', { name: option });
  await expect(async () => {
    // What loads above may push an opened list out of sight, where it is hidden.
    if (!(await item.isVisible())) await page.getByRole('combobox', { name: label }).click();
    await item.click({ timeout: 1000 });
  }).toPass({ timeout: 15_000 });
}

/** axe finds nothing, and nothing is wider than a phone. */
async function expectGoodPage(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** All that a reload would find in this tab. */
function kept(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }));
}

test('a destination is tested, saved, backed up to and removed', async ({ browser }) => {
  const { externDir } = started.about;
  await mkdir(externDir, { recursive: true });
  await writeFile(path.join(externDir, 'file'), '');
  const page = await openConsole(browser, started.about);
  await page.getByRole('link', { name: 'Destinations' }).click();
  await expect(page.getByText('No saved destinations yet')).toBeVisible();
  await expectGoodPage(page);

  // What fails is said in words, before anything is saved.
  await page.getByRole('button', { name: 'Add a destination' }).click();
  const dialog = page.getByRole('dialog');
  await choose(page, 'Storage', 'Directory (NFS)');
  await dialog.getByRole('textbox', { name: 'Path' }).fill('file/below');
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  const result = dialog.getByRole('status');
  await expect(result).toContainText('Backups can’t go there');
  await expect(result.locator('[data-step=write]')).toContainText('is a file, not a directory');
  await expect(result.locator('[data-step=read]')).toContainText('not tried');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('textbox', { name: 'Path' }).fill('../nightly');
  await expect(result).toBeHidden();
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await expect(dialog.getByText('leads out of the extern directory')).toBeVisible();
  await expect(dialog.getByRole('textbox', { name: 'Path' })).toHaveAttribute('aria-invalid', 'true');

  await dialog.getByRole('textbox', { name: 'Path' }).fill('nightly');
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await expect(result).toContainText('Backups can go there');
  for (const step of ['write', 'read', 'list', 'keep', 'remove'])
    await expect(result.locator(`[data-step=${step}]`)).toContainText('worked');
  expect(await violations(page)).toEqual([]);
  expect(await readdir(externDir)).toEqual(['file']);
  await dialog.getByRole('button', { name: 'Add destination' }).click();
  await expect(dialog.getByText('Give it a name.')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Nightly');
  await dialog.getByRole('button', { name: 'Add destination' }).click();
  await expect(dialog).toBeHidden();
  const card = page.getByRole('region', { name: 'Destination Nightly' });
  await expect(card).toContainText('nodelocal://self/nightly');
  await expect(card.getByText('works', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Test Nightly' }).click();
  await expect(card.getByRole('status').locator('[data-step=remove]')).toContainText('worked');
  await expectGoodPage(page);

  // The same again is refused beside its field.
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await choose(page, 'Storage', 'Directory (NFS)');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Nightly');
  await dialog.getByRole('textbox', { name: 'Path' }).fill('nightly');
  await dialog.getByRole('button', { name: 'Add destination' }).click();
  await expect(dialog.getByText('“Nightly” exists already')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Another');
  await dialog.getByRole('button', { name: 'Add destination' }).click();
  await expect(dialog.getByText('“Nightly” is this place already')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  // The wizard offers it first, and suggests a URL in it.
  await page.getByRole('link', { name: 'Back up' }).click();
  await openBranch(page, 'bank');
  await treeRow(page, 'branches').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('combobox', { name: 'Storage' })).toHaveValue('Nightly');
  const url = page.getByRole('textbox', { name: 'Backup URL' });
  await expect(url).toHaveValue(/^nodelocal:\/\/self\/nightly\/bank-branches-/);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Backups can go there' })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Start backup' }).click();
  await expect(page.getByText('Backup complete').first()).toBeVisible({ timeout: 60_000 });
  expect(await readdir(path.join(externDir, 'nightly'))).toHaveLength(1);

  await page.getByRole('link', { name: 'Destinations' }).click();
  await page.getByRole('button', { name: 'Change Nightly' }).click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Every night');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await page.getByRole('button', { name: 'Remove Every night' }).click();
  await expect(dialog).toContainText('The backups there stay');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No saved destinations yet')).toBeVisible();
  expect(await readdir(path.join(externDir, 'nightly'))).toHaveLength(1);
  await page.context().close();
});

test('credentials of a pasted URL go into the form, and are seen nowhere again', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  const answers: string[] = [];
  page.on('response', (response) => {
    if (!response.url().includes('/api/trpc/')) return;
    expect(response.url()).not.toContain('hush');
    response.text().then(
      (text) => answers.push(text),
      () => undefined,
    );
  });
  await page.goto('/backup');
  await openBranch(page, 'bank');
  await treeRow(page, 'branches').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await choose(page, 'Storage', 'Another URL');
  const url = page.getByRole('textbox', { name: 'Backup URL' });
  await expect(url).toHaveValue('');
  await url.fill(PASTED);
  await expect(page.getByText('This URL has credentials in it')).toBeVisible();
  expect(await kept(page)).toContain(PASTED_REDACTED);
  expect(await kept(page)).not.toContain('hush');
  await expectGoodPage(page);

  await page.getByRole('button', { name: 'Save as a destination' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('textbox', { name: 'Bucket', exact: true })).toHaveValue('bucket');
  await expect(dialog.getByRole('textbox', { name: 'Path' })).toHaveValue('nightly');
  await expect(dialog.getByRole('textbox', { name: 'Access key ID' })).toHaveValue('AKhush');
  await expect(dialog.getByLabel('Secret access key', { exact: true })).toHaveValue('hush+/=');
  await expect(dialog.getByLabel('Secret access key', { exact: true })).toHaveAttribute('type', 'password');
  await expect(dialog.locator('pre')).toHaveText(PASTED_REDACTED.replace('/bank-1', ''));
  // Nothing listens there: so it says.
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await expect(dialog.getByRole('status')).toContainText('Backups can’t go there', { timeout: 40_000 });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Offsite');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Add destination' }).click();
  await expect(dialog).toBeHidden();
  await expect(url).toHaveValue(PASTED_REDACTED);
  await expect(page.getByRole('combobox', { name: 'Storage' })).toHaveValue('Offsite');
  await expect(page.getByText('This URL has credentials in it')).toBeHidden();

  // Changing it shows no secret, and keeps it.
  await page.goto('/destinations');
  await page.getByRole('button', { name: 'Change Offsite' }).click();
  await expect(dialog.getByRole('textbox', { name: 'Access key ID' })).toHaveValue('');
  await expect(dialog.getByLabel('Secret access key', { exact: true })).toHaveValue('');
  await dialog.getByRole('textbox', { name: 'Path' }).fill('weekly');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await expect(dialog).toBeHidden();
  const card = page.getByRole('region', { name: 'Destination Offsite' });
  await expect(card).toContainText('s3://bucket/weekly');
  await expect(card).toContainText('Access key');
  await expect(card.getByText('test failed')).toBeVisible({ timeout: 40_000 });
  await expectGoodPage(page);

  // Stored secrets go where they were given for.
  await page.getByRole('button', { name: 'Change Offsite' }).click();
  await dialog.getByRole('textbox', { name: 'Endpoint' }).fill('http://127.0.0.1:2');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await expect(dialog.getByText('not sent to another server')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  // A whole URL is taken apart, and doesn't stay.
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await dialog.getByLabel('Paste a URL', { exact: true }).fill('https://me:hush%40@files.example/dav');
  await dialog.getByRole('button', { name: 'Fill in' }).click();
  await expect(dialog.getByLabel('Paste a URL', { exact: true })).toHaveValue('');
  await expect(dialog.getByRole('textbox', { name: 'Host' })).toHaveValue('files.example');
  await expect(dialog.getByLabel('Password', { exact: true })).toHaveValue('hush@');
  await dialog.getByLabel('Paste a URL', { exact: true }).fill('s3://bucket?AWS_SECRET=hush');
  await dialog.getByRole('button', { name: 'Fill in' }).click();
  await expect(dialog.getByText('unknown s3 query parameters')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await page.getByRole('button', { name: 'Remove Offsite' }).click();
  await expect(dialog).toContainText('can’t be opened, restored or built on any more unless');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No saved destinations yet')).toBeVisible();
  expect(await kept(page)).not.toContain('hush');
  expect(page.url()).not.toContain('hush');
  expect(answers.length).toBeGreaterThan(5);
  expect(answers.join('\n')).not.toContain('hush');
  await page.context().close();
});
