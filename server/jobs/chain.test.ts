import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { atMoment, describeAll, readTable } from '../cluster/conformance-tools.ts';
import type { Moment } from '../cluster/moment.ts';
import { openCluster } from '../cluster/open.ts';
import { parseStatements } from '../statement/parse.ts';
import { parseLocation } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import { writeLayer } from '../testing/layers.ts';
import type { WrittenLayer } from '../testing/layers.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

// In ten minutes about a fifth of all rows change.
const source = openCluster('simulated://3?seed=7&rows=30000&every=60s&changes=2');
const DATABASES = ['shop', 'bank'];
const TIMES = { full: '-5h', one: '-4h50m', two: '-4h49m', three: '-1h' };

let rig: Rig;
const layers: WrittenLayer[] = [];
/** Without room for keys: of the ways to restore a chain, the one of many phases. */
const LAYER_BY_LAYER = { mergeBytes: 0 };
/** Stops the engine. */
let leave: () => Promise<void>;

beforeAll(async () => {
  rig = await startRig();
  for (const [name, asOf] of Object.entries(TIMES)) {
    const url = `nodelocal://self/${name}`;
    const { moment } = await source.holdMoment(DATABASES, asOf);
    const store = openStore(parseLocation(url), { externDir: rig.externDir });
    layers.push(
      await writeLayer({ cluster: source, store, url, databases: DATABASES, at: moment, on: [...layers] }),
    );
    await store.close();
  }
  leave = await rig.startEngine(LAYER_BY_LAYER);
}, 120_000);

afterAll(async () => {
  await rig.stop();
}, 60_000);

function from(...names: string[]): string {
  return `FROM ${names.map((name) => `'nodelocal://self/${name}'`).join(', ')}`;
}

/** Every row of every table of a database, in an order of its own. */
async function rowsOf(cluster: Cluster, database: string, at: Moment): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const table of await describeAll(cluster, database, at))
    if (table.kind === 'table')
      rows[`${table.name.schema}.${table.name.name}`] = (await readTable(cluster, table, at, 1e9))
        .flat()
        .sort();
  return rows;
}

async function restored(database: string): Promise<Record<string, string[]>> {
  const target = openCluster(rig.server.url);
  try {
    return await atMoment(target, [database], (at) => rowsOf(target, database, at));
  } finally {
    await target.close();
  }
}

async function model(database: string, layer: number): Promise<Record<string, string[]>> {
  const at = layers[layer]?.manifest.moment;
  if (at === undefined) throw new Error('no such layer');
  return rowsOf(source, database, at);
}

async function databases(): Promise<string[]> {
  return (await rig.server.exec('postgres', 'SELECT datname FROM pg_database ORDER BY 1')).map((row) =>
    String(row['datname']),
  );
}

async function ended(id: string): Promise<void> {
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
}

