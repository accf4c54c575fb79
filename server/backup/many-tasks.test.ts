import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { nodeId, type TableRange } from '../cluster/cluster.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import type { ObjectName } from '../cluster/names.ts';
import { below, hash } from '../cluster/simulated/random.ts';
import { MOST_TASKS } from './budget.ts';
import {
  planAllTasks,
  type PlannedCluster,
  type PlannedLayer,
  type PlannedTask,
  taskBytes,
} from './tasks.ts';

const MIB = 1024 * 1024;
const FIXTURE = join(import.meta.dirname, 'plan-million.fixture.ts');
/** Short of memory: what is kept of each range would not fit. */
const THRIFTY = ['--max-semi-space-size=4', '--max-old-space-size=96'];
const AT: Moment = { kind: 'hlc', at: '2026-11-22T12:00:00.000Z', timestamp: '1795348800000000000' };

/** Tables with so many ranges each, on so many nodes; `bytes` tells what is estimated of each range. */
interface Shape {
  tables: number[];
  nodes: number;
  bytes: (index: number) => number;
}

function table(position: number): ObjectName {
  return { database: 'd', schema: 'public', name: `t${position}` };
}

function clusterOf({ tables, nodes, bytes }: Shape): PlannedCluster {
  async function* ranges(name: ObjectName): AsyncGenerator<TableRange, void> {
    const position = Number(name.name.slice(1));
    const count = tables[position] ?? 0;
    for (let index = 0; index < count; index++)
      yield {
        table: name,
        index,
        start: index === 0 ? null : `${index}`,
        end: index + 1 === count ? null : `${index + 1}`,
        leaseholder: nodeId(1 + below(nodes, hash(position, index))),
        estimatedBytes: bytes(index),
        estimatedRows: 1,
      };
  }
  return { ranges: (name) => ranges(name), changeRanges: ({ name }) => ranges(name) };
}

/** Plans all tables, and sees to it that each range is in one task. Answers how many tasks there are, and the largest's ranges. */
async function plan(shape: Shape, bytesATask: number, layer: PlannedLayer | null = null) {
  const seen = shape.tables.map((count) => new Uint8Array(count));
  let [tasks, largest, mixed] = [0, 0, 0];
  const names = shape.tables.map((_, position) => table(position));
  for await (const task of planAllTasks(clusterOf(shape), names, AT, bytesATask, layer)) {
    tasks += 1;
    const counts = task.ranges.map(({ count }) => count);
    largest = Math.max(
      largest,
      counts.reduce((sum, count) => sum + count, 0),
    );
    if (new Set(task.ranges.map(({ leaseholder }) => leaseholder)).size > 1) mixed += 1;
    note(task, seen[Number(task.table.name.slice(1))]);
  }
  expect(seen.every((ranges) => ranges.every((times) => times === 1))).toBe(true);
  return { tasks, largest, mixed };
}

function note({ ranges }: PlannedTask, seen: Uint8Array | undefined): void {
  let before = -1;
  for (const { index, count, start, end } of ranges) {
    if (seen === undefined || index <= before) throw new Error('out of order');
    for (let part = index; part < index + count; part++) seen[part] = (seen[part] ?? 0) + 1;
    const last = index + count;
    if (start !== (index === 0 ? null : `${index}`)) throw new Error(`starts at ${start}, not ${index}`);
    if (end !== (last === seen.length ? null : `${last}`)) throw new Error(`ends at ${end}, not ${last}`);
    before = index + count - 1;
  }
}

