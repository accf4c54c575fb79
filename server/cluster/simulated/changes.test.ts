import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  applied,
  incrementalConformance,
  readAllChanges,
  rowsByKey,
  sorted,
} from '../conformance-incremental.ts';
import { describeAll, readTable } from '../conformance-tools.ts';
import type { TableDescriptor } from '../descriptor.ts';
import type { Moment } from '../moment.ts';
import { SimulatedCluster } from './adapter.ts';
import { fixtureWorld } from './fixture-world.ts';
import { parseSimulatedUrl } from './url.ts';
import { simulatedWorld } from './world.ts';

const NOW = new Date('2026-11-22T12:00:00.250Z');

function open(url: string): SimulatedCluster {
  return new SimulatedCluster(simulatedWorld(parseSimulatedUrl(url)), { now: () => NOW });
}

async function momentOf(cluster: SimulatedCluster, asOf: string): Promise<Moment> {
  return (await cluster.holdMoment(['bank'], asOf)).moment;
}

async function tablesOf(cluster: SimulatedCluster, at: Moment): Promise<TableDescriptor[]> {
  const all = [];
  for (const { name } of await cluster.databases()) all.push(...(await describeAll(cluster, name, at)));
  return all.filter((object) => object.kind === 'table');
}

describe('a simulated cluster that changes', () => {
  const world = fixtureWorld([{ name: 'fixture', accounts: 4000 }], { stepSeconds: 1, cycleSteps: 50 });
  const opened: SimulatedCluster[] = [];
  const another = () => {
    const cluster = new SimulatedCluster(world, { now: () => NOW });
    opened.push(cluster);
    return cluster;
  };
  const cluster = another();
  afterAll(() => Promise.all(opened.map((one) => one.close())));
  incrementalConformance({
    cluster,
    another,
    changed: async () => {
      const moment = async (asOf: string) => (await cluster.holdMoment(['fixture'], asOf)).moment;
      return {
        database: 'fixture',
        from: await moment('-20s'),
        at: await moment('-3s'),
        collected: {
          kind: 'hlc',
          at: '2026-11-21T10:00:00.000Z',
          timestamp: '1795255200000000000.0000000000',
        },
        release: async () => undefined,
      };
    },
  });

  it('names the deadline that passed, a second after it and not before', async () => {
    const at = (await cluster.holdMoment(['fixture'], null)).moment;
    const tables = (await describeAll(cluster, 'fixture', at)).filter((object) => object.kind === 'table');
    const base = (await cluster.holdMoment(['fixture'], '-25h')).moment;
    expect(await cluster.planChanges({ moment: base, tables }, tables, at)).toHaveLength(4);
    const later = new SimulatedCluster(world, { now: () => new Date(NOW.getTime() + 1000) });
    await expect(later.planChanges({ moment: base, tables }, tables, at)).rejects.toMatchObject({
      message: `what changed in fixture.public.customers since 2026-11-21 11:00:00.250 UTC can't be read any more: its GC window ended at 2026-11-22T12:00:00.250Z`,
    });
  });
});

