import pg from 'pg';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { startHoldfast } from '../scripts/holdfast.ts';
import type { Started } from '../scripts/holdfast.ts';
import { violations } from './axe.ts';
import { openBranch, openConsole, treeRow } from './steps.ts';

/** One of its own: the other stories count on a single cluster. */
let started: Started;

// Long stories, and axe looks at many pieces of a map.
test.describe.configure({ timeout: 240_000 });

test.beforeAll(async () => {
  started = await startHoldfast();
});
test.afterAll(() => started.stop());

/** Registers a cluster through the form; ends on its page. */
async function register(page: Page, name: string, url: string): Promise<void> {
  await page.goto('/clusters');
  await page.getByRole('button', { name: 'Add a cluster' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('textbox', { name: 'URL' }).fill(url);
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await expect(page).toHaveURL(new RegExp(`/clusters/view\\?name=${name}$`));
}

async function remove(page: Page, name: string): Promise<void> {
  await page.goto('/clusters');
  await page.getByRole('button', { name: `Remove ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
}

/** axe finds nothing, and nothing is wider than a phone. */
async function expectGoodPage(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Runs a statement over the wire on a registered cluster, by its name; answers the job's number. */
async function run(cluster: string, sql: string): Promise<string> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: started.about.sqlPort,
    user: 'root',
    password: started.about.rootPassword,
    database: cluster,
  });
  await client.connect();
  try {
    return (await client.query<{ job_id: string }>(sql)).rows[0]?.job_id ?? '';
  } finally {
    await client.end();
  }
}

test('a cluster is tested, added, looked at and backed up', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  await page.goto('/clusters');
  await page.getByRole('button', { name: 'Add a cluster' }).click();
  const [name, url] = [
    page.getByRole('textbox', { name: 'Name' }),
    page.getByRole('textbox', { name: 'URL' }),
  ];

  // What is wrong stands beside its field, until that is changed.
  await name.fill('sim');
  await url.fill('postgres://root:hush@127.0.0.1:1/db');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByText('the connection was refused')).toBeVisible();
  await expect(url).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('button', { name: 'Save anyway' })).toBeVisible();
  await url.fill('simulated://0');
  await expect(page.getByText('the connection was refused')).toBeHidden();
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await expect(page.getByText('names no number of nodes')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save anyway' })).toBeHidden();

  await url.fill('simulated://3?rows=100000');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByRole('dialog').getByRole('status')).toContainText('3 nodes up');
  expect(await violations(page)).toEqual([]);
  await name.fill('default');
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await expect(page.getByText('cluster "default" exists already')).toBeVisible();
  await expect(name).toHaveAttribute('aria-invalid', 'true');
  await name.fill('sim');
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await expect(page).toHaveURL(/\/clusters\/view\?name=sim$/);

  const nodes = page.getByRole('table', { name: 'Nodes of sim' });
  for (const id of [1, 2, 3]) await expect(nodes.getByText(`sim-${id}:26257`)).toBeVisible();
  await page.getByRole('combobox', { name: 'Database' }).click();
  await page.getByRole('option', { name: 'shop' }).click();
  await page.getByRole('combobox', { name: 'Table' }).click();
  await page.getByRole('option', { name: 'order_lines' }).click();
  await expect(page).toHaveURL(/table=order_lines/);

  const windows = page.getByRole('table', { name: 'GC windows of shop' });
  await expect(windows.getByRole('row').filter({ hasText: 'public.order_lines' })).toContainText(/\d+ h/);

  // By keyboard: one stop, every range.
  const map = page.getByRole('slider', { name: /^Ranges of shop\.public\.order_lines/ });
  await map.focus();
  await expect(map).toHaveAttribute(
    'aria-valuetext',
    /^Range 1 of \d+: node \d \(sim-\d:26257\), .*, ≈ .* rows$/,
  );
  await page.keyboard.press('End');
  const last = await map.getAttribute('aria-valuemax');
  await expect(map).toHaveAttribute('aria-valuenow', last ?? '');
  await page.keyboard.press('ArrowLeft');
  await expect(map).toHaveAttribute('aria-valuenow', String(Number(last) - 1));
  // And by pointer.
  await map.hover({ position: { x: 3, y: 5 } });
  await expect(map).toHaveAttribute('aria-valuenow', '1');
  const node = page.getByRole('group', { name: 'Leaseholders' }).getByRole('button', { name: 'node 2' });
  await node.click();
  await expect(node).toHaveAttribute('aria-pressed', 'true');
  await expectGoodPage(page);
  await page.getByRole('radiogroup', { name: 'Show as' }).getByText('Table').click();
  const table = page.getByRole('table', { name: 'Ranges of shop.public.order_lines' });
  await expect(table).toHaveAttribute('aria-rowcount', String(Number(last) + 1));

  // From its page, the wizard knows which cluster is meant.
  await page.getByRole('link', { name: 'Back up', exact: true }).last().click();
  await expect(page.getByText('From cluster sim')).toBeVisible();
  await openBranch(page, 'shop');
  await treeRow(page, 'order_lines').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('textbox', { name: 'Backup URL' }).fill('nodelocal://self/of-sim');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Start backup' }).click();
  await expect(page.getByText('Backup complete').first()).toBeVisible({ timeout: 60_000 });
  await page.goto('/jobs');
  await expect(page.getByRole('table', { name: 'Jobs' }).getByText('cluster sim')).toBeVisible();
  await page.context().close();
});

test('with several clusters the wizards ask which one', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  await page.goto('/backup');
  const choice = page.getByRole('radiogroup', { name: 'Cluster to back up' });
  await expect(choice.getByRole('radio')).toHaveCount(2);
  await expect(page.getByRole('button', { name: 'Continue' })).toBeDisabled();
  await choice.getByRole('radio', { name: /^sim/ }).focus();
  await page.keyboard.press('ArrowUp');
  await expect(choice.getByRole('radio', { name: /^default/ })).toBeChecked();
  await expectGoodPage(page);
  await page.getByRole('button', { name: 'Continue' }).click();
  await openBranch(page, 'bank');
  await treeRow(page, 'branches').click();
  await expect(treeRow(page, 'branches')).toHaveAttribute('aria-checked', 'true');
  await page.reload();
  await expect(treeRow(page, 'branches')).toHaveAttribute('aria-checked', 'true');
  // Another cluster's tables are others.
  await page.getByRole('button', { name: 'Another cluster' }).click();
  await choice.getByRole('radio', { name: /^sim/ }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('From cluster sim')).toBeVisible();
  await expect(page.getByText('Nothing yet')).toBeVisible();

  await run('default', "BACKUP bank.branches TO 'nodelocal://self/of-default'");
  await page.goto(`/restore?url=${encodeURIComponent('nodelocal://self/of-default')}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  const target = page.getByRole('radiogroup', { name: 'Restore into cluster' });
  await expect(target.getByRole('radio', { name: /^default/ })).toBeChecked();
  await expectGoodPage(page);
  await target.getByRole('radio', { name: /^sim/ }).click();
  await expect(page.getByText(/nothing can be restored into this cluster/).first()).toBeVisible();
  await page.context().close();
});

test('a cluster is removed once its jobs have ended, and never the environment’s', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  await page.goto('/clusters');
  await expect(page.getByRole('region', { name: 'Cluster default' })).toContainText('environment');
  await expect(page.getByRole('button', { name: 'Remove default' })).toBeHidden();

  await register(page, 'huge', 'simulated://3?rows=500000000');
  const id = await run('huge', "BACKUP DATABASE shop TO 'nodelocal://self/huge' WITH detached");
  await remove(page, 'huge');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('has a job that hasn’t ended');
  expect(await violations(page)).toEqual([]);
  await run('huge', `CANCEL JOB ${id}`);
  await page.goto(`/jobs/${id}`);
  await expect(page.getByText('canceled').first()).toBeVisible({ timeout: 60_000 });
  await remove(page, 'huge');
  await expect(page.getByRole('region', { name: 'Cluster huge' })).toBeHidden();
  await page.goto('/clusters/view?name=huge');
  await expect(page.getByRole('alert').filter({ hasText: 'cluster "huge" does not exist' })).toBeVisible();
  await page.goto('/jobs');
  await expect(page.getByText('cluster huge')).toBeVisible();
  await page.context().close();
});

test('a URL is changed without its password, and is nowhere shown with it', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  const password = encodeURIComponent(started.about.rootPassword);
  await register(page, 'again', started.about.embeddedUrl);
  await page.goto('/clusters');
  await expect(page.getByText('The same cluster as default')).toBeVisible();
  await page.getByRole('button', { name: 'Change URL of again' }).click();
  const url = page.getByRole('dialog').getByRole('textbox', { name: 'URL' });
  await expect(url).toHaveValue(/:redacted@/);
  await url.fill((await url.inputValue()).replace(/\/bank$/, '/holdfast'));
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByRole('dialog').getByText(/^PostgreSQL .* answers$/)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Change URL' }).click();
  const card = page.getByRole('region', { name: 'Cluster again' });
  await expect(card).toContainText(/redacted@127\.0\.0\.1:\d+\/holdfast/);
  await expect(card.getByText('up', { exact: true })).toBeVisible();
  expect(await page.content()).not.toContain(password);

  // One that is down is kept when root says so, and says why.
  await page.getByRole('button', { name: 'Change URL of again' }).click();
  await url.fill('postgres://root:redacted@127.0.0.1:1/db');
  await page.getByRole('dialog').getByRole('button', { name: 'Change URL' }).click();
  // What is stored goes to the server that it was given for, and to no other.
  await expect(page.getByRole('dialog')).toContainText('is not sent to another server');
  await url.fill('postgres://root:another@127.0.0.1:1/db');
  await page.getByRole('dialog').getByRole('button', { name: 'Change URL' }).click();
  await page.getByRole('button', { name: 'Save anyway' }).click();
  await expect(card.getByRole('alert')).toContainText('the connection was refused');
  await page.goto('/clusters/view?name=again');
  await expect(page.getByRole('alert').filter({ hasText: 'the connection was refused' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  expect(started.output()).not.toContain(password);
  await remove(page, 'again');
  await page.context().close();
});

test('what incremental backups lack is turned on with one click', async ({ browser }) => {
  const page = await openConsole(browser, started.about);
  // Clusters that lack something need a server that can be set so; here only the pages are looked at.
  let met = false;
  const answer = (data: unknown) => ({ json: { result: { data } } });
  await page.route('**/api/trpc/clusters.prerequisites?*', (route) =>
    route.fulfill(
      answer([
        {
          id: 'rangefeeds',
          name: 'Rangefeeds',
          met,
          detail: 'They tell which keys changed. Without them every range is compared.',
          action: 'SET CLUSTER SETTING kv.rangefeed.enabled = true',
        },
      ]),
    ),
  );
  await page.route('**/api/trpc/clusters.meet*', (route) => {
    expect(route.request().postData()).toContain('rangefeeds');
    met = true;
    return route.fulfill(answer(null));
  });
  const gcWindow = (name: string, seconds: number) => ({
    table: { database: 'bank', schema: 'public', name },
    seconds,
  });
  await page.route('**/api/trpc/clusters.gcWindows?*', (route) =>
    route.fulfill(answer([gcWindow('accounts', 90_000), gcWindow('transactions', 600)])),
  );
  await page.goto('/clusters/view?name=default');
  const windows = page.getByRole('table', { name: 'GC windows of bank' });
  await expect(windows.getByRole('row').nth(1)).toContainText('transactions10 min');
  await expect(windows.getByRole('row').nth(2)).toContainText('accounts25 h');
  const card = page.getByRole('region', { name: 'Rangefeeds' });
  await expect(card).toContainText('not met');
  await expect(card).toContainText('SET CLUSTER SETTING kv.rangefeed.enabled = true');
  await card.getByRole('button', { name: 'Turn on' }).click();
  await expect(page.getByRole('dialog')).toContainText('SET CLUSTER SETTING');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Turn on' }).click();
  await expect(card.getByText('met', { exact: true })).toBeVisible();
  await expect(card.getByRole('button', { name: 'Turn on' })).toBeHidden();
  await expectGoodPage(page);
  await page.context().close();
});
