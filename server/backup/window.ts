import type { Cluster, GcWindow } from '../cluster/cluster.ts';
import { nameKey, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { ResolvedTargets } from './check.ts';

/** What a backup is taken to read in a second where no earlier one tells: bytes of rows as the cluster counts them. */
export const ASSUMED_PACE = 20 * 1024 * 1024;

/** How fast backups of a cluster have been. */
export interface Pace {
  bytesASecond: number;
  /** Seen in an earlier backup, not assumed. */
  measured: boolean;
}

/** The GC windows of all tables of these databases; one that isn't there has none. */
export async function windowsOf(cluster: Cluster, databases: readonly string[]): Promise<GcWindow[]> {
  const windows = databases.map(async (database) => {
    try {
      return await cluster.gcWindows(database);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'undefined-database') return [];
      throw error;
    }
  });
  return (await Promise.all(windows)).flat();
}

/**
 * A warning where reading the tables will take longer than one of them can still be read as of the moment, which is
 * `ageSeconds` old already; null where there is time enough.
 */
export function windowWarning(
  windows: readonly GcWindow[],
  { objects, selection }: ResolvedTargets,
  ageSeconds: number,
  { bytesASecond, measured }: Pace,
): string | null {
  const selected = new Set(objects.map(({ name }) => nameKey(name)));
  const [shortest] = windows
    // Where only changes leave a window, the moment's rows are held as long as it takes.
    .filter(({ table, changesSince }) => changesSince === undefined && selected.has(nameKey(table)))
    .toSorted((one, other) => one.seconds - other.seconds);
  if (shortest === undefined) return null;
  const left = shortest.seconds - ageSeconds;
  const needed = selection.totals.bytes / bytesASecond;
  if (needed <= left) return null;
  const pace = measured ? 'At the pace of the last backup of this cluster' : 'At 20 MiB a second';
  return (
    `${pace} the tables take about ${duration(needed)} to read, but ${printName(shortest.table)} can be read as of the ` +
    `backup's moment for only ${duration(Math.max(0, left))} more (gc.ttlseconds = ${shortest.seconds}): raise that first, ` +
    'or back the table up by itself.'
  );
}

/** `40 seconds`, `15 minutes`, `7 hours`. */
function duration(seconds: number): string {
  for (const [unit, size] of [
    ['hours', 3600],
    ['minutes', 60],
  ] as const)
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
  return `${Math.round(seconds)} seconds`;
}
