import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { startHoldfast } from '../scripts/holdfast.ts';
import type { Started } from '../scripts/holdfast.ts';
import { violations } from './axe.ts';
import { openBranch, treeRow } from './steps.ts';

let started: Started;

test.beforeAll(async () => {
  started = await startHoldfast({ env: { HOLDFAST_CLUSTER_URL: 'simulated://3?seed=7' } });
});
test.afterAll(() => started.stop());

async function logIn(page: Page): Promise<void> {
  await page.goto('/login');
  await page.getByRole('textbox', { name: 'User' }).fill('root');
  await page.getByLabel('Password', { exact: true }).fill(started.about.rootPassword);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page).not.toHaveURL(/\/login/);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`a simulated cluster is called one on every page, ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({
      baseURL: started.about.url,
      colorScheme,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    await logIn(page);
    for (const path of ['/', '/backup', '/restore', '/backups', '/jobs', '/clusters', '/nowhere']) {
      await page.goto(path);
      await expect(page.getByRole('note', { name: 'Simulation' }), path).toContainText(
        'default is not a real cluster',
      );
      expect(await violations(page), path).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: path })
        .toBeLessThanOrEqual(390);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    await context.close();
  });
}

test('its nodes are in the plan, and its backup is told to be a simulation', async ({ browser }) => {
  const context = await browser.newContext({ baseURL: started.about.url, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await logIn(page);
  await page.goto('/clusters');
  await page.getByRole('link', { name: 'default', exact: true }).click();
  const nodes = page.getByRole('table', { name: 'Nodes of default' });
  for (const id of [1, 2, 3]) await expect(nodes.getByText(`sim-${id}:26257`)).toBeVisible();
  await expect(nodes.getByText('region=us-east,zone=us-east-a')).toBeVisible();

  await page.goto('/backup');
  await openBranch(page, 'shop');
  await treeRow(page, 'order_lines').click();
  await expect(treeRow(page, 'order_lines')).toHaveAttribute('aria-checked', 'true');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('textbox', { name: 'Backup URL' }).fill('nodelocal://self/simulated');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('region', { name: 'Plan', exact: true })).toContainText('on 3 nodes');
  for (const id of [1, 2, 3]) await expect(page.getByText(`sim-${id}:26257`)).toBeVisible();
  await page.getByRole('button', { name: 'Start backup' }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByText('Backup complete').first()).toBeVisible();

  // There is no way back, and that is said before anything starts.
  await page.getByRole('link', { name: 'Restore from this backup' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText(/nothing can be restored into this cluster/).first()).toBeVisible();
  await page.goto(`/backups/view?url=${encodeURIComponent('nodelocal://self/simulated')}`);
  await expect(page.getByText(/Simulation 1\.1/).first()).toBeVisible();
  await context.close();
});
