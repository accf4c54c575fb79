import type { ObjectName } from '../../server/cluster/names.ts';
import type { TablePattern, Targets } from '../../server/statement/ast.ts';

/** What is ticked in one database: the whole of it, or objects by `objectKey`. */
export type PickedObjects = 'all' | ReadonlySet<string>;

/** What is ticked, by database. A database of which nothing is ticked is not in the map. */
export type Picked = ReadonlyMap<string, PickedObjects>;

export const NOTHING: Picked = new Map();

/** An object's key within its database: schema and name, both of which may contain dots. */
export function objectKey(name: { schema: string; name: string }): string {
  return JSON.stringify([name.schema, name.name]);
}

function parseKey(key: string): { schema: string; name: string } | null {
  const parts: unknown = JSON.parse(key);
  if (!Array.isArray(parts)) return null;
  const [schema, name] = parts as unknown[];
  return typeof schema === 'string' && typeof name === 'string' ? { schema, name } : null;
}

export function isPicked(picked: Picked, name: ObjectName): boolean {
  const objects = picked.get(name.database);
  return objects === 'all' || (objects?.has(objectKey(name)) ?? false);
}

export function pickDatabase(picked: Picked, database: string, on: boolean): Picked {
  const next = new Map(picked);
  if (on) next.set(database, 'all');
  else next.delete(database);
  return next;
}

/**
 * Ticks or unticks some objects of a database. `selectable` are the keys of everything in it that can be ticked:
 * all of them ticked is the database as a whole (unless it holds something that can't be backed up, so that
 * `wholePossible` is false), and one of them unticked is no longer that.
 */
export function pickObjects(
  picked: Picked,
  database: string,
  keys: Iterable<string>,
  on: boolean,
  selectable: readonly string[],
  wholePossible = true,
): Picked {
  const before = picked.get(database);
  if (before === 'all' && on) return picked;
  const objects = new Set(before === 'all' ? selectable : before);
  for (const key of keys) {
    if (on) objects.add(key);
    else objects.delete(key);
  }
  const next = new Map(picked);
  if (objects.size === 0) next.delete(database);
  else if (wholePossible && selectable.length > 0 && selectable.every((key) => objects.has(key))) {
    next.set(database, 'all');
  } else next.set(database, objects);
  return next;
}

/**
 * The statement's targets: databases when only whole ones are ticked, else tables, with `db.*` for the whole ones.
 * `wholeDatabases` limits which may be named as a database at all (a backup may hold only parts of one).
 */
export function toTargets(picked: Picked, wholeDatabases?: ReadonlySet<string>): Targets {
  const databases = [...picked].sort(([a], [b]) => compare(a, b));
  const whole = databases.every(
    ([database, objects]) => objects === 'all' && (wholeDatabases?.has(database) ?? true),
  );
  if (whole && databases.length > 0) return { kind: 'databases', names: databases.map(([name]) => name) };
  const patterns: TablePattern[] = [];
  for (const [database, objects] of databases) {
    if (objects === 'all') {
      patterns.push({ database, schema: null, name: null });
      continue;
    }
    for (const key of [...objects].sort(compare)) {
      const name = parseKey(key);
      if (name !== null) patterns.push({ database, ...name });
    }
  }
  return { kind: 'tables', patterns };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** For sessionStorage. */
export type PickedJson = Record<string, 'all' | string[]>;

export function pickedToJson(picked: Picked): PickedJson {
  return Object.fromEntries(
    [...picked].map(([database, objects]) => [database, objects === 'all' ? 'all' : [...objects]]),
  );
}

export function pickedFromJson(json: PickedJson): Picked {
  return new Map(
    Object.entries(json).map(([database, objects]) => [
      database,
      objects === 'all' ? 'all' : new Set(objects),
    ]),
  );
}
