import { rename } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'playwright/test';
import type { Locator, Page } from 'playwright/test';
import { startHoldfast } from '../scripts/holdfast.ts';
import type { Started } from '../scripts/holdfast.ts';
import { violations } from './axe.ts';
import { openConsole } from './steps.ts';

/** One of its own: the other stories count on a single cluster. */
let started: Started;

const at = (name: string) => `nodelocal://self/${name}`;

// The second story goes on from where the first has ended.
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
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Runs a statement over the wire on the simulated cluster, or a query on a database of the embedded PostgreSQL. */
async function query(where: { cluster: string } | { database: string }, sql: string) {
  const { sqlPort, rootPassword, embeddedUrl } = started.about;
  const url = new URL(embeddedUrl);
  if ('cluster' in where) {
    url.port = String(sqlPort);
    url.password = encodeURIComponent(rootPassword);
    url.pathname = `/${where.cluster}`;
  } else url.pathname = `/${where.database}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The card of a backup to build on, by a piece of its URL. */
function base(page: Page, name: string): Locator {
  return page
    .getByRole('radiogroup', { name: 'Build on' })
    .getByRole('radio')
    .filter({ hasText: at(name) });
}

/** Ticks a database of the simulated cluster and goes on to the step after. */
async function chooseShop(page: Page): Promise<void> {
  await page.goto('/backup?cluster=sim');
  const shop = page.getByRole('treeitem', { name: 'shop', exact: true });
  await expect(shop).toBeVisible();
  // It stays ticked in this tab from one visit to the next.
  if ((await shop.getAttribute('aria-checked')) !== 'true') await shop.locator('[data-part=tick]').click();
  await expect(shop).toHaveAttribute('aria-checked', 'true');
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** What the page itself says so; its live regions are alerts too. */
function alert(page: Page, text: string | RegExp): Locator {
  return page.getByRole('main').getByRole('alert').filter({ hasText: text }).first();
}

async function succeeded(page: Page): Promise<void> {
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByText('succeeded').first()).toBeVisible({ timeout: 60_000 });
}

test('root backs up what changed, and restores the chain into another cluster', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  await page.goto('/clusters');
  await page.getByRole('button', { name: 'Add a cluster' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('sim');
  await page
    .getByRole('textbox', { name: 'URL' })
    .fill('simulated://3?seed=7&rows=20000&every=1s&changes=0.5');
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await expect(page).toHaveURL(/\/clusters\/view\?name=sim$/);

  // Nothing to build on is said, and that is where it ends.
  await chooseShop(page);
  await page.getByRole('radio', { name: 'Incremental' }).check();
  await expect(page.getByText('There is nothing to build on yet')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled();

  await query({ cluster: 'sim' }, `BACKUP shop.customers TO '${at('some')}'`);
  await query({ cluster: 'sim' }, `BACKUP DATABASE shop TO '${at('full')}'`);
  await chooseShop(page);

  // The newest is chosen, with its countdown; one that lacks tables says so.
  await page.getByRole('radio', { name: 'Incremental' }).check();
  await expect(base(page, 'full')).toHaveAttribute('aria-checked', 'true');
  await expect(base(page, 'full')).toContainText(
    /Possible for another 24 h 5\d min, then shop\.public\.\w+ leaves/,
  );
  await expect(base(page, 'some')).toContainText(/Lacks \d of the \d selected tables/);
  await base(page, 'full').focus();
  await page.keyboard.press('ArrowDown');
  await expect(base(page, 'some')).toHaveAttribute('aria-checked', 'true');
  await page.keyboard.press('ArrowUp');
  await expect(base(page, 'full')).toHaveAttribute('aria-checked', 'true');
  const destination = page.getByRole('textbox', { name: 'Backup URL' });
  await expect(destination).toHaveValue(/\/shop-[\d-]+-incremental$/);
  await expectGoodPage(page);
  await destination.fill(at('one'));
  await page.getByRole('button', { name: 'Review' }).click();

  await expect(page.getByRole('list', { name: 'Builds on' })).toContainText(at('full'));
  await expect(page.getByRole('region', { name: 'Statement' }).last()).toContainText(
    `INCREMENTAL FROM '${at('full')}'`,
  );
  await expect(page.getByRole('table', { name: 'Tables of the plan' })).toContainText(
    'Changes, as the cluster tells them',
  );
  await expectGoodPage(page);
  await page.getByRole('button', { name: 'Start backup' }).click();
  await succeeded(page);
  await expect(page.getByRole('list', { name: 'Builds on' })).toContainText(at('full'));

  // Its page shows the chain, and leads to the next layer.
  await page.getByRole('link', { name: 'Show backup' }).click();
  await expect(page.getByRole('list', { name: 'Layers of the chain' }).getByRole('listitem')).toHaveCount(2);
  await expect(page.getByRole('table', { name: 'Objects of the backup' })).toContainText(
    'Changes, as the cluster',
  );
  await expectGoodPage(page);
  await page.getByRole('button', { name: 'Incremental backup on this one' }).click();
  await expect(base(page, 'one')).toHaveAttribute('aria-checked', 'true');

  // One click from the backup: the statement names the whole chain.
  await page.goto(`/backups/view?url=${encodeURIComponent(at('one'))}`);
  await page.getByRole('main').getByRole('link', { name: 'Restore', exact: true }).click();
  const asOf = page.getByRole('radiogroup', { name: 'Restore as of' }).getByRole('radio');
  await expect(asOf).toHaveCount(2);
  await expect(asOf.last()).toBeChecked();
  await expectGoodPage(page);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /new database/i }).check();
  await page.getByRole('textbox', { name: 'New database' }).fill('shop_again');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('region', { name: 'Statement' }).last()).toContainText(
    `FROM '${at('full')}', '${at('one')}' WITH`,
  );
  await page.getByRole('button', { name: 'Start restore' }).click();
  await succeeded(page);
  const [orders] = await query({ database: 'shop_again' }, 'SELECT count(*)::int AS n FROM orders');
  expect(orders?.['n']).toBeGreaterThan(0);
});

test('what can’t be built on or restored any more is said where it is chosen', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  await page.clock.install();
  await chooseShop(page);
  await page.getByRole('radio', { name: 'Incremental' }).check();
  await expect(base(page, 'one')).toHaveAttribute('aria-checked', 'true');
  await expect(page.getByRole('button', { name: 'Review' })).toBeEnabled();

  // The chosen one disappears while the page is open.
  const extern = (name: string) => path.join(started.about.externDir, name);
  await rename(extern('one'), extern('elsewhere'));
  await page.clock.fastForward('01:00');
  await expect(alert(page, 'is not there any more')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled();
  await base(page, 'full').click();
  await expect(page.getByRole('button', { name: 'Review' })).toBeEnabled();

  // A layer that is gone stands beside the backup to restore from; those before it can be chosen.
  await rename(extern('elsewhere'), extern('one'));
  await rename(extern('full'), extern('gone'));
  await page.goto(`/restore?url=${encodeURIComponent(at('one'))}`);
  await expect(
    alert(page, `layer 1 of 2 of the chain, the full backup that was at ${at('full')}`),
  ).toBeVisible();
  await expect(page.getByRole('button', { name: 'Continue' })).toBeDisabled();
  await expectGoodPage(page);
  await rename(extern('gone'), extern('full'));
  await page.reload();
  await page.getByRole('radiogroup', { name: 'Restore as of' }).getByRole('radio').first().check();
  await expect(page).toHaveURL(/layer=/);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /new database/i }).check();
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('region', { name: 'Statement' }).last()).toContainText(
    `FROM '${at('full')}' WITH`,
  );

  // A deadline passes.
  await chooseShop(page);
  // The tab kept what was chosen in it.
  await base(page, 'one').click();
  await expect(base(page, 'one')).toHaveAttribute('aria-checked', 'true');
  await page.clock.fastForward('26:00:00');
  await expect(alert(page, /Too old: .* left its GC window \(25 h\) 1 h \d\d min ago/)).toBeVisible();
  await expect(base(page, 'one')).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled();
  await expectGoodPage(page);
});
