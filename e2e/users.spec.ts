import pg from 'pg';
import { expect, test } from 'playwright/test';
import { violations } from './axe.ts';
import { holdfast } from './harness.ts';
import { embedded, logIn, startBackup } from './steps.ts';

const PASSWORD = 'the old one, pässwörd';
const ODD = `o'hara "größer"; --`;
const URL = 'nodelocal://self/e2e/users';

const exec = (sql: string) => embedded('bank', sql);
const ident = (name: string) => pg.escapeIdentifier(name);

async function canLogIn(user: string): Promise<boolean> {
  const url = holdfast().embeddedPort;
  const client = new pg.Client({ host: '127.0.0.1', port: url, user, password: PASSWORD, database: 'bank' });
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
}

test.afterAll(async () => {
  for (const name of [ODD, 'e2e_teller', 'e2e_readers']) await exec(`DROP ROLE IF EXISTS ${ident(name)}`);
});

test('root recreates roles from a backup, one by one and all that are missing', async ({ page }) => {
  await exec('CREATE ROLE e2e_readers');
  for (const name of ['e2e_teller', ODD]) {
    await exec(`CREATE ROLE ${ident(name)} LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)}`);
    await exec(`GRANT e2e_readers TO ${ident(name)} WITH ADMIN OPTION`);
  }
  const [stored] = await exec(`SELECT rolpassword FROM pg_authid WHERE rolname = 'e2e_teller'`);
  await startBackup(`BACKUP bank.branches TO '${URL}'`);
  for (const name of [ODD, 'e2e_teller', 'e2e_readers']) await exec(`DROP ROLE ${ident(name)}`);
  expect(await canLogIn('e2e_teller')).toBe(false);

  const answers: Promise<string>[] = [];
  page.on('response', (response) => {
    // One that the page was left before has no text any more.
    if (response.url().includes('/api/trpc/restores.')) answers.push(response.text().catch(() => ''));
  });
  await logIn(page, `/restore?url=${encodeURIComponent(URL)}`);
  const section = page.getByRole('region', { name: 'Users and roles', exact: true });
  const row = (name: string) => section.getByRole('row').filter({ hasText: name });
  await expect(row('e2e_teller')).toContainText('missing');
  await expect(row('root')).toContainText('Holdfast is connected as it.');
  await expect(row('root').getByRole('button')).toHaveCount(0);

  // One alone, before the role that it is a member of.
  await section.getByRole('button', { name: 'Recreate e2e_teller' }).click();
  await expect(row('e2e_teller')).toContainText('Not a member of e2e_readers: there is no such role yet.');
  expect(await canLogIn('e2e_teller')).toBe(true);
  await section.getByRole('button', { name: 'Recreate all missing (2)' }).click();
  await expect(row(ODD)).toContainText('the same');
  expect(await canLogIn(ODD)).toBe(true);

  // What is there already is changed by a click of its own.
  await expect(row('e2e_teller')).toContainText('not a member of e2e_readers here');
  await exec(`ALTER ROLE e2e_teller CREATEDB PASSWORD 'another'`);
  const beforeReload = (await Promise.all(answers)).join('');
  await page.reload();
  await expect(row('e2e_teller')).toContainText('CREATEDB here, NOCREATEDB in the backup');
  await section.getByRole('button', { name: 'Update e2e_teller' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('another password here');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  expect(await canLogIn('e2e_teller')).toBe(false);
  await section.getByRole('button', { name: 'Update e2e_teller' }).click();
  await dialog.getByRole('button', { name: 'Update' }).click();
  await expect(row('e2e_teller')).toContainText('Done.');
  await expect(row('e2e_teller')).toContainText('the same');
  expect(await canLogIn('e2e_teller')).toBe(true);
  expect(
    await exec(`SELECT pg_has_role('e2e_teller', 'e2e_readers', 'MEMBER WITH ADMIN OPTION') AS admin`),
  ).toEqual([{ admin: true }]);
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(await violations(page)).toEqual([]);

  // The hash was in no answer.
  const said = beforeReload + (await Promise.all(answers)).join('');
  expect(said).toContain('there is no such role yet');
  expect(said).toContain('"state":"same"');
  expect(said).not.toContain(String(stored?.['rolpassword']).slice(0, 30));
  expect(said).not.toContain('SCRAM-SHA');
});
