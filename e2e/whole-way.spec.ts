import { expect, test } from 'playwright/test';
import { embedded, logIn, openBranch, treeRow } from './steps.ts';

/** Every row of a table as text, in an order that depends on the rows alone. */
async function rowsOf(database: string, table: string): Promise<unknown[]> {
  const rows = await embedded(database, `SELECT r::text AS row FROM ${table} AS r ORDER BY 1`);
  return rows.map(({ row }) => row);
}

test('root backs up accounts with what it needs, watches, and restores it into a new database', async ({
  page,
}) => {
  await logIn(page);

  await page.getByRole('link', { name: 'Back up', exact: true }).first().click();
  await expect(page.getByRole('tree', { name: 'Databases of default' })).toBeVisible();
  await openBranch(page, 'bank');
  await treeRow(page, 'accounts').click();
  await expect(treeRow(page, 'accounts')).toHaveAttribute('aria-checked', 'true');

  // What accounts needs is said at once, and added with one click.
  const alert = page.getByRole('alert').filter({ hasText: 'customers' });
  await expect(alert).toBeVisible();
  await alert.getByRole('button', { name: /^Add .*customers/ }).click();
  await expect(treeRow(page, 'customers')).toHaveAttribute('aria-checked', 'true');
  await expect(alert).toBeHidden();
  await page.getByRole('button', { name: 'Continue' }).click();

  // A destination that leads out of the root is refused beside its field.
  const destination = page.getByRole('textbox', { name: 'Backup URL' });
  await destination.fill('nodelocal://self/../outside');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByText(/leads out of the extern directory/)).toBeVisible();
  await expect(destination).toHaveAttribute('aria-invalid', 'true');
  await destination.fill('nodelocal://self/e2e/whole way');
  await page.getByRole('button', { name: 'Review' }).click();

  const statement = page.getByRole('region', { name: 'Statement' }).last();
  await expect(statement).toContainText(
    "BACKUP TABLE bank.public.accounts, bank.public.customers TO 'nodelocal://self/e2e/whole%20way'",
  );
  await expect(page.getByRole('region', { name: 'Plan', exact: true })).toContainText('on 1 node');
  await page.getByRole('button', { name: 'Start backup' }).click();

  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  const bar = page.getByRole('progressbar', { name: 'Job progress' });
  await expect(bar).toHaveAttribute('aria-valuenow', '100', { timeout: 60_000 });
  await expect(page.getByText('succeeded').first()).toBeVisible();

  await page.getByRole('link', { name: 'Restore from this backup' }).click();
  await expect(page).toHaveURL(/\/restore\?url=/);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /new database/i }).check();
  await page.getByRole('textbox', { name: 'New database' }).fill('whole way');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('region', { name: 'Statement' }).last()).toContainText(
    "WITH into_db = 'whole way', create_db",
  );
  await page.getByRole('button', { name: 'Start restore' }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByRole('progressbar', { name: 'Job progress' })).toHaveAttribute(
    'aria-valuenow',
    '100',
    { timeout: 60_000 },
  );
  await expect(page.getByText('succeeded').first()).toBeVisible();

  for (const [table, count] of [
    ['accounts', 20_000],
    ['customers', 10_000],
  ] as const) {
    const source = await rowsOf('bank', table);
    expect(source).toHaveLength(count);
    expect(await rowsOf('whole way', table)).toEqual(source);
  }
});