describe('a chain of backups', () => {
  it('has deletes, updates and inserts in every layer, and some tables whole', () => {
    for (const { manifest } of layers.slice(1)) {
      expect(manifest.files.some(({ kind, rows }) => kind === 'deleted' && rows > 0)).toBe(true);
      expect(manifest.changes).toHaveLength(9);
      expect(manifest.files.filter(({ table }) => table.name === 'movements').length).toBeGreaterThan(0);
    }
  });

  it('is restored as of its last backup, and the bar only rises', async () => {
    const notices: string[] = [];
    const { rows } = await rig.run(
      `RESTORE DATABASE shop, bank ${from('full', 'one', 'two', 'three')}`,
      notices,
    );
    expect(rows[0]?.slice(1, 3)).toEqual(['succeeded', '1']);
    for (const database of DATABASES) expect(await restored(database)).toEqual(await model(database, 3));
    // All constraints are there, and hold.
    const keys = await rig.server.exec(
      'shop',
      `SELECT count(*)::int AS n FROM pg_constraint WHERE contype = 'f' AND convalidated`,
    );
    expect(keys).toEqual([{ n: 4 }]);
    expect(notices).toContainEqual(
      "WARNING: The backup is of source, a simulated cluster: its rows are made up, nobody's data.",
    );
    const events = await rig.events(rows[0]?.[0] ?? '');
    const progress = events.filter((event) => event.type === 'progress');
    const loading = progress.filter(({ runningStatus }) => / rows/.test(runningStatus ?? ''));
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    for (const { fraction, runningStatus } of loading)
      if (!/backup 4 of 4/.test(runningStatus ?? '')) expect(fraction).toBeLessThan(0.8);
    const statuses = [...new Set(loading.map(({ runningStatus }) => runningStatus))];
    expect(statuses).toEqual(
      ['loading rows'].concat(
        [2, 3, 4].flatMap((layer) => [
          `removing changed rows of backup ${layer} of 4`,
          `loading changed rows of backup ${layer} of 4`,
        ]),
      ),
    );
    expect(events.flatMap((event) => (event.type === 'log' ? [event.message] : [])).join('\n')).toMatch(
      /Restoring \d+ objects as of .* UTC, from a chain of 4 backups\./,
    );
    // What was loaded is what was estimated.
    expect(progress.at(-1)?.bytes).toBe(progress.at(-1)?.estimatedBytes);
  }, 120_000);

  it('is planned with what will be loaded', async () => {
    const [statement] = parseStatements(
      `RESTORE TABLE bank.transfers, bank.accounts ${from('full', 'one')} WITH into_db = 'planned', create_db, skip_missing_foreign_keys`,
    );
    if (statement?.kind !== 'restore') throw new Error('no restore');
    const plan = await rig.services.statements.planRestore(statement, 'default');
    expect(plan.problems).toEqual([]);
    expect(plan.layers).toEqual(
      layers.slice(0, 2).map(({ url, manifest }) => ({
        url,
        id: manifest.id,
        type: manifest.type,
        moment: manifest.moment.at,
        bytes: manifest.totals.bytes,
      })),
    );
    const loaded = layers
      .slice(0, 2)
      .flatMap(({ manifest }) => manifest.files)
      .filter(({ table, kind }) => ['transfers', 'accounts'].includes(table.name) && kind === 'rows');
    expect(plan.totals).toEqual({
      tables: 2,
      rows: loaded.reduce((sum, { rows }) => sum + rows, 0),
      bytes: loaded.reduce((sum, { rawBytes }) => sum + rawBytes, 0),
      atMost: true,
    });
    expect(plan.source).toMatchObject({
      type: 'incremental',
      chain: [{ id: layers[0]?.manifest.id, url: 'nodelocal://self/full' }],
    });
    const changed = Object.fromEntries(
      (plan.source?.objects ?? []).map(({ name, changes }) => [name.name, changes !== null]),
    );
    expect(changed).toMatchObject({ transfers: true, movements: false, account_kind: false });
  });

  it('is restored as of an earlier backup, by fewer URLs or by its time; and single tables', async () => {
    await rig.run(`RESTORE DATABASE bank ${from('full', 'one')} WITH into_db = 'by urls'`);
    expect(await restored('by urls')).toEqual(await model('bank', 1));
    const time = layers[2]?.manifest.moment.at;
    await rig.run(
      `RESTORE shop.order_lines, shop.movements ${from('full', 'one', 'two', 'three')} AS OF SYSTEM TIME '${time}'
       WITH into_db = 'by time', create_db, skip_missing_foreign_keys`,
    );
    const { 'public.order_lines': lines, 'warehouse.movements': movements } = await model('shop', 2);
    expect(await restored('by time')).toEqual({
      'public.order_lines': lines,
      'warehouse.movements': movements,
    });
  }, 120_000);

  it.each([
    [from('three'), 'source', `RESTORE … ${from('full', 'one', 'two', 'three')}.`],
    [from('full', 'two'), 'source', `RESTORE … ${from('full', 'one', 'two')}.`],
    [`${from('full', 'one')} AS OF SYSTEM TIME '-10s'`, 'asOf', 'give the time of a backup: '],
  ])('is refused %s, with what to do and without a job', async (sources, field, hint) => {
    const before = await rig.services.jobs.page({ limit: 1 });
    await expect(rig.run(`RESTORE DATABASE bank ${sources} WITH into_db = 'refused'`)).rejects.toMatchObject({
      field,
      hint: expect.stringContaining(hint) as string,
    });
    expect((await rig.services.jobs.page({ limit: 1 })).jobs[0]?.id).toBe(before.jobs[0]?.id);
    expect(await databases()).not.toContain('refused');
  });

  it.each([
    ['layer by layer', LAYER_BY_LAYER],
    ['merged', {}],
  ])(
    'with a damaged file of deleted keys fails, %s, names it, and removes what it created',
    async (_, engine) => {
      await leave();
      leave = await rig.startEngine(engine);
      await rm(path.join(rig.externDir, 'damaged'), { recursive: true, force: true });
      await cp(path.join(rig.externDir, 'one'), path.join(rig.externDir, 'damaged'), { recursive: true });
      const bad = layers[1]?.manifest.files.find(
        ({ kind, table }) => kind === 'deleted' && table.database === 'bank',
      );
      const file = path.join(rig.externDir, 'damaged', bad?.name ?? '');
      const bytes = await readFile(file);
      bytes[bytes.length - 6] = (bytes.at(-6) ?? 0) ^ 0x10;
      await writeFile(file, bytes);
      const before = await databases();
      await expect(
        rig.run(`RESTORE DATABASE bank ${from('full', 'damaged')} WITH into_db = 'bad'`),
      ).rejects.toMatchObject({
        code: 'corrupt-backup',
        message: expect.stringContaining(bad?.name ?? '') as string,
      });
      expect(await databases()).toEqual(before);
      await leave();
      leave = await rig.startEngine(LAYER_BY_LAYER);
    },
    60_000,
  );

  it.each([
    ['of removing changed rows', 'removing changed rows of backup 2', 'gone on with'],
    ['of loading changed rows', 'loading changed rows of backup 4', 'gone on with'],
    // As of the middle of what was named.
    ['of what another version has planned', 'loading changed rows of backup 2', 'begun anew'],
  ])(
    'is taken over in the middle %s, each step done once',
    async (where, status, how) => {
      const database = `taken over ${where}`;
      const last = how === 'gone on with' ? 3 : 2;
      const asOf = how === 'gone on with' ? '' : `AS OF SYSTEM TIME '${layers[last]?.manifest.moment.at}'`;
      const statement = `RESTORE DATABASE bank ${from('full', 'one', 'two', 'three')} ${asOf} WITH into_db = '${database}', detached`;
      const id = (await rig.run(statement)).rows[0]?.[0] ?? '';
      for await (const event of rig.services.jobs.watch(id, 0, undefined))
        if (event.type === 'progress' && event.runningStatus?.startsWith(status)) break;
      // The only engine there is coordinates the job; it goes at once, before the job can end, and another one comes.
      await leave();
      if (how === 'begun anew')
        await rig.metadata.pool.query(
          `UPDATE job_attempts SET context = context - 'phases' - 'layers' WHERE job_id = $1`,
          [id],
        );
      leave = await rig.startEngine(LAYER_BY_LAYER);
      await ended(id);
      expect((await rig.services.jobs.view(id)).state).toBe('succeeded');
      const log = (await rig.events(id)).flatMap((event) => (event.type === 'log' ? [event.message] : []));
      expect(log.join('\n')).toContain(how === 'gone on with' ? 'Going on, coordinated by' : 'starting over');
      expect((await rig.services.jobs.view(id)).attempt).toBe(how === 'gone on with' ? 1 : 2);
      expect(await restored(database)).toEqual(await model('bank', last));
      expect(
        await rig.server.exec(database, "SELECT nspname FROM pg_namespace WHERE nspname ~ 'holdfast'"),
      ).toEqual([]);
    },
    120_000,
  );

  it('that is canceled between its layers leaves nothing', async () => {
    const before = await databases();
    const statement = `RESTORE DATABASE bank ${from('full', 'one', 'two', 'three')} WITH into_db = 'canceled', detached`;
    const id = (await rig.run(statement)).rows[0]?.[0] ?? '';
    for await (const event of rig.services.jobs.watch(id, 0, undefined))
      if (event.type === 'progress' && /of backup 3/.test(event.runningStatus ?? '')) break;
    await rig.run(`CANCEL JOB ${id}`);
    await ended(id);
    expect((await rig.services.jobs.view(id)).state).toBe('canceled');
    expect(await databases()).toEqual(before);
  }, 60_000);
});
