import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../cluster/conformance-tools.ts';
import { openCluster } from '../cluster/open.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

const URL = 'simulated://3?seed=7&rows=60000';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ clusterUrl: URL });
  await rig.startEngine();
}, 120_000);

afterAll(async () => {
  await rig.stop();
}, 60_000);

/** A hash of lines in an order of their own: tasks take ranges in theirs. */
function digest(lines: string[]): string {
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex');
}

describe('a simulated cluster of three nodes', () => {
  it('is backed up to real files that have every row of the model', async () => {
    const answer = await rig.run(
      "BACKUP DATABASE shop, bank TO 'nodelocal://self/simulated' AS OF SYSTEM TIME '-10s'",
    );
    expect(answer.rows[0]?.[1]).toBe('succeeded');
    const shown = await rig.run("SHOW BACKUP 'nodelocal://self/simulated'");
    const column = (name: string) => shown.columns.findIndex((candidate) => candidate.name === name);
    const [database, schema, name, kind, rows, end] = [
      column('database_name'),
      column('parent_schema_name'),
      column('object_name'),
      column('object_type'),
      column('rows'),
      column('end_time'),
    ];

    const cluster = openCluster(URL);
    let total = 0;
    for (const source of ['shop', 'bank']) {
      const { moment: at } = await cluster.holdMoment([source], shown.rows[0]?.[end] ?? null);
      for (const object of (await cluster.catalog(source, at)).objects) {
        const row = shown.rows.find(
          (candidate) =>
            candidate[database] === source &&
            candidate[schema] === object.name.schema &&
            candidate[name] === object.name.name &&
            candidate[kind] === object.kind,
        );
        expect(row, object.name.name).toBeDefined();
        if (object.kind !== 'table') continue;
        const [table] = await cluster.descriptors([object.name], at);
        if (table?.kind !== 'table') throw new Error('no table');
        const lines = (await readTable(cluster, table, at, 1e6)).flat();
        const directory = path.join(
          rig.externDir,
          'simulated/data',
          `${source}.${object.name.schema}.${object.name.name}`,
        );
        const stored: string[] = [];
        for (const file of await readdir(directory))
          stored.push(
            ...zstdDecompressSync(await readFile(path.join(directory, file)))
              .toString('utf8')
              .split('\n')
              .slice(0, -1),
          );
        expect(digest(stored), object.name.name).toBe(digest(lines));
        expect(row?.[rows], object.name.name).toBe(String(lines.length));
        total += lines.length;
      }
    }
    expect(answer.rows[0]?.[3]).toBe(String(total));
  }, 120_000);

  it('is planned over all its nodes', async () => {
    const plan = await rig.services.statements.planBackup(
      {
        kind: 'backup',
        targets: { kind: 'databases', names: ['shop', 'bank'] },
        to: 'nodelocal://self/planned',
        asOf: null,
        incrementalFrom: [],
        options: { detached: false },
      },
      'default',
    );
    expect(plan.problems).toEqual([]);
    expect(plan.nodes.map(({ address }) => address)).toEqual(['sim-1:26257', 'sim-2:26257', 'sim-3:26257']);
    for (const node of plan.nodes) expect(node.ranges).toBeGreaterThan(0);
    expect(plan.nodes.reduce((sum, { ranges }) => sum + ranges, 0)).toBe(plan.totals.ranges);
  });

  it('refuses to be restored into, before anything is written', async () => {
    const before = await rig.services.jobs.page({ limit: 10 });
    await expect(
      rig.run("RESTORE DATABASE bank FROM 'nodelocal://self/simulated' WITH into_db = 'copy'"),
    ).rejects.toMatchObject({
      code: 'unsupported',
      field: 'cluster',
      message: expect.stringContaining('keeps nothing'),
    });
    expect((await rig.services.jobs.page({ limit: 10 })).jobs).toEqual(before.jobs);
  });

  it('has backups that a PostgreSQL server takes, with a warning that nothing in them is real', async () => {
    const { clusters } = rig.services;
    try {
      await clusters.register('default', rig.server.url, { embedded: false });
      const notices: string[] = [];
      const { rows } = await rig.run(
        "RESTORE DATABASE bank FROM 'nodelocal://self/simulated' WITH into_db = 'copy'",
        notices,
      );
      expect(rows[0]?.[1]).toBe('succeeded');
      expect(notices).toContainEqual(
        "WARNING: The backup is of default, a simulated cluster: its rows are made up, nobody's data.",
      );
      const [count] = await rig.server.exec('copy', 'SELECT count(*)::int AS n FROM wealth');
      expect(count?.['n']).toBeGreaterThan(1000);
    } finally {
      await clusters.register('default', URL, { embedded: false });
    }
  });

  it('refuses a time past its GC window in words, and without a job', async () => {
    const before = await rig.services.jobs.page({ limit: 10 });
    await expect(
      rig.run("BACKUP DATABASE bank TO 'nodelocal://self/late' AS OF SYSTEM TIME '-26h'"),
    ).rejects.toMatchObject({ code: 'unreadable-moment', field: 'asOf' });
    expect((await rig.services.jobs.page({ limit: 10 })).jobs).toEqual(before.jobs);
  });
});
