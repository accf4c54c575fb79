import type { Cluster, TableChanges, TableRange } from '../cluster/cluster.ts';
import { type Descriptor, findTable } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey, type ObjectName, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';

const MIB = 1024 * 1024;
const SMALLEST_TASK = 4 * MIB;
const LARGEST_TASK = 128 * MIB;
/** Enough that four streams stay busy until the end and the bar moves in visible steps. */
const TASKS_A_JOB = 64;

/** Ranges of one table on one node: what one engine exports into one data file. */
export interface PlannedTask {
  table: ObjectName;
  /** `whole`: every row of the ranges. Otherwise what changed in them, and the ranges are one. */
  method: TableChanges['method'];
  node: string;
  ranges: TableRange[];
  estimatedBytes: number;
}

/** About how many bytes of rows one task should have in a backup of that many bytes. */
export function taskBytes(totalBytes: number): number {
  return Math.min(LARGEST_TASK, Math.max(SMALLEST_TASK, Math.ceil(totalBytes / TASKS_A_JOB)));
}

/** What tasks of an incremental backup go by: since when, how each table, and what the tables are now. */
export interface PlannedLayer {
  from: Moment;
  changes: readonly TableChanges[];
  descriptors: readonly Descriptor[];
}

/** So many tasks are looked at ahead for ones of another node. */
const LOOKED_AHEAD = 64;

/**
 * Splits the work of a backup into tasks, table by table, those of different nodes in turn as far as that goes: all nodes
 * are read from at the same time. `layer` is null for a full one.
 */
export async function* planAllTasks(
  cluster: Cluster,
  tables: ObjectName[],
  moment: Moment,
  bytesATask: number,
  layer: PlannedLayer | null,
): AsyncGenerator<PlannedTask, void> {
  let ahead: PlannedTask[] = [];
  for await (const task of planInOrder(cluster, tables, moment, bytesATask, layer)) {
    ahead.push(task);
    if (ahead.length < LOOKED_AHEAD) continue;
    yield* inTurn(ahead);
    ahead = [];
  }
  yield* inTurn(ahead);
}

/** One task of each node after the other; those of one node stay in order. */
export function inTurn<Task extends { node: string }>(tasks: readonly Task[]): Task[] {
  const turns = new Map<string, number>();
  return tasks
    .map((task) => {
      const turn = turns.get(task.node) ?? 0;
      turns.set(task.node, turn + 1);
      return { task, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .map(({ task }) => task);
}

async function* planInOrder(
  cluster: Cluster,
  tables: ObjectName[],
  moment: Moment,
  bytesATask: number,
  layer: PlannedLayer | null,
): AsyncGenerator<PlannedTask, void> {
  const methods = new Map(layer?.changes.map(({ table, method }) => [nameKey(table), method]));
  for (const table of tables) {
    const method = methods.get(nameKey(table)) ?? 'whole';
    if (layer === null || method === 'whole') {
      yield* planTasks(cluster, [table], moment, bytesATask);
      continue;
    }
    const descriptor = findTable(layer.descriptors, table);
    if (descriptor === undefined)
      throw new HoldfastError('internal', `no descriptor of table ${printName(table)}`);
    // A piece a task: which piece will have many changes is not known before they are read.
    for await (const range of cluster.changeRanges(descriptor, method, layer.from, moment))
      yield {
        table,
        method,
        node: range.leaseholder,
        ranges: [range],
        estimatedBytes: range.estimatedBytes,
      };
  }
}

/** Splits tables into tasks, one table after the other; holds one task's ranges a node at a time. */
export async function* planTasks(
  cluster: Cluster,
  tables: ObjectName[],
  moment: Moment,
  bytesATask: number,
): AsyncGenerator<PlannedTask, void> {
  for (const table of tables) {
    const open = new Map<string, PlannedTask>();
    for await (const range of cluster.ranges(table, moment, bytesATask)) {
      const task = open.get(range.leaseholder);
      if (task === undefined) {
        open.set(range.leaseholder, {
          table,
          method: 'whole',
          node: range.leaseholder,
          ranges: [range],
          estimatedBytes: range.estimatedBytes,
        });
      } else if (task.estimatedBytes + range.estimatedBytes <= bytesATask) {
        task.ranges.push(range);
        task.estimatedBytes += range.estimatedBytes;
      } else {
        yield task;
        open.set(range.leaseholder, {
          table,
          method: 'whole',
          node: range.leaseholder,
          ranges: [range],
          estimatedBytes: range.estimatedBytes,
        });
      }
    }
    yield* open.values();
  }
}
