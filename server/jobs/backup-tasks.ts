import { type PlannedLayer, planAllTasks } from '../backup/tasks.ts';
import type { Cluster, ClusterNode } from '../cluster/cluster.ts';
import type { Moment } from '../cluster/moment.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { NewTask } from './ledger.ts';
import type { ExportTask, RecordedExportTask } from './spec.ts';

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
  for await (const task of planned) {
    const { table, node, estimatedBytes } = task;
    const body = recorded(task);
    yield { table, node, locality: localities.get(node) ?? '', estimatedBytes, body };
  }
}

/** A task's body, its ranges without what they have in common with all others of a task of that node. */
export function recorded({ table, method, node, ranges }: Omit<ExportTask, 'kind'>): RecordedExportTask {
  return {
    kind: 'export',
    table,
    method,
    node,
    ranges: ranges.map(({ table: _, leaseholder, count, ...range }) => ({
      ...range,
      ...(leaseholder === node ? {} : { leaseholder }),
      ...(count === 1 ? {} : { count }),
    })),
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
