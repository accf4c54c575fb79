import { neededToCreate } from '../cluster/descriptor.ts';
import type { DdlPhase, Descriptor } from '../cluster/descriptor.ts';
import { nameKey } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { RestoreItem } from './plan.ts';

/** The DDL of a restore, in the order in which it runs; rows are loaded between `create` and `keys`. */
export interface RestoreSteps {
  /** Collations, types, functions, sequences, bare tables, defaults. */
  create: DatabaseStep[];
  keys: DatabaseStep[];
  indexes: DatabaseStep[];
  foreignKeys: DatabaseStep[];
  views: DatabaseStep[];
  finish: DatabaseStep[];
}

/** One statement and the database that it runs in. */
export interface DatabaseStep {
  database: string;
  object: ObjectName;
  sql: string;
}

const KIND_ORDER: Record<Descriptor['kind'], number> = {
  collation: 0,
  type: 1,
  function: 2,
  sequence: 3,
  table: 4,
  view: 5,
};

/**
 * Orders the DDL of what is restored. A step that needs an object which is neither restored nor in the target
 * (`isThere` says) is left out: the check has made sure that an option asked for that.
 */
export function restoreSteps(items: RestoreItem[], isThere: (source: ObjectName) => boolean): RestoreSteps {
  // By kind as far as what they need lets them: a function may need a table for its arguments, or a type a function.
  const ordered = [
    ...byDependency([...items].sort((a, b) => KIND_ORDER[a.descriptor.kind] - KIND_ORDER[b.descriptor.kind])),
  ];
  const steps = (kinds: Descriptor['kind'][], phase: DdlPhase): DatabaseStep[] =>
    ordered
      .filter(({ descriptor }) => kinds.includes(descriptor.kind))
      .flatMap(({ descriptor, target }) =>
        descriptor.ddl
          .filter(
            (step) => step.phase === phase && step.requires.every((dependency) => isThere(dependency.on)),
          )
          .map((step) => ({ database: target.database, object: target, sql: step.sql })),
      );
  const stored: Descriptor['kind'][] = ['collation', 'type', 'function', 'sequence', 'table'];
  return {
    create: [...steps(stored, 'create'), ...steps(stored, 'default')],
    keys: steps(stored, 'keys'),
    indexes: steps(stored, 'indexes'),
    foreignKeys: steps(stored, 'foreign-keys'),
    views: [...steps(['view'], 'create'), ...steps(['view'], 'indexes')],
    finish: [...steps(stored, 'finish'), ...steps(['view'], 'finish')],
  };
}

/** What others need comes first. */
function* byDependency(items: RestoreItem[]): Generator<RestoreItem> {
  const byName = new Map(items.map((item) => [nameKey(item.descriptor.name), item]));
  const done = new Set<string>();
  // An explicit stack: a chain of ten thousand views must not end in a stack overflow.
  for (const root of items) {
    const stack: { item: RestoreItem; expanded: boolean }[] = [{ item: root, expanded: false }];
    while (stack.length > 0) {
      const top = stack.pop();
      if (top === undefined) break;
      const key = nameKey(top.item.descriptor.name);
      if (top.expanded) {
        yield top.item;
        continue;
      }
      if (done.has(key)) continue;
      done.add(key);
      stack.push({ item: top.item, expanded: true });
      for (const dependency of neededToCreate(top.item.descriptor)) {
        const needed = byName.get(nameKey(dependency.on));
        if (needed !== undefined && !done.has(nameKey(dependency.on)))
          stack.push({ item: needed, expanded: false });
      }
    }
  }
}
