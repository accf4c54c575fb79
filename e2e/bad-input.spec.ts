import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { logIn, openBranch, startBackup, treeRow } from './steps.ts';

async function chooseBranches(page: Page): Promise<void> {
  await page.goto('/backup');
  await openBranch(page, 'bank');
  await treeRow(page, 'branches').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('an empty selection goes nowhere', async ({ page }) => {
  await logIn(page, '/backup');
  await expect(treeRow(page, 'bank')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Continue' })).toBeDisabled();
});

test('a destination that can’t be is refused beside its field', async ({ page }) => {
  await logIn(page);
  await startBackup("BACKUP bank.branches TO 'nodelocal://self/e2e/taken'");
  await chooseBranches(page);
  const url = page.getByRole('textbox', { name: 'Backup URL' });
  await url.fill('');
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled();
  for (const [destination, message] of [
    ['ftp://host/path', 'unsupported storage scheme: "ftp"'],
    ['s3://b/path', 'the host of an s3 URL is the bucket'],
    ['nodelocal://self/a/../../b', 'leads out of the extern directory'],
    ['nodelocal://self/a?x=y', 'unknown nodelocal query parameters: x'],
    ['nodelocal://self/e2e/taken', 'already contains a manifest.json'],
  ] as const) {
    await url.fill(destination);
    await page.getByRole('button', { name: 'Review' }).click();
    await expect(page.getByText(message).first(), destination).toBeVisible();
    await expect(url).toHaveAttribute('aria-invalid', 'true');
  }
});

test('a restore over what is there, or of a view without its tables, is refused before it starts', async ({
  page,
}) => {
  await logIn(page);
  await startBackup("BACKUP bank.branches, bank.rich_customers TO 'nodelocal://self/e2e/refused'");
  await page.goto(`/restore?url=${encodeURIComponent('nodelocal://self/e2e/refused')}`);
  await expect(page.getByRole('tree', { name: 'Objects of the backup' })).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'account_balances' })).toBeVisible();

  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: 'Into its own name' }).check();
  // Said beside the choice at once, and there is no way on.
  await expect(page.getByRole('region', { name: 'Database' })).toContainText(
    'relation "bank.public.branches" already exists',
  );
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled();
});
