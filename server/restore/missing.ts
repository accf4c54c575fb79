import type { MissingDependency } from '../backup/selection.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { RestoreStatement } from '../statement/ast.ts';

/** Why a missing dependency stops the restore, in CockroachDB's words where it has them; null when an option skips it. */
export function refusalOf(
  { object, objectKind, dependency, dependsOnKind }: MissingDependency,
  options: RestoreStatement['options'],
): HoldfastError | null {
  const needed = printName(dependency.on);
  const refuse = (message: string, hint: string) =>
    new HoldfastError('missing-dependency', message, { field: 'targets', hint });
  const add = `Restore ${needed} too`;
  switch (dependency.kind) {
    case 'view':
      return refuse(
        `cannot restore view "${object.name}" without restoring referenced table "${needed}" (or "skip_missing_views" option)`,
        `${add}, or leave the view out with skip_missing_views.`,
      );
    case 'foreign-key':
      if (options.skipMissingForeignKeys) return null;
      return refuse(
        `cannot restore table "${object.name}" without referenced table "${needed}" (or "skip_missing_foreign_keys" option)`,
        `${add}, or drop the constraint ${dependency.via} with skip_missing_foreign_keys.`,
      );
    case 'sequence':
      if (options.skipMissingSequences) return null;
      return refuse(
        `cannot restore ${objectKind} "${object.name}" without referenced sequence "${needed}" (or "skip_missing_sequences" option)`,
        `${add}, or drop the default with skip_missing_sequences.`,
      );
    case 'inheritance':
      return refuse(
        `cannot restore table "${object.name}" without the table "${needed}", which it is a partition or a child of`,
        `${add}.`,
      );
    case 'policy':
      return refuse(
        `cannot restore table "${object.name}" without "${needed}", which its ${dependency.via} reads`,
        `${add}.`,
      );
    case 'type':
    case 'function':
    case 'interleave':
      return refuse(
        `cannot restore ${objectKind} "${object.name}" without ${dependsOnKind ?? dependency.kind} "${needed}"`,
        `${add}.`,
      );
  }
}

/** What a restore is without that goes on all the same, one sentence for its log. */
export function skipNote({ object, dependency }: MissingDependency): string {
  const what =
    dependency.kind === 'foreign-key'
      ? `its foreign key ${dependency.via}`
      : `the default of ${dependency.via}`;
  return `${printName(object)} is restored without ${what}: ${printName(dependency.on)} is missing.`;
}
