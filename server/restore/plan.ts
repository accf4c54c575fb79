import { missingDependencies } from '../backup/dependencies.ts';
import type { MissingDependency, TargetCheck } from '../backup/selection.ts';
import { matchTargets } from '../backup/targets.ts';
import type { TargetObject } from '../backup/targets.ts';
import type { CatalogObject, Cluster } from '../cluster/cluster.ts';
import { objectKindOf } from '../cluster/descriptor.ts';
import type { Descriptor, ObjectKind } from '../cluster/descriptor.ts';
import { nameKey, printName } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';
import type { RestoreStatement } from '../statement/ast.ts';
import { chainAsOf, momentsOf } from './chain.ts';
import type { BackupChain } from './chain.ts';
import { checkExtensions } from './extensions.ts';
import type { NewExtension } from './extensions.ts';
import { whyNotInto } from './into.ts';
import { bytesToLoad } from './review.ts';
import { refusalOf, skipNote } from './missing.ts';
import { missingRoles } from './roles.ts';
import { checkGround, engineCheck, objectChecks } from './target-checks.ts';
import { userTables } from './users.ts';

/** One object to restore, and what it will be called. */
export interface RestoreItem {
  descriptor: Descriptor;
  target: ObjectName;
}

/** What a RESTORE comes down to against its target cluster; nothing is written while `problems` is not empty. */
export interface RestoreCheck {
  /** What is restored from: the backups named, up to the one that AS OF SYSTEM TIME means. */
  chain: BackupChain;
  items: RestoreItem[];
  /** Types, functions and collations that come along and are in the target already, the same: used, not created. */
  reused: RestoreItem[];
  /** Dependencies that are neither restored nor in the target. */
  missing: MissingDependency[];
  createsDatabases: string[];
  createsExtensions: NewExtension[];
  /** What steps of the DDL may count on, by `nameKey` of the source's names: restored, or in the target already. */
  present: Set<string>;
  conflicts: Set<string>;
  /** What the target cluster was checked for, and what came of it. */
  checks: TargetCheck[];
  problems: HoldfastError[];
  warnings: string[];
}

/** What is to be restored. */
export interface RestoreAim {
  statement: RestoreStatement;
  /** What the backup's databases become; left out: as the statement says. */
  databaseOf?: (database: string) => string;
}

interface BackedUpObject extends TargetObject {
  descriptor: Descriptor;
}

/** A backup's objects, as targets are matched against them; the tables of users are there by name only. */
function objectsOf(manifest: Manifest): BackedUpObject[] {
  return [...manifest.descriptors, ...userTables(manifest)].map((descriptor) => ({
    name: descriptor.name,
    kind: objectKindOf(descriptor),
    dependencies: descriptor.dependencies,
    ownedBy: descriptor.kind === 'sequence' ? (descriptor.ownedBy?.table ?? null) : null,
    descriptor,
  }));
}

/** Checks a RESTORE of a chain of backups into a cluster. Writes nothing. */
export async function checkRestore(
  cluster: Cluster,
  { statement, databaseOf }: RestoreAim,
  opened: BackupChain,
): Promise<RestoreCheck> {
  const { options, targets } = statement;
  const problems: HoldfastError[] = [];
  const warnings: string[] = [];
  const chain = chainFor(opened, statement, problems);
  const { manifest } = chain.last;
  const info = await cluster.describe();
  const refused = whyNotInto(info, manifest.cluster.kind);
  if (refused !== null) problems.push(refused);
  else if (manifest.cluster.kind === 'simulated')
    warnings.push(
      `The backup is of ${manifest.cluster.name}, a simulated cluster: its rows are made up, nobody's data.`,
    );
  const all = objectsOf(manifest);
  const match = await matchTargets(
    targets,
    (database) => {
      const objects = all.filter((object) => object.name.database === database);
      const whole = manifest.targets.databases.includes(database);
      if (targets.kind === 'databases' && !whole) return Promise.resolve(null);
      return Promise.resolve(objects.length > 0 || whole ? objects : null);
    },
    'RESTORE',
  );
  problems.push(...match.problems);

  const become = databaseOf ?? ((database: string) => options.intoDb ?? database);
  const targetOf = (name: ObjectName): ObjectName => ({ ...name, database: become(name.database) });
  const target = new TargetCatalogs(cluster);
  const selected = new Map([...match.selected].map(([key, { object }]) => [key, object]));
  const wanted = new Set([...selected.values()].map((object) => targetOf(object.name).database));
  for (const database of match.wholeDatabases) wanted.add(become(database));
  const createsDatabases = await checkDatabases(target, statement, [...wanted], problems);

  const missing = await dropMissing(selected, target, targetOf, match.known, statement, problems, warnings);
  const { items, reused, conflicts } = await place(
    [...match.selected.values()],
    selected,
    target,
    targetOf,
    problems,
    warnings,
  );
  const present = await presentOf(items, selected, target, targetOf);
  const createsExtensions = info.restore.available
    ? await checkExtensions(cluster, items, createsDatabases, problems, warnings)
    : [];
  warnings.push(...(await missingRoles(cluster, items)));
  const bytes = bytesToLoad({ chain, items });
  const there = new Set<string>();
  for (const database of wanted) if ((await target.database(database)) !== null) there.add(database);
  const isThere = (database: string) => there.has(database);
  const ground =
    refused === null
      ? await checkGround(cluster, info, manifest, { items, isThere, createsDatabases, bytes })
      : null;
  const checks = [engineCheck(info, refused), ...objectChecks(problems, missing), ...(ground?.checks ?? [])];
  problems.push(...(ground?.problems ?? []));
  warnings.push(...(ground?.warnings ?? []));
  return {
    chain,
    items,
    reused,
    missing,
    createsDatabases,
    createsExtensions,
    present,
    conflicts,
    checks,
    problems,
    warnings,
  };
}

