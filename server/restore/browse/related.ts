import { objectKindOf } from '../../cluster/descriptor.ts';
import type { Dependency, DependencyKind, Descriptor } from '../../cluster/descriptor.ts';
import { nameKey } from '../../cluster/names.ts';
import type { RelatedObject } from './view.ts';

/** What a dependency of a kind is on, where objects of several kinds have the name. */
const MEANT: Partial<Record<DependencyKind, Descriptor['kind'][]>> = {
  type: ['type', 'collation'],
  sequence: ['sequence'],
  function: ['function'],
};
const RELATIONS: Descriptor['kind'][] = ['table', 'view'];

/** Finds what dependencies are on among a backup's objects. */
export class Relations {
  readonly #descriptors: readonly Descriptor[];
  readonly #byName = new Map<string, Descriptor[]>();

  constructor(descriptors: readonly Descriptor[]) {
    this.#descriptors = descriptors;
    for (const descriptor of descriptors) {
      const key = nameKey(descriptor.name);
      const named = this.#byName.get(key);
      if (named === undefined) this.#byName.set(key, [descriptor]);
      else named.push(descriptor);
    }
  }

  /** Null where the backup doesn't have it. */
  find({ on, kind }: Dependency): Descriptor | null {
    const named = this.#byName.get(nameKey(on)) ?? [];
    const meant = MEANT[kind] ?? RELATIONS;
    return named.find((descriptor) => meant.includes(descriptor.kind)) ?? named[0] ?? null;
  }

  needsOf(descriptor: Descriptor): RelatedObject[] {
    return descriptor.dependencies.map((dependency) =>
      related(dependency, dependency.on, this.find(dependency)),
    );
  }

  neededBy(descriptor: Descriptor): RelatedObject[] {
    return this.#descriptors.flatMap((other) =>
      other === descriptor
        ? []
        : other.dependencies
            .filter((dependency) => this.find(dependency) === descriptor)
            .map((dependency) => related(dependency, other.name, other)),
    );
  }
}

function related(
  { kind, via }: Dependency,
  name: Descriptor['name'],
  descriptor: Descriptor | null,
): RelatedObject {
  return { name, kind: descriptor === null ? null : objectKindOf(descriptor), why: kind, via };
}
