import type { ObjectName } from '../../server/cluster/names.ts';

/** The page of one cluster, of a database of it, of a table of that. */
export function clusterPath(name: string, of: { database?: string; table?: ObjectName } = {}): string {
  const query = new URLSearchParams({ name });
  const database = of.table?.database ?? of.database;
  if (database !== undefined) query.set('database', database);
  if (of.table !== undefined) {
    query.set('schema', of.table.schema);
    query.set('table', of.table.name);
  }
  return `/clusters/view?${query.toString()}`;
}

/** The backup wizard with the cluster chosen. */
export function backupPath(cluster: string): string {
  return `/backup?${new URLSearchParams({ cluster }).toString()}`;
}
