import type { Dependency, ObjectKind } from '../cluster/descriptor.ts';
import { nameKey, printName, quoteIdent } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { TablePattern, Targets } from '../statement/ast.ts';

/** What targets are matched against: a cluster's catalog, or the descriptors in a backup. */
export interface TargetObject {
  name: ObjectName;
  kind: ObjectKind;
  dependencies: Dependency[];
  /** A sequence's table, which carries it. */
  ownedBy: ObjectName | null;
}

export interface Match<T extends TargetObject> {
  /** By `nameKey`, in the order in which targets name them, what they carry after them. */
  selected: Map<string, { object: T; reason: 'asked' | 'carried' }>;
  /** Databases that the targets take whole. */
  wholeDatabases: string[];
  /** Everything that the databases of the targets hold, by `nameKey`. */
  known: Map<string, T>;
  problems: HoldfastError[];
}

/** The databases that targets name, each once. */
export function databasesOf(targets: Targets): string[] {
  return [
    ...new Set(targets.kind === 'tables' ? targets.patterns.map(({ database }) => database) : targets.names),
  ];
}

/**
 * Resolves a statement's targets. `objectsOf` answers a database's objects, or null when there is no such
 * database; it is asked once a database. What can't be resolved is a problem, in CockroachDB's words; the rest
 * of the targets is resolved all the same, so that a form can show everything at once.
 */
export async function matchTargets<T extends TargetObject>(
  targets: Targets,
  objectsOf: (database: string) => Promise<T[] | null>,
  statement: 'BACKUP' | 'RESTORE',
): Promise<Match<T>> {
  const match: Match<T> = { selected: new Map(), wholeDatabases: [], known: new Map(), problems: [] };
  const databases = new Map<string, T[] | null>();
  async function load(database: string): Promise<T[] | null> {
    const loaded = databases.get(database);
    if (loaded !== undefined) return loaded;
    const objects = await objectsOf(database);
    databases.set(database, objects);
    for (const object of objects ?? []) match.known.set(nameKey(object.name), object);
    if (objects === null)
      match.problems.push(unresolved(statement, 'undefined-database', `unknown database "${database}"`));
    return objects;
  }

  const patterns: TablePattern[] =
    targets.kind === 'tables'
      ? targets.patterns
      : targets.names.map((database) => ({ database, schema: null, name: null }));
  if (patterns.length === 0) {
    match.problems.push(
      new HoldfastError(
        'empty-selection',
        `nothing is selected to ${statement === 'BACKUP' ? 'back up' : 'restore'}`,
        {
          field: 'targets',
          hint: 'Choose at least one table, view or database.',
        },
      ),
    );
  }
  for (const pattern of patterns) {
    const objects = await load(pattern.database);
    if (objects === null) continue;
    if (targets.kind === 'databases' && !match.wholeDatabases.includes(pattern.database)) {
      match.wholeDatabases.push(pattern.database);
    }
    const found = matching(objects, pattern);
    if (found instanceof HoldfastError) {
      match.problems.push(found);
    } else if (found.length === 0 && pattern.name !== null) {
      match.problems.push(
        unresolved(statement, 'undefined-object', `table "${printPattern(pattern)}" does not exist`),
      );
    } else if (found.length === 0 && pattern.schema !== null) {
      match.problems.push(
        unresolved(statement, 'undefined-object', `"${printPattern(pattern)}" does not match any object`),
      );
    }
    for (const object of found instanceof HoldfastError ? [] : found) {
      match.selected.set(nameKey(object.name), { object, reason: 'asked' });
    }
  }
  carry(match);
  return match;
}

function matching<T extends TargetObject>(objects: T[], pattern: TablePattern): T[] | HoldfastError {
  const inSchema =
    pattern.schema === null ? objects : objects.filter((object) => object.name.schema === pattern.schema);
  if (pattern.name === null) return inSchema;
  const named = inSchema.filter((object) => object.name.name === pattern.name);
  if (named.length <= 1) return named;
  const inPublic = named.filter((object) => object.name.schema === 'public');
  // A type or collation may share its name with a table; the statement means the table.
  const best = inPublic.length > 0 ? inPublic : named;
  const relations = best.filter((object) => !CARRIED.includes(object.kind));
  if (relations.length === 1) return relations;
  if (relations.length === 0) return best.slice(0, 1);
  return new HoldfastError('undefined-object', `table "${printPattern(pattern)}" is ambiguous`, {
    field: 'targets',
    hint: `Name the schema: ${relations.map((object) => printName(object.name)).join(' or ')}.`,
  });
}

/** Kinds that come along with what needs them. */
const CARRIED: readonly ObjectKind[] = ['type', 'function', 'collation'];

/**
 * Adds what comes along with what was asked for: types and functions that it needs, sequences that tables own, and the
 * partitions and children of tables, because the rows that a query of the table finds are in those.
 */
function carry<T extends TargetObject>(match: Match<T>): void {
  const belonging = new Map<string, T[]>();
  const belongs = (object: T, owner: ObjectName) => {
    const list = belonging.get(nameKey(owner));
    if (list === undefined) belonging.set(nameKey(owner), [object]);
    else list.push(object);
  };
  for (const object of match.known.values()) {
    if (object.ownedBy !== null) belongs(object, object.ownedBy);
    for (const { on, kind } of object.dependencies) if (kind === 'inheritance') belongs(object, on);
  }
  // A map may grow while it is iterated: what is carried carries in turn.
  for (const [key, { object }] of match.selected) {
    for (const one of belonging.get(key) ?? []) add(one);
    for (const { on, kind } of object.dependencies) {
      if (kind !== 'type' && kind !== 'function') continue;
      const needed = match.known.get(nameKey(on));
      // A table that a function reads has rows of its own: it isn't taken without being asked for.
      if (needed !== undefined && CARRIED.includes(needed.kind)) add(needed);
    }
  }
  function add(object: T): void {
    const key = nameKey(object.name);
    if (!match.selected.has(key)) match.selected.set(key, { object, reason: 'carried' });
  }
}

function printPattern(pattern: TablePattern): string {
  const parts = [quoteIdent(pattern.database)];
  if (pattern.schema !== null) parts.push(quoteIdent(pattern.schema));
  parts.push(pattern.name === null ? '*' : quoteIdent(pattern.name));
  return parts.join('.');
}

/** CockroachDB's wording, so that what parses its errors parses ours. */
function unresolved(
  statement: 'BACKUP' | 'RESTORE',
  code: 'undefined-database' | 'undefined-object',
  what: string,
): HoldfastError {
  return statement === 'BACKUP'
    ? new HoldfastError(code, `failed to resolve targets specified in the BACKUP stmt: ${what}`, {
        field: 'targets',
        hint: 'Check the name; names with capitals or unusual characters stand in double quotes.',
      })
    : new HoldfastError(
        code,
        `failed to resolve targets in the BACKUP location specified by the RESTORE stmt, use SHOW BACKUP to find correct targets: ${what}`,
        { field: 'targets', hint: 'SHOW BACKUP lists what the backup holds.' },
      );
}
