import path from 'node:path';
import type { Page } from 'playwright';
import { BackupDirectory } from '../server/testing/damage.ts';
import type { TestHoldfast } from './holdfast.ts';

/** A backup that is verified while it is sound, and once more when it is not. `name` is where it is below `nodelocal://self/`. */
export async function verifies(
  { externDir }: TestHoldfast,
  page: Page,
  name: string,
  shoot: (name: string) => Promise<void>,
): Promise<void> {
  const view = `/backups/view?url=${encodeURIComponent(`nodelocal://self/${name}`)}`;
  const begin = async (): Promise<void> => {
    await page.goto(view);
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByRole('dialog').getByRole('radio', { name: 'Rows' }).check();
  };
  const start = () => page.getByRole('dialog').getByRole('button', { name: 'Start verify' }).click();
  await begin();
  await shoot('verify');
  await start();
  await page.getByText('The backup is sound').waitFor();
  await shoot('job-verify');

  const backup = new BackupDirectory(path.join(externDir, name));
  const { files } = await backup.manifest();
  const [one, other, third] = files;
  if (one !== undefined) await backup.flip(one);
  if (other !== undefined) await backup.remove(other.name);
  if (third !== undefined) await backup.signAnew(third, { rows: third.rows + 1 });
  await begin();
  await start();
  await page.getByRole('list', { name: 'Findings' }).waitFor();
  await shoot('job-verify-damaged');
  await page.goto(view);
  await page.getByRole('list', { name: 'Findings' }).waitFor();
  await shoot('backup-view-damaged');
  await page.goto('/jobs?kind=VERIFY');
  await page.getByText('VERIFY BACKUP').first().waitFor();
  await shoot('jobs-verify');
}
