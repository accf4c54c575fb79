import { expect, test } from 'playwright/test';
import { violations } from './axe.ts';
import { logIn, startBackup } from './steps.ts';

test('root drills a backup, and learns that it can be restored and how long that takes', async ({ page }) => {
  const url = 'nodelocal://self/e2e/drilled';
  await startBackup(`BACKUP DATABASE bank TO '${url}'`);
  await logIn(page);
  const view = `/backups/view?url=${encodeURIComponent(url)}`;
  await page.goto(view);
  const summary = page.getByRole('region', { name: 'Summary' });
  await expect(summary.getByText('never')).toHaveCount(2);

  await page.getByRole('button', { name: 'Drill', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: /^default/ })).toBeChecked();
  await expect(dialog).toContainText('The backup is of this cluster');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Start drill' }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByRole('status').getByText('The drill passed')).toBeVisible({ timeout: 120_000 });
  const result = page.getByRole('region', { name: 'Result' });
  await expect(result).toContainText('read back and the same as in the backup');
  await expect(result).toContainText('The restore took');
  await expect(page.getByRole('region', { name: 'Details' })).toContainText(`DRILL BACKUP '${url}'`);
  expect(await violations(page)).toEqual([]);

  await page.getByRole('link', { name: 'Show backup' }).click();
  await expect(summary).toContainText(/on default: passed, restored in/);
});