describe('simulated://N?every=…&changes=…', () => {
  const world = fc.record({
    nodes: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(),
    rows: fc.nat({ max: 4000 }),
    every: fc.constantFrom('1s', '60s', '1h'),
    changes: fc.constantFrom('50', '7', '0.5', '0.01', '0'),
  });
  const back = fc.integer({ min: 0, max: 25 * 3600 });

  it('has changes that make the rows of any moment those of any later one', async () => {
    await fc.assert(
      fc.asyncProperty(world, back, back, async ({ nodes, seed, rows, every, changes }, one, other) => {
        const url = `simulated://${nodes}?seed=${seed}&rows=${rows}&every=${every}&changes=${changes}`;
        const cluster = open(url);
        const from = await momentOf(cluster, `-${Math.max(one, other)}s`);
        const at = await momentOf(cluster, `-${Math.min(one, other)}s`);
        const tables = await tablesOf(cluster, at);
        const base = { moment: from, tables: await tablesOf(cluster, from) };
        for (const { table: name, method } of await cluster.planChanges(base, tables, at)) {
          const table = tables.find(
            (candidate) => candidate.name.name === name.name && candidate.name.database === name.database,
          );
          if (table === undefined) throw new Error('no table');
          expect(method).toBe(name.name === 'movements' ? 'whole' : 'feed');
          if (method === 'whole') continue;
          const before = await rowsByKey(cluster, table, from);
          const read = await readAllChanges(cluster, table, method, from, at);
          expect(sorted(applied(before, read))).toEqual(sorted(await rowsByKey(open(url), table, at)));
          // Only what was there can be gone.
          for (const key of read.deleted) expect(before.has(key)).toBe(true);
          if (changes === '0') expect(read.rows.size + read.deleted.size).toBe(0);
        }
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it('changes about as many rows as it is told to, by updates, deletes and inserts', async () => {
    const cluster = open('simulated://3?rows=100000&every=60s&changes=0.5');
    const from = await momentOf(cluster, '-11m');
    const at = await momentOf(cluster, '-1m');
    const sums = { all: 0, updated: 0, inserted: 0, deleted: 0 };
    for (const table of await tablesOf(cluster, at)) {
      if (table.rowKey === null) continue;
      const before = await rowsByKey(cluster, table, from);
      const { rows, deleted } = await readAllChanges(cluster, table, 'feed', from, at);
      sums.all += before.size;
      sums.deleted += deleted.size;
      for (const key of rows.keys()) sums[before.has(key) ? 'updated' : 'inserted'] += 1;
      let estimated = 0;
      for await (const range of cluster.changeRanges(table, 'feed', from, at))
        estimated += range.estimatedRows;
      expect(Math.abs(estimated - rows.size - deleted.size)).toBeLessThan(30 + 0.3 * rows.size);
    }
    const changed = sums.updated + sums.inserted + sums.deleted;
    expect(changed / sums.all).toBeGreaterThan(0.04);
    expect(changed / sums.all).toBeLessThan(0.06);
    expect(sums.deleted).toBeGreaterThan(50);
    expect(sums.inserted).toBeGreaterThan(50);
    expect(sums.updated).toBeGreaterThan(10 * sums.deleted);
  });

  it('keeps every foreign key and unique constraint at every moment', async () => {
    await fc.assert(
      fc.asyncProperty(world, back, async ({ nodes, seed, rows, every, changes }, ago) => {
        const cluster = open(
          `simulated://${nodes}?seed=${seed}&rows=${rows}&every=${every}&changes=${changes}`,
        );
        const at = await momentOf(cluster, `-${ago}s`);
        const tables = await tablesOf(cluster, at);
        const values = new Map<string, string[][]>();
        for (const table of tables)
          values.set(
            `${table.name.database} ${table.name.name}`,
            (await readTable(cluster, table, at, 1e6)).flat().map((line) => line.split('\t')),
          );
        const pick = (table: TableDescriptor, columns: string): string[] => {
          const at = columns
            .split(', ')
            .map((name) => table.columns.findIndex((column) => column.name === name));
          const rowsOf = values.get(`${table.name.database} ${table.name.name}`) ?? [];
          return rowsOf.map((row) => at.map((index) => row[index]).join('\t'));
        };
        let checked = 0;
        for (const table of tables)
          for (const { sql } of table.ddl) {
            const unique = /(?:PRIMARY KEY|UNIQUE) \((.*)\)$/.exec(sql)?.[1];
            if (unique !== undefined) {
              const keys = pick(table, unique);
              expect(new Set(keys).size).toBe(keys.length);
              checked++;
            }
            const [, columns, , name, referenced] =
              /FOREIGN KEY \((.*)\) REFERENCES (\w+)\.(\w+) \((.*)\)$/.exec(sql) ?? [];
            if (columns === undefined || referenced === undefined) continue;
            const target = tables.find(
              (candidate) => candidate.name.name === name && candidate.name.database === table.name.database,
            );
            if (target === undefined) throw new Error(`no ${name}`);
            const there = new Set(pick(target, referenced));
            for (const key of pick(table, columns)) expect(there).toContain(key);
            checked++;
          }
        expect(checked).toBe(21);
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
