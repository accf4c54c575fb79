import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atMoment, rangesOf } from '../cluster/conformance-tools.ts';
import { nameKey } from '../cluster/names.ts';
import { openCluster } from '../cluster/open.ts';
import { planTasks, taskBytes } from './tasks.ts';
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
        const key = ({ table, index }: PlannedTask['ranges'][number]) => `${nameKey(table)} ${index}`;
        const inTasks = plan.tasks.flatMap(({ ranges }) => ranges);
        expect(inTasks.map(key).sort()).toEqual(plan.ranges.map(key).sort());
        const live = plan.nodes.filter((node) => node.live).map(({ id }) => id);
        for (const task of plan.tasks) {
          expect(live).toContain(task.node);
          for (const range of task.ranges) {
            expect(range.leaseholder).toBe(task.node);
            expect(range.table).toEqual(task.table);
          }
          const bytes = task.ranges.reduce((sum, range) => sum + range.estimatedBytes, 0);
          expect(task.estimatedBytes).toBe(bytes);
          // A range that is larger by itself can't be made smaller here.
          if (task.ranges.length > 1) expect(bytes).toBeLessThanOrEqual(bytesATask);
          const indices = task.ranges.map(({ index }) => index);
          expect(indices).toEqual(indices.toSorted((a, b) => a - b));
        }
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
