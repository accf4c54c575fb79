import { expect, test } from 'playwright/test';
import { violations } from './axe.ts';
import { embedded, logIn, treeRow } from './steps.ts';

/** Databases of this story alone: what is turned on in them stays. */
const DATABASES = ['e2e_ledger', 'e2e_notes'] as const;

test.beforeAll(async () => {
  for (const name of DATABASES) {
    await embedded('bank', `CREATE DATABASE ${name}`);
    await embedded(name, 'CREATE TABLE entries (id int PRIMARY KEY)');
    await embedded(name, 'CREATE TABLE keyless (what text)');
  }
});

test.afterAll(async () => {
  for (const name of DATABASES) {
    await embedded(
      name,
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()`,
    );
    await embedded('bank', `DROP DATABASE ${name} WITH (FORCE)`);
  }
});

test('the wizard turns incremental backups on, for all databases at once, and says what comes next', async ({
  page,
}) => {
  await logIn(page, '/backup');
  for (const name of DATABASES) await treeRow(page, name).locator('[data-part=tick]').click();
  await page.getByRole('button', { name: 'Continue' }).click();

  // Said where full or incremental is chosen, before anybody chooses the one that can't be.
  const type = page.getByRole('region', { name: 'Type' });
  await expect(page.getByRole('radio', { name: 'Full' })).toBeChecked();
  await expect(
    type.getByText('Incremental backups are not turned on for e2e_ledger and e2e_notes'),
  ).toBeVisible();
  await expect(type.getByRole('button', { name: /^Logical WAL met$/ })).toBeVisible();
  await expect(type.getByRole('button', { name: /^REPLICATION privilege met$/ })).toBeVisible();
  await type.getByRole('button', { name: /^Replication slot of e2e_notes not met$/ }).click();
  await expect(type.getByText(/always stored whole: e2e_notes\.public\.keyless/)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.getByRole('radio', { name: 'Incremental' }).check();
  await type.getByRole('button', { name: 'Turn on for e2e_ledger and e2e_notes' }).click();
  await expect(
    type.getByText('Incremental backups are turned on for e2e_ledger and e2e_notes'),
  ).toBeVisible();
  await expect(type.getByText('Take a full backup now: later ones can build on it.')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await type.getByRole('button', { name: 'Choose “Full”' }).click();
  await expect(page.getByRole('radio', { name: 'Full' })).toBeChecked();
  for (const name of DATABASES)
    expect(
      await embedded(name, 'SELECT slot_name FROM pg_replication_slots WHERE database = current_database()'),
    ).toHaveLength(1);

  // And so it is: the next one builds on it.
  const destination = page.getByRole('textbox', { name: 'Backup URL' });
  await destination.fill('nodelocal://self/e2e/turned-on');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Start backup' }).click();
  await expect(page.getByText('succeeded').first()).toBeVisible({ timeout: 60_000 });
  await page.goto('/backup');
  for (const name of DATABASES) await treeRow(page, name).locator('[data-part=tick]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: 'Incremental' }).check();
  await expect(page.getByRole('radiogroup', { name: 'Build on' })).toContainText('e2e/turned-on');
  await expect(type.getByText(/not turned on/)).toHaveCount(0);
  await destination.fill('nodelocal://self/e2e/turned-on-next');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('region', { name: 'Statement' }).last()).toContainText(
    "INCREMENTAL FROM 'nodelocal://self/e2e/turned-on'",
  );
});
