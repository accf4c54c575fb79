import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { manyTasks } from '../server/testing/many-jobs.ts';
import { violations } from './axe.ts';
import { embedded, logIn } from './steps.ts';

const JOB = '77';
const TASKS = 20_000;
const LINES = 4_000;
/** The work of a browser that nobody can click in meanwhile; generous: the machine may be busy. */
const LONGEST_TASK_MS = 1_000;

/** A job in the middle of its work; no engine knows of it. */
test.beforeAll(async () => {
  await embedded('holdfast', manyTasks(JOB, TASKS));
  await embedded(
    'holdfast',
    `INSERT INTO job_events
       SELECT ${JOB}, 2 + n, now() - (${LINES} - n) * interval '500 milliseconds',
              CASE WHEN n % 2 = 0
                   THEN jsonb_build_object('type', 'progress', 'fraction', 0.5 * n / ${LINES}, 'rows', n * 2500, 'bytes', n * 250000,
                                           'storedBytes', n * 50000, 'estimatedBytes', 2000000000, 'runningStatus', 'exporting')
                   WHEN n % 100 = 1
                   THEN jsonb_build_object('type', 'log', 'level', 'warning', 'message', 'Task ' || n || ' is tried again: timeout.')
                   ELSE jsonb_build_object('type', 'log', 'level', 'info', 'message', 'Task ' || n || ' started.') END
         FROM generate_series(1, ${LINES}) AS n;
     UPDATE jobs SET last_event = ${LINES} + 2 WHERE id = ${JOB}`,
  );
});

test.afterAll(() =>
  embedded('holdfast', `DELETE FROM jobs WHERE id = ${JOB}; DELETE FROM engines WHERE name LIKE 'engine-%'`),
);

/** Keeps the milliseconds of each long task of the page: https://developer.mozilla.org/docs/Web/API/PerformanceLongTaskTiming */
async function observeLongTasks(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const seen = globalThis as unknown as { longest: number };
    seen.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.longest = Math.max(seen.longest, duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { longest: number }).longest);
}

test(`the page of a job with ${TASKS} tasks stays quick`, async ({ page }) => {
  await logIn(page);
  const longestTask = await observeLongTasks(page);
  await page.goto(`/jobs/${JOB}`);
  await expect(page.getByRole('progressbar', { name: 'Job progress' })).toHaveAttribute(
    'aria-valuenow',
    '50',
  );
  await expect(
    page.getByRole('table', { name: 'Tables of the job' }).getByText('shop.public.table_0'),
  ).toBeVisible();

  await page.getByRole('tab', { name: 'Tasks' }).click();
  const tasks = page.getByRole('table', { name: 'Tasks of the job' });
  await expect(tasks.getByRole('row').nth(1)).toContainText('node did not answer: timeout');
  await expect(page.getByText('1 to 100 of 20,000')).toBeVisible();
  // Only what is in view exists.
  expect(await tasks.getByRole('row').count()).toBeLessThan(100);
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.getByText('101 to 200 of 20,000')).toBeVisible();
  await page.reload();
  await expect(page.getByText('1 to 100 of 20,000')).toBeVisible();

  await page.getByRole('combobox', { name: 'State' }).click();
  await page.getByRole('option', { name: 'In trouble (2)' }).click();
  await expect(tasks.getByRole('row')).toHaveCount(3);
  await page.getByRole('combobox', { name: 'State' }).click();
  await page.getByRole('option', { name: 'Done (10,000)' }).click();
  await page.getByRole('combobox', { name: 'Table' }).fill('table_3');
  await page.getByRole('option', { name: 'shop.public.table_3', exact: true }).click();
  await expect(page.getByText('1 to 100 of 500')).toBeVisible();
  await page.getByRole('combobox', { name: 'Node' }).click();
  await page.getByRole('option', { name: 'node 7' }).click();
  await expect(tasks.getByRole('row').nth(1)).toContainText('shop.public.table_3');

  // The log is there in full, whatever is shown of it.
  const events = page.getByRole('region', { name: 'Events', exact: true });
  await expect(events.getByText(`All (${(LINES / 2 + 2).toLocaleString('en-US')})`)).toBeVisible();
  expect(await events.getByRole('listitem').count()).toBeLessThan(100);
  await events.getByText('Warnings (40)').click();
  await expect(events.getByText('is tried again: timeout.').first()).toBeVisible();
  await expect(events.getByText('started.')).toHaveCount(0);
  expect(await longestTask()).toBeLessThan(LONGEST_TASK_MS);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every side of a job is accessible, ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    await logIn(page);
    for (const [view, sign] of [
      ['tables', 'shop.public.table_0'],
      ['nodes', 'region=eu,zone=1'],
      ['engines', 'coordinator'],
      ['tasks', '1 to 100 of 20,000'],
    ] as const) {
      await page.goto(`/jobs/${JOB}?view=${view}`);
      await expect(page.getByText(sign).first(), view).toBeVisible();
      await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('Live');
      expect(await violations(page), view).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: view })
        .toBeLessThanOrEqual(390);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    await context.close();
  });
}
