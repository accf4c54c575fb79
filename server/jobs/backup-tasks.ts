import { type PlannedLayer, type PlannedRange, planAllTasks } from '../backup/tasks.ts';
import type { Cluster, ClusterNode } from '../cluster/cluster.ts';
import type { Moment } from '../cluster/moment.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { NewTask } from './ledger.ts';
import type { RecordedExportTask } from './spec.ts';

export interface Planning {
  cluster: Cluster;
  tables: ObjectName[];
  moment: Moment;
  nodes: readonly ClusterNode[];
  bytesATask: number;
}

/** The tasks of a backup as they are planned; `layer` is null for a full one. */
export async function* newExportTasks(
  { cluster, tables, moment, nodes, bytesATask }: Planning,
  layer: PlannedLayer | null,
): AsyncGenerator<NewTask, void> {
  const localities = new Map(nodes.map(({ id, locality }) => [String(id), locality]));
  const planned = planAllTasks(cluster, tables, moment, bytesATask, layer);
  for await (const { table, method, node, ranges, estimatedBytes } of planned) {
    const body: RecordedExportTask = {
      kind: 'export',
      table,
      method,
      node,
      ranges: ranges.map((range) => recorded(range, node)),
    };
    yield { table, node, locality: localities.get(node) ?? '', estimatedBytes, body };
  }
}

/** A range without what it has in common with all others of a task of that node. */
function recorded(
  { table: _, leaseholder, count, ...range }: PlannedRange,
  node: string,
): RecordedExportTask['ranges'][number] {
  return {
    ...range,
    ...(leaseholder === node ? {} : { leaseholder }),
    ...(count === 1 ? {} : { count }),
  };
}

/** Asks for the first item at once, whenever it is taken. */
export function begun<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const first = items.next();
  // Whoever takes it gets to know.
  first.catch(() => undefined);
  return (async function* () {
    const { value, done } = await first;
    if (done === true) return;
    yield value;
    yield* items;
  })();
}
