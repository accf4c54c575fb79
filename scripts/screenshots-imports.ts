import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright';
import { accounts, unsignedManifest } from '../server/format/fixtures.ts';
import { writeManifest } from '../server/format/manifest.ts';
import { parseLocation } from '../server/storage/location.ts';
import { openStore } from '../server/storage/open.ts';
import type { TestHoldfast } from './holdfast.ts';

const MINUTE_MS = 60_000;

/** The pages that import backups and choose among the layers of a chain: short, long and broken ones. */
export async function imports(
  { externDir }: TestHoldfast,
  page: Page,
  shoot: (name: string) => Promise<void>,
): Promise<void> {
  const at = (name: string) => `nodelocal://self/imports/${name}`;
  await writeChain(externDir, at('bank'), [0, 60, 95]);
  await writeChain(
    externDir,
    at('hourly'),
    Array.from({ length: 100 }, (_, index) => index * 60 + (index % 7) * 9),
  );
  await writeChain(externDir, at('broken'), [0, 60, 120, 180]);
  await rm(path.join(externDir, 'imports/broken-2'), { recursive: true });
  await writeFile(path.join(externDir, 'imports/bank-1/manifest.json'), '{"formatVersion": 1, "hold', {
    flag: 'r+',
  });

  await page.goto('/backups/import');
  await page.getByRole('textbox', { name: 'URL' }).fill('nodelocal://self/imports');
  await shoot('import-where');
  await page.getByRole('button', { name: 'Look for backups' }).click();
  await page.getByRole('status').getByText('backups found').waitFor();
  await shoot('import-found');
  const add = page.getByRole('button', { name: /^Import \d+ backups/ });
  if (await add.isEnabled()) {
    await add.click();
    await page.getByText('All of these are known here').waitFor();
  }
  await shoot('import-done');
  await page.goto('/restore');
  await page.getByRole('textbox', { name: 'Search' }).waitFor();
  await shoot('restore-choose');
  for (const name of ['hourly-99', 'broken-3', 'hourly-2']) {
    await page.goto(`/restore?url=${encodeURIComponent(at(name))}`);
    await page.getByRole('radiogroup', { name: 'Restore as of' }).waitFor();
    await shoot(`restore-${name}`);
  }
  await page.goto(`/backups/view?url=${encodeURIComponent(at('hourly-2'))}`);
  await page.getByRole('button', { name: 'Forget' }).waitFor();
  await shoot('backup-view-imported');
  await rm(path.join(externDir, 'imports'), { recursive: true });
}

/** A chain without rows, a layer at each of these minutes. */
async function writeChain(externDir: string, base: string, minutes: readonly number[]): Promise<void> {
  const chain: { id: string; url: string; at: string }[] = [];
  for (const [place, minute] of minutes.entries()) {
    const location = parseLocation(`${base}-${place}`);
    const at = new Date(Date.UTC(2026, 10, 22) + minute * MINUTE_MS).toISOString();
    const id = randomUUID();
    const bytes = place === 0 ? 8_000_000 : 20_000 + ((place * 7919) % 50) * 9_000;
    const unsigned = unsignedManifest({
      id,
      type: place === 0 ? 'full' : 'incremental',
      chain: [...chain],
      changes: place === 0 ? [] : [{ table: accounts, method: 'feed', reason: null }],
      moment: { kind: 'hlc', at, timestamp: `${Date.parse(at)}000007.0000000003` },
      statement: `BACKUP DATABASE bank TO '${location.redacted}'`,
    });
    const files = unsigned.files.slice(0, 1).map((file) => ({ ...file, bytes, rawBytes: bytes * 5 }));
    const totals = { rows: 10, bytes, rawBytes: bytes * 5 };
    const store = openStore(location, { externDir });
    await writeManifest(store, { ...unsigned, files, totals });
    await store.close();
    chain.push({ id, url: location.redacted, at });
  }
}
