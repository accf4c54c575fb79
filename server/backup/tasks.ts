import type { Cluster, TableChanges, TableRange } from '../cluster/cluster.ts';
import { type Descriptor, findTable } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey, type ObjectName, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { MOST_TASKS, TaskBudget } from './budget.ts';

const MIB = 1024 * 1024;
const SMALLEST_TASK = 4 * MIB;
const LARGEST_TASK = 128 * MIB;
/** Enough that four streams stay busy until the end and the bar moves in visible steps. */
const TASKS_A_JOB = 64;
/** A job so large that it would have more full tasks than that has larger ones. */
const MOST_FULL_TASKS = MOST_TASKS / 4;
/** Ranges in a task, however small they are: a million of them make some 4,000 tasks. */
const MOST_RANGES = 256;

/** Ranges of the cluster that a task reads as one: neighbours on one node. */
export interface PlannedRange extends TableRange {
  /** How many of the cluster's ranges it is; `index` is the first's. */
  count: number;
}

/**
 * What one engine exports into one data file: ranges of one table on one node. Only where a job would have too many tasks
 * otherwise, what several nodes have left over of a table is one task, and `node` the one that has most of it.
 */
export interface PlannedTask {
  table: ObjectName;
  /** `whole`: every row of the ranges. Otherwise what changed in them, and the ranges are one. */
  method: TableChanges['method'];
  node: string;
  /** In key order. */
  ranges: PlannedRange[];
  estimatedBytes: number;
}

/** The part of a cluster that planning needs. */
export type PlannedCluster = Pick<Cluster, 'ranges' | 'changeRanges'>;

/** About how many bytes of rows one task should have in a backup of that many bytes. */
export function taskBytes(totalBytes: number): number {
  const middling = Math.min(LARGEST_TASK, Math.max(SMALLEST_TASK, Math.ceil(totalBytes / TASKS_A_JOB)));
  return Math.max(middling, Math.ceil(totalBytes / MOST_FULL_TASKS));
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
 * are read from at the same time. `layer` is null for a full one. There are `MOST_TASKS` at most, or one for each table
 * where there are more tables. Holds a task a node at a time, and few beside.
 */
export async function* planAllTasks(
  cluster: PlannedCluster,
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
  cluster: PlannedCluster,
  tables: ObjectName[],
  moment: Moment,
  bytesATask: number,
  layer: PlannedLayer | null,
): AsyncGenerator<PlannedTask, void> {
  const methods = new Map(layer?.changes.map(({ table, method }) => [nameKey(table), method]));
  const budget = new TaskBudget(tables.length, bytesATask);
  for (const table of tables) {
    const method = methods.get(nameKey(table)) ?? 'whole';
    if (layer === null || method === 'whole') {
      yield* planTable(cluster, table, moment, budget);
      continue;
    }
    const descriptor = findTable(layer.descriptors, table);
    if (descriptor === undefined)
      throw new HoldfastError('internal', `no descriptor of table ${printName(table)}`);
    yield* planPieces(cluster.changeRanges(descriptor, method, layer.from, moment), method, budget);
  }
}

/** Splits tables into tasks, one table after the other. */
export async function* planTasks(
  cluster: PlannedCluster,
  tables: ObjectName[],
  moment: Moment,
  bytesATask: number,
): AsyncGenerator<PlannedTask, void> {
  yield* planInOrder(cluster, tables, moment, bytesATask, null);
}

/** A task that is being filled. */
interface OpenTask extends PlannedTask {
  /** Of the cluster. */
  count: number;
}

async function* planTable(
  cluster: PlannedCluster,
  table: ObjectName,
  moment: Moment,
  budget: TaskBudget,
): AsyncGenerator<PlannedTask, void> {
  const open = new Map<string, OpenTask>();
  // What a cluster that lets us choose makes of a table is one size of ranges for all of it: one that there can be.
  const target = Math.min(budget.bytes, Number.MAX_SAFE_INTEGER);
  for await (const range of cluster.ranges(table, moment, target)) {
    const task = open.get(range.leaseholder);
    if (task === undefined) {
      open.set(range.leaseholder, opened(range, 'whole'));
      continue;
    }
    const bytes = task.estimatedBytes + range.estimatedBytes;
    if (bytes <= budget.bytes && task.count + 1 <= budget.ranges(MOST_RANGES)) {
      addTo(task, range);
      continue;
    }
    budget.spendFull(task.estimatedBytes);
    yield planned(task);
    open.set(range.leaseholder, opened(range, 'whole'));
  }
  const rests = [...open.values()];
  for (const task of together(rests, budget.spendRests(rests.length))) yield planned(task);
}

/** A piece a task as long as that goes: which piece will have many changes is not known before they are read. */
async function* planPieces(
  pieces: AsyncIterable<TableRange>,
  method: TableChanges['method'],
  budget: TaskBudget,
): AsyncGenerator<PlannedTask, void> {
  let task: OpenTask | null = null;
  for await (const piece of pieces) {
    const last: PlannedRange | undefined = task?.ranges.at(-1);
    if (task === null || last === undefined) task = opened(piece, method);
    else if (task.count + 1 <= budget.ranges(1) && isNext(last, piece)) {
      // One range, whoever serves its parts: that is what changes are read by.
      addTo(task, { ...piece, leaseholder: last.leaseholder });
    } else {
      budget.spendFull(task.estimatedBytes);
      yield planned(task);
      task = opened(piece, method);
    }
  }
  if (task === null) return;
  budget.spendRests(1);
  yield planned(task);
}

function opened(range: TableRange, method: TableChanges['method']): OpenTask {
  const { table, leaseholder, estimatedBytes } = range;
  return { table, method, node: leaseholder, ranges: [{ ...range, count: 1 }], estimatedBytes, count: 1 };
}

function planned({ count: _, ...task }: OpenTask): PlannedTask {
  return task;
}

/** Adds the range that comes after all of the task's; a neighbour on the same node is read as one with the last. */
function addTo(task: OpenTask, range: TableRange): void {
  task.estimatedBytes += range.estimatedBytes;
  task.count += 1;
  const last = task.ranges.at(-1);
  if (last !== undefined && isNext(last, range) && last.leaseholder === range.leaseholder) {
    last.end = range.end;
    last.estimatedBytes += range.estimatedBytes;
    last.estimatedRows += range.estimatedRows;
    last.count += 1;
  } else task.ranges.push({ ...range, count: 1 });
}

function isNext(one: TableRange, other: TableRange): boolean {
  return one.end !== null && one.end === other.start;
}

/** So many tasks, about as large as each other, of those of a table: several nodes' in one where there are more. */
function together(tasks: OpenTask[], most: number): OpenTask[] {
  if (tasks.length <= most) return tasks;
  const groups = Array.from({ length: most }, (): OpenTask[] => []);
  tasks
    .toSorted((one, other) => other.estimatedBytes - one.estimatedBytes)
    .forEach((task, index) => groups[index % most]?.push(task));
  return groups.flatMap((group) => {
    const [largest] = group;
    if (largest === undefined) return [];
    return {
      ...largest,
      ranges: group.flatMap(({ ranges }) => ranges).sort((one, other) => one.index - other.index),
      estimatedBytes: group.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0),
      count: group.reduce((sum, { count }) => sum + count, 0),
    };
  });
}