describe('a plan has 20,000 tasks at most', () => {
  const million = 1_000_000;
  const one = (count: number) => [count];
  const many = (tables: number, count: number) => Array.from({ length: tables }, () => count);

  it.each<[string, Shape, number]>([
    ['a million tiny ranges', { tables: one(million), nodes: 300, bytes: () => 1000 }, 128 * MIB],
    ['a million of nobody knows what', { tables: one(million), nodes: 300, bytes: () => 0 }, 4 * MIB],
    ['on one node', { tables: one(million), nodes: 1, bytes: () => 0 }, 4 * MIB],
    [
      'a million of 512 MiB, as estimated',
      { tables: one(million), nodes: 300, bytes: () => 512 * MIB },
      taskBytes(million * 512 * MIB),
    ],
    [
      'a million of 512 MiB, where 1 MiB was estimated',
      { tables: one(million), nodes: 300, bytes: () => 512 * MIB },
      taskBytes(MIB),
    ],
    ['as large as can be counted', { tables: one(million), nodes: 9, bytes: (index) => index * 1e9 }, 1],
    ['of a thousand tables', { tables: many(1000, 1000), nodes: 300, bytes: () => 1000 }, 128 * MIB],
    [
      'a large table after a thousand small ones',
      { tables: [...many(1000, 3), 500_000], nodes: 300, bytes: () => 64 * MIB },
      taskBytes(500_000 * 64 * MIB),
    ],
    [
      'a large table before a thousand small ones',
      { tables: [500_000, ...many(1000, 300)], nodes: 300, bytes: () => 64 * MIB },
      taskBytes(MIB),
    ],
    ['as many tables', { tables: many(MOST_TASKS, 3), nodes: 300, bytes: () => MIB }, 4 * MIB],
  ])('%s', async (_, shape, bytesATask) => {
    const { tasks } = await plan(shape, bytesATask);
    expect(tasks).toBeLessThanOrEqual(MOST_TASKS);
    // Nor is it a plan for few engines.
    expect(tasks).toBeGreaterThan(1000);
  });

  it('or one for each table, where there are more', async () => {
    const shape: Shape = { tables: many(MOST_TASKS + 5000, 2), nodes: 300, bytes: () => 1000 };
    expect(await plan(shape, 4 * MIB)).toMatchObject({ tasks: MOST_TASKS + 5000 });
  });

  it('with one node each, as long as that goes', async () => {
    const wide: Shape = { tables: many(30, 600), nodes: 300, bytes: () => 64 * MIB };
    expect(await plan(wide, 128 * MIB)).toMatchObject({ mixed: 0 });
    const wider: Shape = { tables: many(1000, 600), nodes: 300, bytes: () => 1000 };
    const { mixed, tasks } = await plan(wider, 128 * MIB);
    expect(tasks).toBeLessThanOrEqual(MOST_TASKS);
    expect(mixed).toBeGreaterThan(0);
  });

  it('no one of which has much more than its share, whatever was estimated', async () => {
    const shape: Shape = { tables: one(million), nodes: 3, bytes: () => 512 * MIB };
    const { tasks, largest } = await plan(shape, taskBytes(MIB));
    expect(tasks).toBeGreaterThan(5000);
    expect(largest / million).toBeLessThan(0.005);
  });

  it('also of an incremental backup, a piece a task as long as that goes', async () => {
    const layerOf = (tables: number): PlannedLayer => {
      const names = Array.from({ length: tables }, (_, position) => table(position));
      return {
        from: AT,
        changes: names.map((name) => ({ table: name, method: 'comparison', reason: 'So.' })),
        descriptors: names.map((name) => ({ kind: 'table', name }) as unknown as TableDescriptor),
      };
    };
    const few: Shape = { tables: one(3000), nodes: 300, bytes: () => MIB };
    expect(await plan(few, 4 * MIB, layerOf(1))).toMatchObject({ tasks: 3000, largest: 1, mixed: 0 });
    const pieces: Shape = { tables: [million, ...many(100, 10)], nodes: 300, bytes: () => MIB };
    const { tasks, largest } = await plan(pieces, 4 * MIB, layerOf(101));
    expect(tasks).toBeLessThanOrEqual(MOST_TASKS);
    expect(tasks).toBeGreaterThan(5000);
    expect(largest / million).toBeLessThan(0.005);
  });

  it('with each of a million ranges in one of them, in a process of less than 512 MiB', async () => {
    const url = 'simulated://300?rows=1000000000&range=55KiB';
    const { stdout } = await promisify(execFile)(process.execPath, [...THRIFTY, FIXTURE, url]);
    const { tasks, mixed, ranges, wrong, peakMib } = JSON.parse(stdout) as Record<string, number>;
    expect({ mixed, wrong }).toEqual({ mixed: 0, wrong: 0 });
    expect(ranges).toBeGreaterThan(1_000_000);
    expect(tasks).toBeLessThanOrEqual(MOST_TASKS);
    expect(peakMib).toBeLessThan(512);
  }, 120_000);
});
