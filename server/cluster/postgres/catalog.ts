import type { CatalogObject } from '../cluster.ts';
import type { Dependency, DependencyKind, Extension } from '../descriptor.ts';
import type { Moment } from '../moment.ts';
import type { ObjectName } from '../names.ts';
import { quoteIdent } from '../names.ts';
import { Remembered } from '../remembered.ts';
import { snapshotOf } from './moment.ts';
import { findFunctions, findObjects, type FoundObject } from './objects.ts';
import { functionKey, type Reference, readReferences } from './references.ts';
import type { Session } from './session.ts';

/** A catalog object with what the adapter itself needs of it. */
export interface KnownObject extends CatalogObject {
  found: FoundObject;
  /** For a sequence that a column owns: that column. */
  owner: { table: ObjectName; column: string; identity: boolean } | null;
}

/** Reasons of one object that are told; further ones are only counted. */
const MOST_REASONS = 3;

/** Databases' objects: those of a moment are asked for once. */
export class Catalogs {
  readonly #known = new Remembered<KnownObject[]>();

  /** The objects of the session's database as its transaction sees them, which is at the moment if there is one. */
  of(session: Session, at: Moment | undefined): Promise<KnownObject[]> {
    if (at === undefined) return readCatalog(session);
    const { database } = session.place;
    // All of it: a server that was started again gives snapshots the same ids.
    const key = JSON.stringify([database, snapshotOf(database, at)]);
    return this.#known.of(key, () => readCatalog(session));
  }
}

