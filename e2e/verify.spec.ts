import path from 'node:path';
import { expect, test } from 'playwright/test';
import { BackupDirectory } from '../server/testing/damage.ts';
import { violations } from './axe.ts';
import { holdfast } from './harness.ts';
import { logIn, startBackup } from './steps.ts';

test('root verifies a backup, damages it, and is told what is wrong with it', async ({ page }) => {
  const url = 'nodelocal://self/e2e/verified';
  await startBackup(`BACKUP bank.accounts, bank.customers TO '${url}'`);
  await logIn(page);
  const view = `/backups/view?url=${encodeURIComponent(url)}`;
  await page.goto(view);
  const summary = page.getByRole('region', { name: 'Summary' });
  await expect(summary.getByText('never')).toBeVisible();

  await page.getByRole('button', { name: 'Verify', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: 'Checksums' })).toBeChecked();
  await dialog.getByRole('radio', { name: 'Rows' }).check();
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Start verify' }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByRole('status').getByText('The backup is sound')).toBeVisible({ timeout: 60_000 });
  const result = page.getByRole('region', { name: 'Result' });
  await expect(result).toContainText('30,000');
  await expect(page.getByRole('region', { name: 'Details' })).toContainText(
    `VERIFY BACKUP '${url}' WITH depth = 'rows'`,
  );
  await expect(page.getByRole('region', { name: 'Details' }).getByText('Cluster')).toBeHidden();
  await page.getByRole('link', { name: 'Show backup' }).click();
  await expect(summary).toContainText(/by its rows: sound/);

  const backup = new BackupDirectory(path.join(holdfast().externDir, 'e2e/verified'));
  const accounts = await backup.file('accounts');
  await backup.flip(accounts);
  await backup.remove((await backup.file('customers')).name);
  await page.getByRole('button', { name: 'Verify', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start verify' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'the backup is damaged, 2 findings' })).toBeVisible({
    timeout: 60_000,
  });
  const findings = page.getByRole('list', { name: 'Findings' }).getByRole('listitem');
  await expect(findings).toHaveCount(2);
  await expect(findings.filter({ hasText: 'bank.public.accounts' })).toContainText(accounts.name);
  await expect(findings.filter({ hasText: 'bank.public.customers is missing' })).toBeVisible();
  expect(await violations(page)).toEqual([]);

  await page.goto('/jobs?kind=VERIFY');
  await expect(page.getByRole('table', { name: 'Jobs' })).toContainText(/Verify \d+/);
  await expect(page.getByText('cluster null')).toBeHidden();
  await page.goto(view);
  await expect(
    page.getByRole('alert').filter({ hasText: 'Damaged when it was verified last: 2 findings' }),
  ).toBeVisible();
  await expect(summary).toContainText('by its checksums: damaged, 2 findings');
  expect(await violations(page)).toEqual([]);
});
