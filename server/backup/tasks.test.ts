import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atMoment, rangesOf } from '../cluster/conformance-tools.ts';
import { nameKey } from '../cluster/names.ts';
import { openCluster } from '../cluster/open.ts';
import type { TableRange } from '../cluster/cluster.ts';
import { inTurn, planAllTasks, planTasks, taskBytes } from './tasks.ts';
import type { PlannedTask } from './tasks.ts';

const MIB = 1024 * 1024;

/** The tasks of every table of the simulated cluster, and the ranges that they are made of. */
async function planned(url: string, bytesATask: number) {
  const cluster = openCluster(url);
  const databases = (await cluster.databases()).map(({ name }) => name);
  return atMoment(cluster, databases, async (at) => {
    const catalogs = await Promise.all(databases.map((database) => cluster.catalog(database, at)));
    const tables = catalogs
      .flatMap(({ objects }) => objects)
      .filter(({ kind }) => kind === 'table')
      .map(({ name }) => name);
    const ranges = await Promise.all(tables.map((table) => rangesOf(cluster, table, at, bytesATask)));
    const tasks: PlannedTask[] = [];
    for await (const task of planTasks(cluster, tables, at, bytesATask)) tasks.push(task);
    return { tasks, ranges: ranges.flat(), nodes: (await cluster.describe()).nodes };
  });
}

describe('planTasks', () => {
  it('has every range of a cluster with several nodes in one task, each of one table on one node', async () => {
    const arbitrary = fc.record({
      nodes: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
      rows: fc.nat({ max: 400_000 }),
      bytesATask: fc.integer({ min: 1, max: 8 * MIB }),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ nodes, seed, rows, bytesATask }) => {
        const plan = await planned(`simulated://${nodes}?seed=${seed}&rows=${rows}`, bytesATask);
        const of = new Map(plan.ranges.map((range) => [`${nameKey(range.table)} ${range.index}`, range]));
        const there = (table: PlannedTask['table'], index: number): TableRange => {
          const range = of.get(`${nameKey(table)} ${index}`);
          of.delete(`${nameKey(table)} ${index}`);
          if (range === undefined) throw new Error(`range ${index} is not there, or twice`);
          return range;
        };
        const live = plan.nodes.filter((node) => node.live).map(({ id }) => id);
        for (const task of plan.tasks) {
          expect(live).toContain(task.node);
          for (const range of task.ranges) {
            expect(range.table).toEqual(task.table);
            const parts = Array.from({ length: range.count }, (_, part) =>
              there(task.table, range.index + part),
            );
            for (const part of parts) expect(part.leaseholder).toBe(task.node);
            expect(range.leaseholder).toBe(task.node);
            expect([range.start, range.end]).toEqual([parts[0]?.start, parts.at(-1)?.end]);
            const sum = (key: 'estimatedBytes' | 'estimatedRows') =>
              parts.reduce((total, part) => total + part[key], 0);
            expect([range.estimatedBytes, range.estimatedRows]).toEqual([
              sum('estimatedBytes'),
              sum('estimatedRows'),
            ]);
          }
          const bytes = task.ranges.reduce((sum, range) => sum + range.estimatedBytes, 0);
          expect(task.estimatedBytes).toBe(bytes);
          // A range that is larger by itself can't be made smaller here.
          const count = task.ranges.reduce((total, range) => total + range.count, 0);
          if (count > 1) expect(bytes).toBeLessThanOrEqual(bytesATask);
          const indices = task.ranges.map(({ index }) => index);
          expect(indices).toEqual(indices.toSorted((a, b) => a - b));
        }
        expect(of.size).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('fills tasks: no two of a table on a node could have been one', async () => {
    const bytesATask = 1 * MIB;
    const { tasks } = await planned('simulated://3?seed=7&rows=400000', bytesATask);
    const groups = Map.groupBy(tasks, (task) => `${nameKey(task.table)} ${task.node}`);
    expect([...groups.values()].some((group) => group.length > 1)).toBe(true);
    for (const group of groups.values())
      for (const [index, task] of group.slice(1).entries()) {
        const before = group[index]?.estimatedBytes ?? 0;
        expect(before + (task.ranges[0]?.estimatedBytes ?? 0)).toBeGreaterThan(bytesATask);
      }
  });

  it('spreads a cluster over its nodes, and the same each time', async () => {
    const url = 'simulated://5?seed=7&rows=400000';
    const plan = await planned(url, taskBytes(40 * MIB));
    const bytes = Map.groupBy(plan.tasks, ({ node }) => node);
    const sums = [...bytes.values()].map((tasks) =>
      tasks.reduce((sum, task) => sum + task.estimatedBytes, 0),
    );
    expect(sums).toHaveLength(5);
    expect(Math.max(...sums)).toBeLessThan(3 * Math.min(...sums));
    expect(await planned(url, taskBytes(40 * MIB))).toEqual(plan);
  });
});

describe('the order of tasks', () => {
  it('goes from node to node, and keeps that of each node', () => {
    const of = (...names: string[]) => names.map((name) => ({ node: name.charAt(0), name }));
    const names = (tasks: { name: string }[]) => tasks.map(({ name }) => name);
    expect(names(inTurn(of('a1', 'a2', 'a3', 'b1', 'c1', 'c2')))).toEqual([
      'a1',
      'b1',
      'c1',
      'a2',
      'c2',
      'a3',
    ]);
    expect(inTurn([])).toEqual([]);
  });

  it('loses no task of a plan, however long', async () => {
    const cluster = openCluster('simulated://3?seed=7&rows=400000');
    const databases = (await cluster.databases()).map(({ name }) => name);
    await atMoment(cluster, databases, async (at) => {
      const [catalog] = await Promise.all(databases.map((database) => cluster.catalog(database, at)));
      const tables = (catalog?.objects ?? []).filter(({ kind }) => kind === 'table').map(({ name }) => name);
      const key = ({ table, ranges }: PlannedTask) =>
        `${nameKey(table)} ${ranges.map(({ index }) => index).join()}`;
      const [plain, spread]: [PlannedTask[], PlannedTask[]] = [[], []];
      for await (const task of planTasks(cluster, tables, at, 1024)) plain.push(task);
      for await (const task of planAllTasks(cluster, tables, at, 1024, null)) spread.push(task);
      // More than are looked at ahead.
      expect(plain.length).toBeGreaterThan(64);
      expect(spread.map(key).sort()).toEqual(plain.map(key).sort());
    });
  });
});
