import type { Dependency, ObjectKind } from '../cluster/descriptor.ts';
import { nameKey, printName } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { MissingDependency } from './selection.ts';
import type { TargetObject } from './targets.ts';

/**
 * What the selected objects need and the selection lacks, each dependency once. `kindOf` tells what a missing
 * object is, or null when no catalog knows it. Types, functions and owned sequences are carried, so never missing here.
 */
export function missingDependencies(
  selected: Iterable<TargetObject>,
  has: (name: ObjectName) => boolean,
  kindOf: (name: ObjectName) => ObjectKind | null,
): MissingDependency[] {
  const missing: MissingDependency[] = [];
  for (const object of selected) {
    const seen = new Set<string>();
    for (const dependency of object.dependencies) {
      const key = `${dependency.kind} ${nameKey(dependency.on)}`;
      if (has(dependency.on) || seen.has(key)) continue;
      seen.add(key);
      missing.push({
        object: object.name,
        objectKind: object.kind,
        dependency,
        dependsOnKind: kindOf(dependency.on),
        consequence: consequence(object, dependency),
      });
    }
  }
  return missing;
}

function consequence(object: TargetObject, { on, kind, via }: Dependency): string {
  const name = printName(object.name);
  const needed = printName(on);
  switch (kind) {
    case 'foreign-key':
      return `Without ${needed}, ${name} can be restored only where ${needed} already is, or without its foreign key (skip_missing_foreign_keys).`;
    case 'view':
      return `Without ${needed}, the view ${name} can be restored only where ${needed} already is, or not at all (skip_missing_views).`;
    case 'sequence':
      return `Without ${needed}, ${name} can be restored only where ${needed} already is, or without the default that uses it (skip_missing_sequences).`;
    case 'inheritance':
      return `Without ${needed}, which it is a partition or a child of, ${name} can be restored only where ${needed} already is.`;
    case 'policy':
      return `Without ${needed}, which its row-level security reads (${via}), ${name} can be restored only where ${needed} already is.`;
    case 'interleave':
    case 'type':
    case 'function':
      return `Without ${needed}, ${name} can't be restored.`;
  }
}
