import type { Manifest } from '../../format/manifest.ts';
import type { Targets } from '../../statement/ast.ts';
import type { RestoreAim } from '../plan.ts';

/**
 * What a drill of a backup restores: all of it, each database into a scratch database of its own, named for the job. What a backup lacks of what it
 * needs is left out and told, as the options skip_missing_… do.
 */
export function drillAim(manifest: Manifest, from: readonly string[], job: string): RestoreAim {
  const databases = [
    ...new Set([...manifest.targets.databases, ...manifest.descriptors.map(({ name }) => name.database)]),
  ].sort();
  const scratch = new Map(databases.map((database, place) => [database, scratchName(job, place)]));
  return {
    statement: {
      kind: 'restore',
      targets: allOf(manifest),
      from: [...from],
      asOf: null,
      options: {
        intoDb: null,
        createDb: true,
        skipMissingForeignKeys: true,
        skipMissingSequences: true,
        skipMissingViews: true,
        detached: false,
      },
    },
    databaseOf: (database) => scratch.get(database) ?? database,
  };
}

/** Every scratch database is called so. */
export const SCRATCH_PREFIX = 'holdfast_drill_';

function scratchName(job: string, place: number): string {
  return `${SCRATCH_PREFIX}${job}${place === 0 ? '' : `_${place + 1}`}`;
}

function allOf({ targets, descriptors }: Manifest): Targets {
  const whole = new Set(targets.databases);
  if (descriptors.every(({ name }) => whole.has(name.database)))
    return { kind: 'databases', names: targets.databases };
  return { kind: 'tables', patterns: targets.objects };
}
