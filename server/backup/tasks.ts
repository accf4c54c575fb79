import type { Cluster, TableRange } from '../cluster/cluster.ts';
import type { Moment } from '../cluster/moment.ts';
import type { ObjectName } from '../cluster/names.ts';

const MIB = 1024 * 1024;
const SMALLEST_TASK = 4 * MIB;
const LARGEST_TASK = 128 * MIB;
/** Enough that four streams stay busy until the end and the bar moves in visible steps. */
const TASKS_A_JOB = 64;

/** Ranges of one table on one node: what one engine exports into one data file. */
export interface PlannedTask {
  table: ObjectName;
  node: string;
  ranges: TableRange[];
  estimatedBytes: number;
}

/** About how many bytes of rows one task should have in a backup of that many bytes. */
export function taskBytes(totalBytes: number): number {
  return Math.min(LARGEST_TASK, Math.max(SMALLEST_TASK, Math.ceil(totalBytes / TASKS_A_JOB)));
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
          node: range.leaseholder,
          ranges: [range],
          estimatedBytes: range.estimatedBytes,
        });
      }
    }
    yield* open.values();
  }
}
