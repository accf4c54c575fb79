import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { violations } from './axe.ts';
import { embedded, logIn, startStalledBackup } from './steps.ts';

/** A table so large that a backup of it has more tasks than are begun at once: some come upon the lock that stalls it. */
test.beforeAll(async () => {
  await embedded('postgres', 'CREATE DATABASE controlled');
  await embedded(
    'controlled',
    `CREATE TABLE ballast AS SELECT n AS id, md5(n::text) || md5((n + 1)::text) AS filler
       FROM generate_series(1, 1200000) AS n`,
  );
});

test.afterAll(() => embedded('postgres', 'DROP DATABASE controlled WITH (FORCE)'));

/** A backup that stands still until `goOn`, and is paused from its page, which is open then. */
async function pausedBackup(page: Page, path: string): ReturnType<typeof startStalledBackup> {
  await logIn(page);
  const backup = await startStalledBackup(
    `BACKUP DATABASE controlled TO 'nodelocal://self/e2e/${path}' WITH detached`,
    'controlled',
    'ballast',
  );
  try {
    await page.goto(`/jobs/${backup.id}`);
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByText('Paused until you resume it')).toBeVisible();
  } catch (error) {
    await backup.goOn();
    throw error;
  }
  return backup;
}

test('a backup is paused from its page, waits for root everywhere, and goes on', async ({ page }) => {
  const { id, goOn } = await pausedBackup(page, 'paused');
  try {
    expect(await violations(page)).toEqual([]);
  } finally {
    await goOn();
  }
  await expect(page.getByRole('button', { name: 'Pause' })).toBeHidden();

  // It is something to act on, wherever root looks.
  await page.goto('/');
  await expect(page.getByRole('status').filter({ hasText: '1 job paused' })).toContainText(id);
  await expect(page.getByRole('navigation', { name: 'Pages' }).getByLabel('1 paused')).toBeVisible();
  await page.goto('/jobs?state=paused');
  const row = page.getByRole('row').filter({ hasText: id });
  await expect(row).toContainText('waits for you');
  await row.getByRole('button', { name: `What to do with job ${id}` }).click();
  await expect(page.getByRole('menuitem', { name: 'Pause' })).toHaveCount(0);
  await page.getByRole('menuitem', { name: 'Resume' }).click();
  await expect(row).toBeHidden();

  await page.goto(`/jobs/${id}`);
  await expect(page.getByText('Backup complete')).toBeVisible({ timeout: 60_000 });
  const states = page.getByRole('region', { name: 'Events' }).locator('li[data-type="state"]');
  await expect(states).toHaveText([
    /succeeded/,
    /running/,
    /resuming/,
    /paused/,
    /pausing/,
    /running/,
    /pending/,
  ]);
  // What it did stays on its page.
  await page.getByRole('tab', { name: 'Engines' }).click();
  await expect(page.getByRole('table', { name: 'Engines of the job' }).getByRole('row')).toHaveCount(2);
});

test('a job that paused by itself says why, and what to do', async ({ page }) => {
  const { id, goOn } = await pausedBackup(page, 'full');
  try {
    await embedded(
      'holdfast',
      `UPDATE jobs SET error = '{"code":"storage-full","message":"no space is left at nodelocal://self/e2e/full","hint":"Make room there."}' WHERE id = ${id}`,
    );
    await page.reload();
    const alert = page.getByRole('alert').filter({ hasText: 'Paused by itself: no space is left' });
    await expect(alert).toContainText('Make room there.');
    await expect(alert.getByRole('button', { name: 'Resume' })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.goto('/jobs');
    await expect(page.getByRole('alert').filter({ hasText: '1 job paused' })).toContainText(
      'no space is left',
    );
    await page.goto(`/jobs/${id}`);
    await page.getByRole('button', { name: 'Cancel job' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel job' }).click();
    await expect(page.getByText('No backup was made.')).toBeVisible({ timeout: 30_000 });
  } finally {
    await goOn();
  }
});

test('a job in which nothing moves says so, and on what', async ({ page }) => {
  await logIn(page);
  const { id, goOn } = await startStalledBackup(
    "BACKUP DATABASE controlled TO 'nodelocal://self/e2e/stuck' WITH detached",
    'controlled',
    'ballast',
  );
  try {
    await page.goto(`/jobs/${id}`);
    await expect(page.getByText('exporting')).toBeVisible();
    await page.getByRole('tab', { name: 'Tasks' }).click();
    await expect(
      page.getByRole('table', { name: 'Tasks of the job' }).getByText('running').first(),
    ).toBeVisible();
    await expect(page.getByText(/^Stuck for/)).toHaveCount(0);
    // Nobody waits four minutes for a test.
    await expect
      .poll(async () => {
        await embedded(
          'holdfast',
          `UPDATE jobs SET progressed_at = now() - interval '4 minutes' WHERE id = ${id};
           UPDATE tasks SET progressed_at = now() - interval '4 minutes' WHERE job_id = ${id} AND state = 'running'`,
        );
        return page.getByText(/^Stuck for 4 min on ranges? \d.* of ballast, node 1/).count();
      })
      .toBe(1);
    const alert = page.getByRole('alert').filter({ hasText: 'Stuck for' });
    await expect(alert).toContainText('a lock on the table');
    await expect(page.getByText(/^still for 4 min/).first()).toBeVisible();
    expect(await violations(page)).toEqual([]);
  } finally {
    await goOn();
  }
  await expect(page.getByText('Backup complete')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(/^Stuck for/)).toHaveCount(0);
});
