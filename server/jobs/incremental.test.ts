import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../cluster/conformance-tools.ts';
import { openCluster } from '../cluster/open.ts';
import { nameKey, printName } from '../cluster/names.ts';
import { readManifest } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import { parseStatements } from '../statement/parse.ts';
import { parseLocation } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

/** A full backup and incremental ones on it, of a simulated cluster that changes, restored into a real PostgreSQL. */

const URL = 'simulated://3?seed=11&rows=6000&every=1s&changes=1';
const at = (name: string) => `nodelocal://self/${name}`;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ clusterUrl: URL });
  await rig.services.clusters.register('target', rig.server.url, { embedded: false });
  await rig.startEngine();
}, 120_000);

afterAll(() => rig.stop(), 60_000);

async function runOn(cluster: string, sql: string): Promise<(string | null)[]> {
  const [statement] = parseStatements(sql);
  if (statement === undefined) throw new Error('no statement');
  const answer = await rig.services.statements.run(statement, {
    cluster,
    user: 'root',
    signal: new AbortController().signal,
    notice: () => undefined,
  });
  return answer.rows[0] ?? [];
}

async function manifestOf(name: string): Promise<Manifest> {
  const location = parseLocation(at(name));
  const store = openStore(location, { externDir: rig.externDir });
  try {
    return await readManifest(store, location);
  } finally {
    await store.close();
  }
}

describe('a chain of backups', () => {
  it('is taken from psql, and every layer restores to what was there at its moment', async () => {
    // Times of its own: how long a backup takes here says nothing of how much changes meanwhile.
    const now = Date.now();
    const asOf = (seconds: number) => `AS OF SYSTEM TIME '${new Date(now - seconds * 1000).toISOString()}'`;
    const backup = `BACKUP DATABASE bank, shop TO`;
    await rig.run(`${backup} '${at('full')}' ${asOf(30)}`);
    await rig.run(`${backup} '${at('one')}' ${asOf(26)} INCREMENTAL FROM '${at('full')}'`);
    await rig.run(`${backup} '${at('two')}' ${asOf(22)} INCREMENTAL FROM '${at('full')}', '${at('one')}'`);
    const [full, one, two] = [await manifestOf('full'), await manifestOf('one'), await manifestOf('two')];
    expect([full.type, one.type, two.type]).toEqual(['full', 'incremental', 'incremental']);
    expect(two.chain.map(({ id }) => id)).toEqual([full.id, one.id]);
    const shown = await rig.run(`SHOW BACKUP '${at('two')}'`);
    const start = shown.columns.findIndex(({ name }) => name === 'start_time');
    expect(shown.rows[0]?.[start]).toBe(one.moment.at.replace('T', ' ').replace('Z', ''));
    expect(one.changes.length).toBeGreaterThan(3);
    expect(one.totals.rawBytes).toBeLessThan(full.totals.rawBytes / 2);
    expect(two.files.some(({ kind }) => kind === 'deleted')).toBe(true);

    const model = openCluster(URL);
    const chain = [at('full'), at('one'), at('two')];
    for (const [layer, manifest] of [full, one, two].entries()) {
      const from = chain
        .slice(0, layer + 1)
        .map((url) => `'${url}'`)
        .join(', ');
      for (const database of ['bank', 'shop']) {
        const copy = `${database}_${layer}`;
        const answer = await runOn(
          'target',
          `RESTORE DATABASE ${database} FROM ${from} WITH into_db = '${copy}'`,
        );
        expect(answer[1]).toBe('succeeded');
        const restored = openCluster(rig.server.url);
        const held = await restored.holdMoment([copy], null);
        for (const table of manifest.descriptors) {
          if (table.kind !== 'table' || table.name.database !== database) continue;
          const expected = (await readTable(model, table, manifest.moment, 1e6)).flat().sort();
          const there = { ...table, name: { ...table.name, database: copy } };
          const found = (await readTable(restored, there, held.moment, 1e6)).flat().sort();
          expect(found, `${printName(table.name)} of layer ${layer}`).toEqual(expected);
        }
        await held.release();
        await restored.close();
      }
    }
  }, 240_000);

  it('is refused where it is none, before anything is written', async () => {
    const jobs = async () => (await rig.services.jobs.page({ limit: 1 })).jobs[0]?.id;
    const before = await jobs();
    const refused = (bases: string[], code: string, message: RegExp, asOf = '') =>
      expect(
        rig.run(
          `BACKUP DATABASE bank TO '${at('never')}' ${asOf} INCREMENTAL FROM ${bases.map((name) => `'${at(name)}'`).join(', ')}`,
        ),
      ).rejects.toMatchObject({
        code,
        field: asOf === '' ? 'bases' : 'asOf',
        message: expect.stringMatching(message) as unknown,
      });
    await refused(['one'], 'invalid-value', /self\/one is an incremental backup/);
    await refused(['full', 'two'], 'invalid-value', /self\/two/);
    await refused(['full', 'full'], 'invalid-value', /self\/full/);
    await refused(['nowhere'], 'undefined-backup', /no backup at nodelocal:\/\/self\/nowhere/);
    await refused(
      ['full', 'one', 'two'],
      'unreadable-moment',
      /is not after that of its newest base/,
      `AS OF SYSTEM TIME '-10h'`,
    );
    await rig.services.clusters.register('other', 'simulated://3?seed=12', { embedded: false });
    await expect(
      runOn('other', `BACKUP DATABASE bank TO '${at('never')}' INCREMENTAL FROM '${at('full')}'`),
    ).rejects.toMatchObject({
      code: 'invalid-value',
      message: expect.stringContaining('another cluster') as unknown,
    });
    expect(await jobs()).toBe(before);
  });

  it('shows what an incremental backup could build on, newest first, each with its deadline', async () => {
    const candidates = await rig.services.statements.baseCandidates(
      { kind: 'databases', names: ['bank'] },
      'default',
    );
    expect(candidates.map(({ url }) => url)).toEqual([at('two'), at('one'), at('full')]);
    const [two] = candidates;
    expect(two).toMatchObject({
      type: 'incremental',
      chain: [at('full'), at('one'), at('two')],
      problem: null,
    });
    const manifest = await manifestOf('two');
    const bank = manifest.descriptors.filter(
      ({ kind, name }) => kind === 'table' && name.database === 'bank',
    );
    expect(two?.tables).toBe(bank.length);
    expect(two?.deadline?.at).toBe(new Date(Date.parse(manifest.moment.at) + 25 * 3600_000).toISOString());
    expect(bank.map(({ name }) => nameKey(name))).toContain(two?.deadline && nameKey(two.deadline.table));
    const plan = await rig.services.statements.planBackup(
      {
        kind: 'backup',
        targets: { kind: 'databases', names: ['bank'] },
        to: at('planned'),
        asOf: null,
        incrementalFrom: two?.chain ?? [],
        options: { detached: false },
      },
      'default',
    );
    expect(plan.problems).toEqual([]);
    expect(plan.bases.map(({ url }) => url)).toEqual(two?.chain);
    for (const table of plan.tables)
      expect(table.changes?.method, printName(table.name)).toMatch(/feed|whole/);
  });
});
