import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { logIn, startBackup } from './steps.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds wrong with the page as it is: rule and element, in words. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
  );
}

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
      ['/backup', 'transactions'],
      ['/backups', 'Known backups'],
      [`/backups/view?url=${encodeURIComponent(url)}`, 'accounts'],
      ['/restore', 'Known backups'],
      [`/restore?url=${encodeURIComponent(url)}`, 'accounts'],
      ['/jobs', 'succeeded'],
      [`/jobs/${id}`, 'Backup complete'],
      ['/clusters', 'PostgreSQL'],
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
