import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { embedded, logIn, startStalledBackup } from './steps.ts';

const STATES = ['pending', 'running', 'succeeded'];

/** Makes tables so large that a backup of them takes some seconds. */
test.beforeAll(async () => {
  await embedded('postgres', 'CREATE DATABASE slow');
  await embedded(
    'slow',
    `CREATE TABLE ballast AS SELECT n AS id, md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text) AS filler
       FROM generate_series(1, 1500000) AS n`,
  );
});

test.afterAll(() => embedded('postgres', 'DROP DATABASE slow WITH (FORCE)'));

/** The events that the page shows, oldest first. */
async function shown(page: Page): Promise<{ seq: number; type: string }[]> {
  const events = await page
    .getByRole('region', { name: 'Events' })
    .locator('li[data-seq]')
    .evaluateAll((items) =>
      items.map((item) => ({
        seq: Number(item.getAttribute('data-seq')),
        type: item.getAttribute('data-type') ?? '',
      })),
    );
  return events.reverse();
}

test('the job’s page goes on after a reload and a lost connection, each event once', async ({
  page,
  context,
}) => {
  await logIn(page);
  const { id, goOn } = await startStalledBackup(
    "BACKUP DATABASE slow TO 'nodelocal://self/e2e/live' WITH detached",
    'slow',
    'ballast',
  );
  try {
    await page.goto(`/jobs/${id}`);
    await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('Live');
    await page.reload();
    await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('Live');

    await context.setOffline(true);
    await page.waitForTimeout(1_000);
    await context.setOffline(false);
  } finally {
    await goOn();
  }

  const bar = page.getByRole('progressbar', { name: 'Job progress' });
  await expect(bar).toHaveAttribute('aria-valuenow', '100', { timeout: 90_000 });
  await expect(page.getByText('Backup complete')).toBeVisible();
  await expect
    .poll(async () => (await shown(page)).filter(({ type }) => type === 'state').length)
    .toBe(STATES.length);
  const seqs = (await shown(page)).map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
});

test('a job is canceled from its page, even one that waits for a lock, and leaves nothing', async ({
  page,
}) => {
  await logIn(page);
  const { id, goOn } = await startStalledBackup(
    "BACKUP DATABASE slow TO 'nodelocal://self/e2e/canceled' WITH detached",
    'slow',
    'ballast',
  );
  try {
    await page.goto(`/jobs/${id}`);
    await expect(page.getByText('exporting')).toBeVisible();
    await page.getByRole('button', { name: 'Cancel job' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel job' }).click();
    await expect(page.getByText('canceled').first()).toBeVisible({ timeout: 30_000 });
  } finally {
    await goOn();
  }
  await page.goto('/backups');
  await page.getByRole('combobox', { name: 'Backup URL' }).fill('nodelocal://self/e2e/canceled');
  await page.getByRole('button', { name: 'Open' }).click();
  await expect(page.getByText(/there is no backup at/)).toBeVisible();
});
