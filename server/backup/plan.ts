import type { Cluster, ClusterInfo, TableChanges } from '../cluster/cluster.ts';
import type { Descriptor } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey, printName, quoteIdent } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { assertVacant } from '../format/checkpoint.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { type Bases, openBases, planLayer } from './bases.ts';
import { problemOf, resolveTargets } from './check.ts';
import type { ResolvedTargets } from './check.ts';
import type { BackupPlan, PlannedNode, PlannedTable } from './selection.ts';
import { databasesOf } from './targets.ts';
import { planAllTasks, taskBytes } from './tasks.ts';
import { type Pace, windowsOf, windowWarning } from './window.ts';

/** How many objects a warning names before it only counts. */
const LEFT_OUT_NAMED = 5;

/** What stands in the way of a BACKUP, each named, found without writing anything. */
export interface BackupCheck {
  resolved: ResolvedTargets;
  location: Location | null;
  /** What an incremental backup builds on and how each table goes into it; null for a full one, or with problems. */
  layer: { bases: Bases; changes: TableChanges[]; descriptors: Descriptor[] } | null;
  info: ClusterInfo;
  problems: HoldfastError[];
  warnings: string[];
}

/**
 * Checks a BACKUP: targets, destination, time and bases. Problems are answered all at once, not thrown. `pace`: how fast
 * backups of the cluster are.
 */
export async function checkBackup(
  cluster: Cluster,
  statement: BackupStatement,
  openStore: (location: Location) => Store,
  pace: Pace,
): Promise<BackupCheck> {
  const described = cluster.describe();
  // Looked at side by side, told in this order: targets, time and bases, destination.
  const ofBases: HoldfastError[] = [];
  const ofDestination: HoldfastError[] = [];
  const [info, resolved, windows, bases, location] = await Promise.all([
    described,
    resolveTargets(cluster, statement.targets),
    windowsOf(cluster, databasesOf(statement.targets)),
    described.then((about) => checkBases(statement, about, openStore, ofBases)),
    checkDestination(statement.to, openStore, ofDestination),
  ]);
  const problems = [...resolved.problems];
  const warnings = resolved.selection.missing.map((missing) => missing.consequence);
  warnings.push(...leftOutWarning(resolved), ...extensionWarning(resolved));
  if (info.kind === 'postgres' && resolved.databases.length > 1) {
    warnings.push(
      'PostgreSQL has a moment a database: each database is consistent in itself, and they are a few milliseconds apart.',
    );
  }
  if (statement.asOf !== null && !info.asOf.available) {
    problems.push(
      new HoldfastError('unreadable-moment', `AS OF SYSTEM TIME: ${info.asOf.reason}`, {
        field: 'asOf',
        hint: info.asOf.remedy,
      }),
    );
  }
  problems.push(...ofBases);
  const readable = statement.asOf === null || info.asOf.available;
  let layer: BackupCheck['layer'] = null;
  let age = 0;
  if (readable && resolved.databases.length > 0 && (statement.asOf !== null || bases !== null)) {
    try {
      layer = await atMoment(cluster, statement, resolved, async (at) => {
        age = (Date.now() - Date.parse(at.at)) / 1000;
        if (bases === null || problems.length > 0) return null;
        const names = resolved.objects.map((object) => object.name);
        const descriptors = await cluster.descriptors(names, at);
        return { bases, descriptors, changes: await planLayer(cluster, bases, descriptors, at) };
      });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      problems.push(error);
    }
  }
  const late = problems.length > 0 ? null : windowWarning(windows, resolved, age, pace);
  if (late !== null) warnings.push(late);
  problems.push(...ofDestination);
  return { resolved, location, layer, info, problems, warnings };
}

/** Runs `work` at the moment that the statement's AS OF SYSTEM TIME means now. */
async function atMoment<T>(
  cluster: Cluster,
  statement: BackupStatement,
  resolved: ResolvedTargets,
  work: (at: Moment) => Promise<T>,
): Promise<T> {
  const held = await cluster.holdMoment(resolved.databases, statement.asOf);
  try {
    return await work(held.moment);
  } finally {
    await held.release();
  }
}

async function checkBases(
  statement: BackupStatement,
  info: ClusterInfo,
  openStore: (location: Location) => Store,
  problems: HoldfastError[],
): Promise<Bases | null> {
  if (statement.incrementalFrom.length === 0) return null;
  try {
    return await openBases(statement.incrementalFrom, info, openStore);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    problems.push(error);
    return null;
  }
}

