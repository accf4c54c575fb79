/**
 * `npm run screenshots`: makes the pictures of the documentation from a Holdfast of its own with the demo database:
 * docs/images/<page>-<light|dark>.png. With a directory after it: every page, wide and narrow, in both themes,
 * into that directory.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright';
import type { Page } from 'playwright';
import { findChromium } from './browser.ts';
import { startHoldfast } from './holdfast.ts';
import { imports } from './screenshots-imports.ts';
import { busyJobs } from './screenshots-jobs.ts';
import { verifies } from './screenshots-verify.ts';

const THEMES = ['light', 'dark'] as const;
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } } as const;
type Size = keyof typeof SIZES;

const everything = process.argv[2] ?? null;
const directory = path.resolve(everything ?? path.join(import.meta.dirname, '..', 'docs', 'images'));

const holdfast = await startHoldfast();
const browser = await chromium.launch(await findChromium());
try {
  await mkdir(directory, { recursive: true });
  const { url, rootPassword } = holdfast.about;
  for (const theme of THEMES) {
    for (const size of everything === null ? (['wide'] as const) : (Object.keys(SIZES) as Size[])) {
      const context = await browser.newContext({
        baseURL: url,
        viewport: SIZES[size],
        colorScheme: theme,
        locale: 'en-GB',
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      const shoot = async (name: string): Promise<void> => {
        if (everything === null && !['backup', 'job'].includes(name)) return;
        await page.waitForTimeout(400);
        const suffix = everything === null ? theme : `${size}-${theme}`;
        await page.screenshot({
          path: path.join(directory, `${name}-${suffix}.png`),
          fullPage: size === 'narrow',
        });
      };
      await tour(page, rootPassword, `${size}-${theme}`, shoot);
      await context.close();
    }
  }
} finally {
  await browser.close();
  await holdfast.stop();
}

/** The whole way, a picture at every stop. */
async function tour(
  page: Page,
  password: string,
  run: string,
  shoot: (name: string) => Promise<void>,
): Promise<void> {
  await page.goto('/login');
  await shoot('login');
  await page.getByRole('textbox', { name: 'User' }).fill('root');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((url) => url.pathname === '/');
  await page
    .getByRole('link', { name: /Make (the first|a) backup/ })
    .first()
    .waitFor();
  await shoot('overview');

  await page.goto('/backup');
  const row = (name: string) => page.getByRole('treeitem', { name, exact: true });
  await row('bank').waitFor();
  await row('accounts').click();
  await row('rich_customers').click();
  await page.getByRole('alert').filter({ hasText: 'customers' }).waitFor();
  await shoot('backup');
  await page.getByRole('button', { name: 'Add all' }).click();
  await page.getByRole('alert').filter({ hasText: 'customers' }).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('textbox', { name: 'Backup URL' }).fill(`nodelocal://self/bank-${run}`);
  await shoot('backup-where');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Start backup' }).waitFor();
  await shoot('backup-plan');
  await page.getByRole('button', { name: 'Start backup' }).click();
  await page.waitForURL(/\/jobs\/\d+$/);
  await shoot('job-running');
  await page.getByRole('link', { name: 'Restore from this backup' }).waitFor({ timeout: 60_000 });
  await shoot('job');

  await page.getByRole('link', { name: 'Restore from this backup' }).click();
  await page.getByRole('tree', { name: 'Objects of the backup' }).waitFor();
  await shoot('restore');
  await page.getByRole('button', { name: 'Continue' }).click();
  await shoot('restore-where');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Start restore' }).waitFor();
  await shoot('restore-plan');

  for (const name of ['backups', 'jobs', 'clusters'] as const) {
    await page.goto(`/${name}`);
    await page
      .getByText(name === 'clusters' ? 'PostgreSQL' : 'bank')
      .first()
      .waitFor();
    await shoot(name);
  }
  await page.getByRole('button', { name: 'Add a cluster' }).click();
  await page.getByRole('textbox', { name: 'URL' }).waitFor();
  await shoot('cluster-add');
  await page.goto('/clusters/view?name=default');
  await page.getByRole('slider').waitFor();
  await shoot('cluster');
  await page.goto(`/backups/view?url=${encodeURIComponent(`nodelocal://self/bank-${run}`)}`);
  await page.getByText('accounts').first().waitFor();
  await shoot('backup-view');
  await destinations(page, run, shoot);
  if (everything !== null) {
    await imports(holdfast.about, page, shoot);
    await busyJobs(holdfast.about, page, shoot);
    await verifies(holdfast.about, page, `bank-${run}`, shoot);
  }
  await page.goto('/nowhere');
  await shoot('not-found');
}

/** Saves a destination and removes it again, so that the next tour sees what this one did. */
async function destinations(page: Page, run: string, shoot: (name: string) => Promise<void>): Promise<void> {
  await page.goto('/destinations');
  await page.getByText('No saved destinations yet').waitFor();
  await shoot('destinations-none');
  const dialog = page.getByRole('dialog');
  const result = dialog.getByRole('status');
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await dialog.getByRole('textbox', { name: 'Bucket' }).waitFor();
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await shoot('destination-lacking');
  await dialog.getByRole('combobox', { name: 'Storage' }).click();
  await page.getByRole('option', { name: 'Directory (NFS)' }).click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Nightly');
  // The manifest of the first backup is a file.
  await dialog.getByRole('textbox', { name: 'Path' }).fill(`bank-${run}/manifest.json/x`);
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await result.waitFor();
  await shoot('destination-failed');
  await dialog.getByRole('textbox', { name: 'Path' }).fill('nightly');
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await result.waitFor();
  await shoot('destination-works');
  await dialog.getByRole('button', { name: 'Add destination' }).click();
  await page.getByText('works', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Test Nightly' }).click();
  await page.getByRole('status').getByText('Backups can go there').waitFor();
  await shoot('destinations');

  await page.goto('/backup');
  await page.getByRole('treeitem', { name: 'branches', exact: true }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByRole('status').getByText('Backups can go there').waitFor();
  await page.getByRole('region', { name: 'Destination' }).scrollIntoViewIfNeeded();
  await shoot('backup-where-saved');
  await page
    .getByRole('textbox', { name: 'Backup URL' })
    .fill('s3://bucket/bank-1?AWS_ACCESS_KEY_ID=AKIA&AWS_SECRET_ACCESS_KEY=secret');
  await page.getByRole('button', { name: 'Save as a destination' }).waitFor();
  await shoot('backup-where-pasted');
  await page.getByRole('button', { name: 'Save as a destination' }).click();
  await dialog.getByRole('textbox', { name: 'Access key ID' }).waitFor();
  await dialog.getByRole('button', { name: 'Storage class' }).click();
  await shoot('destination-s3');

  await page.goto('/destinations');
  await page.getByRole('button', { name: 'Remove Nightly' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).waitFor();
  await shoot('destination-remove');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('No saved destinations yet').waitFor();
}
