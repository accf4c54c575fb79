import type { CatalogObject, Cluster } from '../cluster/cluster.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey, printName, quoteIdent } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { Targets } from '../statement/ast.ts';
import { missingDependencies } from './dependencies.ts';
import type { Problem, SelectedObject, Selection } from './selection.ts';
import { matchTargets } from './targets.ts';

/** The same facts as the error, for a form. */
export function problemOf(error: HoldfastError): Problem {
  return { code: error.code, message: error.message, hint: error.hint ?? null, field: error.field ?? null };
}

/** What a BACKUP's targets come down to in the cluster, now or at a moment. */
export interface ResolvedTargets {
  objects: (SelectedObject & { catalog: CatalogObject })[];
  wholeDatabases: string[];
  /** Every database that something selected is in. */
  databases: string[];
  selection: Selection;
  problems: HoldfastError[];
  /** What whole databases have beside their objects and the backup has not. */
  leftOut: string[];
}

/** Resolves targets against the cluster's catalog: objects, what they lack, what can't be backed up. */
export async function resolveTargets(
  cluster: Cluster,
  targets: Targets,
  at?: Moment,
): Promise<ResolvedTargets> {
  const leftOut = new Map<string, string[]>();
  const match = await matchTargets<CatalogObject>(
    targets,
    async (database) => {
      try {
        const catalog = await cluster.catalog(database, at);
        leftOut.set(database, catalog.leftOut ?? []);
        return catalog.objects;
      } catch (error) {
        if (error instanceof HoldfastError && error.code === 'undefined-database') return null;
        throw error;
      }
    },
    'BACKUP',
  );
  const objects = [...match.selected.values()].map(({ object, reason }) => ({
    name: object.name,
    kind: object.kind,
    rows: object.rows,
    bytes: object.bytes,
    reason,
    leftOut: object.leftOut,
    catalog: object,
  }));
  const problems = [...match.problems];
  for (const { catalog } of objects) {
    if (catalog.unsupported === null) continue;
    problems.push(
      new HoldfastError(
        'unsupported',
        `cannot back up ${catalog.kind} "${printName(catalog.name)}": ${catalog.unsupported}`,
        {
          field: 'targets',
          hint: 'Name the other objects one by one, or take this one out of the selection.',
        },
      ),
    );
  }
  const missing = missingDependencies(
    objects.map((object) => object.catalog),
    (name) => match.selected.has(nameKey(name)),
    (name) => match.known.get(nameKey(name))?.kind ?? null,
  );
  const tables = objects.filter((object) => object.kind === 'table');
  return {
    objects,
    wholeDatabases: match.wholeDatabases,
    databases: [...new Set([...match.wholeDatabases, ...objects.map((object) => object.name.database)])],
    problems,
    leftOut: match.wholeDatabases.flatMap((database) =>
      (leftOut.get(database) ?? []).map((what) => `${what} of database ${quoteIdent(database)}`),
    ),
    selection: {
      objects: objects.map(({ catalog: _, ...object }) => object),
      missing,
      problems: problems.map(problemOf),
      totals: {
        tables: tables.length,
        rows: tables.reduce((sum, table) => sum + (table.rows ?? 0), 0),
        bytes: tables.reduce((sum, table) => sum + (table.bytes ?? 0), 0),
      },
    },
  };
}

/** What a selection comes down to and what it lacks. */
export async function checkSelection(cluster: Cluster, targets: Targets): Promise<Selection> {
  return (await resolveTargets(cluster, targets)).selection;
}
