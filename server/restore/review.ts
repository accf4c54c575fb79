import { problemOf } from '../backup/check.ts';
import type { RestoredObject, RestorePlan } from '../backup/selection.ts';
import { objectKindOf } from '../cluster/descriptor.ts';
import { nameKey } from '../cluster/names.ts';
import { loadedSizes } from './chain.ts';
import type { RestoreCheck } from './plan.ts';
import { summaryOf } from './summary.ts';

/** How many bytes of COPY text a restore loads. */
export function bytesToLoad({ chain, items }: Pick<RestoreCheck, 'chain' | 'items'>): number {
  const sizes = loadedSizes(chain);
  return items.reduce((sum, { descriptor }) => sum + (sizes.get(nameKey(descriptor.name))?.bytes ?? 0), 0);
}

/** The plan for the review page. */
export function planOf(check: RestoreCheck, printed: string): RestorePlan {
  const { layers, last } = check.chain;
  const sizes = loadedSizes(check.chain);
  const objects = check.items.map(({ descriptor, target }): RestoredObject => {
    const size = sizes.get(nameKey(descriptor.name));
    return {
      source: descriptor.name,
      target,
      kind: objectKindOf(descriptor),
      rows: size?.rows ?? 0,
      bytes: size?.bytes ?? 0,
      atMost: size?.changed ?? false,
      conflict: check.conflicts.has(nameKey(target)),
    };
  });
  const tables = objects.filter((object) => object.kind === 'table');
  return {
    statement: printed,
    source: summaryOf(last.manifest, last.location.redacted),
    layers: layers.map(({ manifest, location }) => ({
      url: location.redacted,
      id: manifest.id,
      type: manifest.type,
      moment: manifest.moment.at,
      bytes: manifest.totals.bytes,
    })),
    objects,
    missing: check.missing,
    createsDatabases: check.createsDatabases,
    totals: {
      tables: tables.length,
      rows: tables.reduce((sum, table) => sum + table.rows, 0),
      bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
      atMost: tables.some((table) => table.atMost),
    },
    checks: check.checks,
    problems: check.problems.map(problemOf),
    warnings: check.warnings,
  };
}