/** One warning for all that the backup leaves out; the manifest has it object by object. */
function leftOutWarning({ objects, leftOut }: ResolvedTargets): string[] {
  const lacking = objects.filter((object) => object.leftOut.length > 0);
  if (lacking.length === 0 && leftOut.length === 0) return [];
  const named = lacking
    .slice(0, LEFT_OUT_NAMED)
    .map((object) => `${printName(object.name)} (${object.leftOut.join(', ')})`);
  const rest = lacking.length - named.length;
  return [
    `Not in the backup: ${[...leftOut, ...named].join('; ')}${rest > 0 ? `; and of ${rest} more objects` : ''}.`,
  ];
}

/** What a server has to have for a restore of the backup. */
function extensionWarning({ objects }: ResolvedTargets): string[] {
  const names = new Set(
    objects.flatMap(({ catalog }) => (catalog.extensions ?? []).map(({ name }) => quoteIdent(name))),
  );
  if (names.size === 0) return [];
  const what = names.size === 1 ? 'the extension' : 'the extensions';
  return [`A server that this backup is restored into needs ${what} ${[...names].join(', ')}.`];
}

async function checkDestination(
  url: string,
  openStore: (location: Location) => Store,
  problems: HoldfastError[],
): Promise<Location | null> {
  try {
    if (url.trim() === '') {
      throw new HoldfastError('location-invalid', 'the backup has no destination', {
        field: 'destination',
        hint: 'Give a backup URL, such as nodelocal://self/bank-full.',
      });
    }
    const location = parseLocation(url);
    const store = openStore(location);
    try {
      await assertVacant(store, location);
    } finally {
      await store.close();
    }
    return location;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    problems.push(error.about('destination'));
    return null;
  }
}

/** The tables among the objects, in order. */
export function tablesOf(resolved: ResolvedTargets): ObjectName[] {
  return resolved.objects.filter((object) => object.kind === 'table').map((object) => object.name);
}

/** The whole plan for the review page: the check, and how the work would be spread. Writes nothing. */
export async function planBackup(
  cluster: Cluster,
  statement: BackupStatement,
  printed: string,
  openStore: (location: Location) => Store,
  pace: Pace,
): Promise<BackupPlan> {
  const check = await checkBackup(cluster, statement, openStore, pace);
  const spread =
    check.resolved.problems.length === 0 && (statement.incrementalFrom.length === 0 || check.layer !== null)
      ? await spreadOf(cluster, statement, check)
      : { nodes: [], tables: [] };
  return {
    statement: printed,
    destination: check.location?.redacted ?? null,
    bases: basesOf(check),
    selection: check.resolved.selection,
    ...spread,
    totals: {
      tables: check.resolved.selection.totals.tables,
      ranges: spread.nodes.reduce((sum, node) => sum + node.ranges, 0),
      rows: check.resolved.selection.totals.rows,
      bytes: check.resolved.selection.totals.bytes,
    },
    problems: check.problems.map(problemOf),
    warnings: check.warnings,
  };
}

function basesOf({ layer }: BackupCheck): BackupPlan['bases'] {
  return (layer?.bases.layers ?? []).map(({ location, manifest }) => ({
    url: location.redacted,
    type: manifest.type,
    moment: manifest.moment.at,
  }));
}

async function spreadOf(
  cluster: Cluster,
  statement: BackupStatement,
  { resolved, layer, info }: BackupCheck,
): Promise<{ nodes: PlannedNode[]; tables: PlannedTable[] }> {
  const tables = new Map<string, PlannedTable>();
  const changes = new Map(layer?.changes.map((one) => [nameKey(one.table), one]));
  for (const object of resolved.objects) {
    if (object.kind !== 'table') continue;
    tables.set(nameKey(object.name), {
      name: object.name,
      ranges: 0,
      rows: object.rows ?? 0,
      bytes: object.bytes ?? 0,
      changes: changes.get(nameKey(object.name)) ?? null,
    });
  }
  const nodes = new Map<string, PlannedNode>(
    info.nodes.map((node) => [
      node.id,
      { id: node.id, address: node.address, locality: node.locality, ranges: 0, bytes: 0 },
    ]),
  );
  if (tables.size > 0) {
    await atMoment(cluster, { ...statement, asOf: null }, resolved, async (at) => {
      const bytesATask = taskBytes(resolved.selection.totals.bytes);
      const layerAt = layer && {
        from: layer.bases.newest.moment,
        changes: layer.changes,
        descriptors: layer.descriptors,
      };
      for await (const task of planAllTasks(cluster, tablesOf(resolved), at, bytesATask, layerAt)) {
        const table = tables.get(nameKey(task.table));
        for (const range of task.ranges) {
          if (table !== undefined) table.ranges += range.count;
          const node = nodes.get(range.leaseholder);
          if (node === undefined) continue;
          node.ranges += range.count;
          node.bytes += range.estimatedBytes;
        }
      }
    });
  }
  return { nodes: [...nodes.values()], tables: [...tables.values()] };
}