/** The part of the chain that AS OF SYSTEM TIME leaves; all of it, and a problem, where no backup is as of that time. */
function chainFor(opened: BackupChain, { asOf }: RestoreStatement, problems: HoldfastError[]): BackupChain {
  if (asOf === null) return opened;
  const chain = chainAsOf(opened, asOf);
  if (chain !== null) return chain;
  problems.push(
    new HoldfastError(
      'unsupported',
      `none of the backups is as of '${asOf}', and times in between can't be restored`,
      {
        field: 'asOf',
        hint: `Leave AS OF SYSTEM TIME out, or give the time of a backup: ${momentsOf(opened)}.`,
      },
    ),
  );
  return opened;
}

/** The target cluster's databases, each catalog read once. */
class TargetCatalogs {
  readonly #cluster: Cluster;
  readonly #catalogs = new Map<string, Promise<Map<string, CatalogObject> | null>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A database's objects by name (kind aside), or null when there is no such database. */
  database(name: string): Promise<Map<string, CatalogObject> | null> {
    const known = this.#catalogs.get(name);
    if (known !== undefined) return known;
    const loading = this.#cluster.catalog(name).then(
      (catalog) => new Map(catalog.objects.map((object) => [nameKey(object.name), object])),
      (error: unknown) => {
        if (error instanceof HoldfastError && error.code === 'undefined-database') return null;
        throw error;
      },
    );
    this.#catalogs.set(name, loading);
    return loading;
  }

  async find(name: ObjectName): Promise<CatalogObject | null> {
    return (await this.database(name.database))?.get(nameKey(name)) ?? null;
  }

  /** The descriptor of an object as it is now. */
  async descriptor(name: ObjectName): Promise<Descriptor | null> {
    const held = await this.#cluster.holdMoment([name.database], null);
    try {
      return (await this.#cluster.descriptors([name], held.moment))[0] ?? null;
    } finally {
      await held.release();
    }
  }
}

async function checkDatabases(
  target: TargetCatalogs,
  { options, targets }: RestoreStatement,
  wanted: string[],
  problems: HoldfastError[],
): Promise<string[]> {
  const creates: string[] = [];
  for (const database of wanted) {
    const exists = (await target.database(database)) !== null;
    if (targets.kind === 'databases' && exists && options.intoDb === null) {
      problems.push(
        new HoldfastError('duplicate-database', `database "${database}" already exists`, {
          field: 'intoDb',
          hint: 'Restore into another database (into_db), or drop or rename this one first.',
        }),
      );
    } else if (targets.kind === 'tables' && !exists && !options.createDb) {
      problems.push(
        new HoldfastError(
          'undefined-database',
          `a database named "${database}" needs to exist to restore into it`,
          {
            field: 'intoDb',
            hint: 'Create it first, or add the option create_db.',
          },
        ),
      );
    } else if (!exists) {
      creates.push(database);
    }
  }
  return creates;
}