/** In a few queries however many objects there are. */
async function readCatalog(session: Session): Promise<KnownObject[]> {
  const references = await readReferences(session);
  const found = [
    ...(await findObjects(session)),
    ...(await findFunctions(session, neededFunctions(references))),
  ];
  const identities = await readIdentities(session);
  const byKey = new Map(found.map((object) => [object.key, object]));
  const name = (object: FoundObject): ObjectName => ({
    database: session.place.database,
    schema: object.schema,
    name: object.name,
  });

  const known = new Map<string, KnownObject>();
  const reasons = new Map<string, string[]>();
  for (const object of found) {
    known.set(object.key, {
      kind: object.kind,
      name: name(object),
      rows: object.rows,
      bytes: object.bytes,
      dependencies: [],
      ownedBy: null,
      owner: null,
      unsupported: null,
      leftOut: object.leftOut,
      found: object,
    });
    reasons.set(object.key, object.refusal === null ? [] : [object.refusal]);
  }

  for (const reference of references) {
    const from = known.get(reference.from);
    if (from === undefined) continue;
    const to = reference.target === 'other' ? undefined : byKey.get(reference.to);
    if (from.kind === 'sequence' && to?.kind === 'table' && reference.owned) {
      const column = identities.get(from.found.oid);
      from.ownedBy = name(to);
      if (column !== undefined) from.owner = { table: name(to), ...column };
      continue;
    }
    if (reference.extension !== null) {
      needExtension(from, reference.extension);
      continue;
    }
    const kind = to && dependencyKind(from, reference, to);
    if (to === undefined || kind === undefined || kind === null)
      reasons.get(reference.from)?.push(refusal(reference));
    else if (!(to.kind === 'sequence' && identities.get(to.oid)?.identity))
      addDependency(from.dependencies, { on: name(to), kind, via: viaOf(reference) });
  }

  spreadRefusals(known, reasons, references);
  for (const [key, object] of known) {
    object.unsupported = sentence(reasons.get(key) ?? []);
    object.extensions?.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  return [...known.values()];
}

/** null: a reference that a restore couldn't make again. */
function dependencyKind(from: KnownObject, reference: Reference, to: FoundObject): DependencyKind | null {
  if (to.kind === 'type' || to.kind === 'function') return to.kind;
  if (to.kind === 'collation') return 'type';
  // A function has no part in the order of views.
  if (from.kind === 'function') return to.kind === 'table' || to.kind === 'sequence' ? 'function' : null;
  if (reference.rowType) return to.kind === 'table' ? 'type' : null;
  switch (reference.part) {
    case 'foreign-key':
      return 'foreign-key';
    case 'policy':
      // Views come after tables, and their policies later still.
      return 'policy';
    case 'query':
      return to.kind === 'sequence' ? 'sequence' : 'view';
    case 'default':
      return to.kind === 'sequence' ? 'sequence' : null;
    case 'self':
      return from.kind === 'table' && to.kind === 'table' ? 'inheritance' : null;
    default:
      return null;
  }
}

function viaOf({ part, via }: Reference): string {
  if (part === 'query') return 'its query';
  if (via === null) return 'its definition';
  if (part === 'self' || part === 'default') return viaColumn(via);
  if (part === 'index') return viaIndex(via);
  if (part === 'policy') return viaPolicy(via);
  return part === 'statistics' ? `${PARTS[part]} ${quoteIdent(via)}` : via;
}

/** How a dependency of a column is called. */
export function viaColumn(column: string): string {
  return `column ${quoteIdent(column)}`;
}

/** How a dependency of an index is called. */
export function viaIndex(index: string): string {
  return `index ${quoteIdent(index)}`;
}

/** How a dependency of a policy is called. */
export function viaPolicy(policy: string): string {
  return `policy ${quoteIdent(policy)}`;
}

function addDependency(list: Dependency[], dependency: Dependency): void {
  const same = list.some(
    (known) =>
      known.kind === dependency.kind &&
      known.via === dependency.via &&
      known.on.schema === dependency.on.schema &&
      known.on.name === dependency.on.name,
  );
  if (!same) list.push(dependency);
}

function needExtension(object: KnownObject, extension: Extension): void {
  const needed = (object.extensions ??= []);
  if (!needed.some(({ name }) => name === extension.name)) needed.push(extension);
}

const PARTS: Record<Reference['part'], string> = {
  self: 'column',
  default: 'the default of column',
  check: 'constraint',
  'foreign-key': 'constraint',
  key: 'constraint',
  index: 'index',
  statistics: 'statistics object',
  policy: 'policy',
  query: 'its query',
};

function refusal(reference: Reference): string {
  const what = reference.via === null ? 'it' : `${PARTS[reference.part]} ${quoteIdent(reference.via)}`;
  const subject = reference.part === 'query' ? 'its query' : what;
  return `${subject} uses ${reference.description}, which backups do not cover yet`;
}

/** The functions that relations and types need, and those that these need in turn. All others are nobody's. */
function neededFunctions(references: Reference[]): number[] {
  const calls = new Map<string, string[]>();
  const needed = new Set<string>();
  for (const { from, to, target } of references) {
    if (target !== 'function') continue;
    if (!from.startsWith(functionKey(''))) needed.add(to);
    else calls.set(from, [...(calls.get(from) ?? []), to]);
  }
  // A set may grow while it is iterated.
  for (const key of needed) for (const called of calls.get(key) ?? []) needed.add(called);
  return [...needed].map((key) => Number(key.slice(1)));
}

/** A type or function goes wherever its users go: what can't be backed up of it can't be of them. */
function spreadRefusals(
  known: Map<string, KnownObject>,
  reasons: Map<string, string[]>,
  references: Reference[],
): void {
  const users = references.filter(
    (reference) =>
      (reference.target === 'type' || reference.target === 'function') && known.has(reference.to),
  );
  // A type may be made of types: until nothing changes.
  for (let spreading = true; spreading;) {
    spreading = false;
    for (const reference of users) {
      const [reason] = reasons.get(reference.to) ?? [];
      const mine = reasons.get(reference.from);
      if (reason === undefined || mine === undefined) continue;
      const text = `it needs ${reference.description}, which can't be backed up`;
      if (mine.includes(text)) continue;
      mine.push(text);
      spreading = true;
    }
  }
}

function sentence(reasons: string[]): string | null {
  const distinct = [...new Set(reasons)];
  if (distinct.length === 0) return null;
  const told = distinct.slice(0, MOST_REASONS).join('; ');
  return distinct.length > MOST_REASONS
    ? `${told}; and ${distinct.length - MOST_REASONS} more reasons`
    : told;
}

/** Columns that own a sequence, by the sequence's oid. */
async function readIdentities(session: Session): Promise<Map<number, { column: string; identity: boolean }>> {
  const rows = await session.rows<{ oid: number; column: string; identity: boolean }>(
    'read which columns own sequences',
    `SELECT d.objid AS oid, a.attname AS column, d.deptype = 'i' AS identity
     FROM pg_depend d
     JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
     JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.deptype IN ('a', 'i') AND d.refobjsubid <> 0`,
  );
  return new Map(rows.map(({ oid, column, identity }) => [oid, { column, identity }]));
}
