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

/** Splits the work of a backup into tasks, table by table; `layer` is null for a full one. */
export async function* planAllTasks(
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
