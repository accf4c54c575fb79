import type { CatalogObject } from '../../server/cluster/cluster.ts';
import { nameKey, quoteIdent } from '../../server/cluster/names.ts';
import type { ObjectName } from '../../server/cluster/names.ts';

/** `schema.name`, quoted where needed: how an object is called inside its database. */
export function shortName(name: ObjectName): string {
  return `${quoteIdent(name.schema)}.${quoteIdent(name.name)}`;
}

/** With what an object comes along, when a backup carries it without being asked; null when it stands by itself. */
export function comesWith(object: Pick<CatalogObject, 'kind' | 'name' | 'ownedBy'>): string | null {
  if (['type', 'function', 'collation'].includes(object.kind)) return 'what uses it';
  const { name, ownedBy } = object;
  if (ownedBy === null) return null;
  return ownedBy.schema === name.schema ? quoteIdent(ownedBy.name) : shortName(ownedBy);
}

/**
 * These objects and everything that they need in turn, as far as the catalog knows. What comes along by itself and
 * what can't be backed up is not followed: nobody can tick it.
 */
export function withDependencies(
  names: readonly ObjectName[],
  objectsOf: (database: string) => readonly CatalogObject[],
): ObjectName[] {
  const catalog = new Map<string, CatalogObject>();
  const loaded = new Set<string>();
  const look = (name: ObjectName) => {
    if (!loaded.has(name.database)) {
      loaded.add(name.database);
      for (const object of objectsOf(name.database)) catalog.set(nameKey(object.name), object);
    }
    return catalog.get(nameKey(name));
  };
  const found = new Map<string, ObjectName>(names.map((name) => [nameKey(name), name]));
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const { on } of look(name)?.dependencies ?? []) {
      const object = look(on);
      if (object === undefined || object.unsupported !== null || comesWith(object) !== null) continue;
      if (found.has(nameKey(on))) continue;
      found.set(nameKey(on), on);
      queue.push(on);
    }
  }
  return [...found.values()];
}