/**
 * What the selection needs and neither has nor finds in the target. Takes out of the selection the views that
 * skip_missing_views gives up, with the views on them; foreign keys and defaults are skipped step by step later.
 */
async function dropMissing(
  selected: Map<string, BackedUpObject>,
  target: TargetCatalogs,
  targetOf: (name: ObjectName) => ObjectName,
  known: Map<string, BackedUpObject>,
  { options }: RestoreStatement,
  problems: HoldfastError[],
  warnings: string[],
): Promise<MissingDependency[]> {
  for (;;) {
    const outside = missingDependencies(
      selected.values(),
      (name) => selected.has(nameKey(name)),
      (name) => known.get(nameKey(name))?.kind ?? null,
    );
    const missing: MissingDependency[] = [];
    for (const one of outside) {
      if ((await target.find(targetOf(one.dependency.on))) === null) missing.push(one);
    }
    const views = missing.filter((one) => one.dependency.kind === 'view');
    if (options.skipMissingViews && views.length > 0) {
      for (const { object, dependency } of views) {
        if (selected.delete(nameKey(object))) {
          warnings.push(`View ${printName(object)} is not restored: ${printName(dependency.on)} is missing.`);
        }
      }
      continue;
    }
    for (const one of missing) {
      const refusal = refusalOf(one, options);
      if (refusal === null) warnings.push(skipNote(one));
      else problems.push(refusal);
    }
    return missing;
  }
}

/** Gives every object its target name and finds what is in its way. */
async function place(
  matched: { object: BackedUpObject; reason: 'asked' | 'carried' }[],
  selected: Map<string, BackedUpObject>,
  target: TargetCatalogs,
  targetOf: (name: ObjectName) => ObjectName,
  problems: HoldfastError[],
  warnings: string[],
): Promise<{ items: RestoreItem[]; reused: RestoreItem[]; conflicts: Set<string> }> {
  const items: RestoreItem[] = [];
  const reused: RestoreItem[] = [];
  const conflicts = new Set<string>();
  const taken = new Map<string, ObjectName>();
  for (const { object, reason } of matched) {
    if (!selected.has(nameKey(object.name))) continue;
    const item = { descriptor: object.descriptor, target: targetOf(object.name) };
    const key = nameKey(item.target);
    const rival = taken.get(key);
    const existing = await target.find(item.target);
    if (rival !== undefined) {
      problems.push(
        new HoldfastError(
          'duplicate-object',
          `${printName(rival)} and ${printName(object.name)} would both become ${printName(item.target)}`,
          { field: 'intoDb', hint: 'Restore the databases one by one, each into a database of its own.' },
        ),
      );
    } else if (existing === null) {
      items.push(item);
    } else if (reason === 'carried' && isShared(object.kind) && (await isSame(item, target))) {
      reused.push(item);
      warnings.push(
        `The ${object.kind} ${printName(item.target)} is there already, the same, and is used as it is.`,
      );
    } else {
      items.push(item);
      conflicts.add(key);
      problems.push(
        new HoldfastError('duplicate-object', `relation "${printName(item.target)}" already exists`, {
          field: 'intoDb',
          hint: 'Restore into another database (into_db), or drop or rename it first.',
        }),
      );
    }
    taken.set(key, object.name);
  }
  return { items, reused, conflicts };
}

/** Of everything that the DDL mentions, what is there for it. */
async function presentOf(
  items: RestoreItem[],
  selected: Map<string, BackedUpObject>,
  target: TargetCatalogs,
  targetOf: (name: ObjectName) => ObjectName,
): Promise<Set<string>> {
  const present = new Set(selected.keys());
  for (const { descriptor } of items) {
    for (const { on } of descriptor.ddl.flatMap((step) => step.requires)) {
      if (!present.has(nameKey(on)) && (await target.find(targetOf(on))) !== null) present.add(nameKey(on));
    }
  }
  return present;
}

/** Kinds that others have in common: what a target has of them already may serve. */
function isShared(kind: ObjectKind): boolean {
  return kind === 'type' || kind === 'function' || kind === 'collation';
}

async function isSame({ descriptor, target }: RestoreItem, catalogs: TargetCatalogs): Promise<boolean> {
  const existing = await catalogs.descriptor(target);
  const ddl = (one: Descriptor): string =>
    JSON.stringify(one.ddl.filter((step) => step.phase === 'create').map((step) => step.sql));
  return existing?.kind === descriptor.kind && ddl(existing) === ddl(descriptor);
}
