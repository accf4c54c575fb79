import { expect, test } from 'playwright/test';
import { violations } from './axe.ts';
import { logIn, startBackup } from './steps.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page is accessible, ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const url = `nodelocal://self/e2e/accessible-${colorScheme}`;
    await page.goto('/login');
    await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible();
    expect(await violations(page), '/login').toEqual([]);
    await logIn(page);
    const id = await startBackup(`BACKUP bank.accounts, bank.customers TO '${url}'`);
    for (const [path, sign] of [
      ['/', 'Newest backups'],
      ['/readiness', 'Verdicts'],
      ['/readiness/report', 'Summary'],
      ['/backup', 'transactions'],
      ['/backups', 'Known backups'],
      [`/backups/view?url=${encodeURIComponent(url)}`, 'accounts'],
      [
        `/backups/object?url=${encodeURIComponent(url)}&kind=table&database=bank&schema=public&name=accounts`,
        'Needed by',
      ],
      ['/backups/import', 'Where to look'],
      ['/restore', 'Known backups'],
      [`/restore?url=${encodeURIComponent(url)}`, 'accounts'],
      ['/jobs', 'succeeded'],
      [`/jobs/${id}`, 'Backup complete'],
      ['/destinations', 'No saved destinations yet'],
      ['/clusters', 'PostgreSQL'],
      ['/clusters/view?name=default', 'Range 1 of 1'],
      ['/nowhere', 'Overview'],
    ] as const) {
      await page.goto(path);
      await expect(
        page.getByText(sign).first().or(page.getByLabel(sign).first()).first(),
        path,
      ).toBeVisible();
      expect(await violations(page), path).toEqual([]);
      // Nothing is wider than a phone.
      await page.setViewportSize({ width: 390, height: 844 });
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: path })
        .toBeLessThanOrEqual(390);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    await context.close();
  });
}
