import type { ObjectKind } from '../../server/cluster/descriptor.ts';
import type { ObjectName } from '../../server/cluster/names.ts';
import { objectKey, pickDatabase, pickObjects } from '../selection/picked.ts';
import type { Picked, PickedObjects } from '../selection/picked.ts';

/** One table, view, sequence or type in the tree. */
export interface TreeObject {
  kind: ObjectKind;
  name: ObjectName;
  rows: number | null;
  /** False for a cluster's guess, true for what a backup has counted. */
  exact: boolean;
  bytes: number | null;
  /** Why it can't be ticked, in a sentence. */
  unsupported: string | null;
  /** It has no tick of its own because it comes along with others: with which, in a few words. */
  comesWith: string | null;
}

/** A database and what is known of its inside. */
export interface TreeDatabase {
  name: string;
  bytes: number | null;
  content:
    | { status: 'unloaded' }
    | { status: 'loading' }
    | { status: 'error'; message: string }
    | { status: 'loaded'; objects: readonly TreeObject[] };
}

export type Tick = 'on' | 'off' | 'mixed';

interface RowBase {
  /** Unique in the tree. */
  id: string;
  /** From 1. */
  level: number;
  parent: string | null;
  label: string;
  /** Position among its siblings, from 1, and how many there are: the page holds only the rows in view. */
  position: number;
  siblings: number;
}

export type TreeRow =
  | (RowBase & { type: 'database'; database: TreeDatabase; tick: Tick; expanded: boolean; keys: string[] })
  | (RowBase & { type: 'schema'; database: string; tick: Tick; expanded: boolean; keys: string[] })
  | (RowBase & { type: 'object'; object: TreeObject; key: string; tick: Tick })
  | (RowBase & { type: 'note'; database: string; failed: boolean });

interface SchemaIndex {
  name: string;
  objects: { object: TreeObject; key: string; selectable: boolean; haystack: string }[];
  /** Keys of what can be ticked. */
  keys: string[];
}

interface DatabaseIndex {
  schemas: SchemaIndex[];
  keys: string[];
}

const KIND_ORDER: Record<ObjectKind, number> = {
  table: 0,
  view: 1,
  'materialized-view': 2,
  sequence: 3,
  type: 4,
  function: 5,
  collation: 6,
};

const indexes = new WeakMap<readonly TreeObject[], DatabaseIndex>();

/** A catalog sorted and grouped, worked out once: it may hold a hundred thousand objects. */
function indexOf(objects: readonly TreeObject[]): DatabaseIndex {
  const known = indexes.get(objects);
  if (known !== undefined) return known;
  const bySchema = new Map<string, TreeObject[]>();
  for (const object of objects) {
    const list = bySchema.get(object.name.schema);
    if (list === undefined) bySchema.set(object.name.schema, [object]);
    else list.push(object);
  }
  const schemas = [...bySchema]
    // `public` first: it is where people look.
    .sort(([a], [b]) => Number(b === 'public') - Number(a === 'public') || compare(a, b))
    .map(([name, list]): SchemaIndex => {
      const sorted = list
        .sort((a, b) => KIND_ORDER[a.kind] - KIND_ORDER[b.kind] || compare(a.name.name, b.name.name))
        .map((object) => ({
          object,
          key: objectKey(object.name),
          selectable: object.unsupported === null && object.comesWith === null,
          haystack: `${object.name.database}.${object.name.schema}.${object.name.name}`.toLowerCase(),
        }));
      return { name, objects: sorted, keys: sorted.filter((e) => e.selectable).map((e) => e.key) };
    });
  const index = { schemas, keys: schemas.flatMap((schema) => schema.keys) };
  indexes.set(objects, index);
  return index;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Keys of everything in a loaded database that can be ticked; none while it isn't loaded. */
export function selectableKeys(database: TreeDatabase): string[] {
  return database.content.status === 'loaded' ? indexOf(database.content.objects).keys : [];
}

function tickOf(keys: readonly string[], picked: PickedObjects | undefined): Tick {
  if (picked === undefined) return 'off';
  if (picked === 'all') return 'on';
  let on = 0;
  for (const key of keys) if (picked.has(key)) on += 1;
  if (on === 0) return 'off';
  return on === keys.length ? 'on' : 'mixed';
}

export interface TreeView {
  rows: TreeRow[];
  /** Objects that the filter lets through, of those loaded. */
  shown: number;
  /** Objects loaded. */
  total: number;
}

/**
 * The rows that the tree shows, in order. While a filter is set, branches with a hit stand open, and the ticks of
 * databases and schemas (and the `keys` that they tick) speak of the hits alone.
 */
export function flattenTree(
  databases: readonly TreeDatabase[],
  picked: Picked,
  expanded: Pick<ReadonlySet<string>, 'has'>,
  filter: string,
  carried: ReadonlySet<string> = new Set(),
): TreeView {
  const rows: TreeRow[] = [];
  const needle = filter.trim().toLowerCase();
  let shown = 0;
  let total = 0;

  for (const [at, database] of databases.entries()) {
    const id = `db:${database.name}`;
    const here = picked.get(database.name);
    const content = database.content;
    const base = {
      id,
      level: 1,
      parent: null,
      label: database.name,
      position: at + 1,
      siblings: databases.length,
    };
    if (content.status !== 'loaded') {
      const open = expanded.has(id);
      const tick: Tick = here === undefined ? 'off' : here === 'all' ? 'on' : 'mixed';
      const named = needle === '' || database.name.toLowerCase().includes(needle);
      if (!named && content.status === 'unloaded') continue;
      rows.push({ ...base, type: 'database', database, tick, expanded: open, keys: [] });
      if (open || needle !== '') {
        const label = content.status === 'error' ? content.message : 'Loading…';
        const note = { id: `${id}:note`, level: 2, parent: id, label, position: 1, siblings: 1 };
        rows.push({ ...note, type: 'note', database: database.name, failed: content.status === 'error' });
      }
      continue;
    }

    const index = indexOf(content.objects);
    total += content.objects.length;
    const schemas = index.schemas
      .map((schema) => {
        if (needle === '') return schema;
        const objects = schema.objects.filter((entry) => entry.haystack.includes(needle));
        return {
          name: schema.name,
          objects,
          keys: objects.filter((entry) => entry.selectable).map((entry) => entry.key),
        };
      })
      .filter((schema) => needle === '' || schema.objects.length > 0);
    shown += schemas.reduce((sum, schema) => sum + schema.objects.length, 0);
    if (needle !== '' && schemas.length === 0) continue;

    const keys = needle === '' ? index.keys : schemas.flatMap((schema) => schema.keys);
    const open = needle !== '' || expanded.has(id);
    rows.push({ ...base, type: 'database', database, tick: tickOf(keys, here), expanded: open, keys });
    if (!open) continue;
    if (schemas.length === 0) {
      const note = {
        id: `${id}:note`,
        level: 2,
        parent: id,
        label: 'Nothing in it',
        position: 1,
        siblings: 1,
      };
      rows.push({ ...note, type: 'note', database: database.name, failed: false });
    }
    for (const [schemaAt, schema] of schemas.entries()) {
      const schemaId = schemaRowId(database.name, schema.name);
      const schemaOpen = needle !== '' || expanded.has(schemaId);
      rows.push({
        id: schemaId,
        level: 2,
        parent: id,
        label: schema.name,
        position: schemaAt + 1,
        siblings: schemas.length,
        type: 'schema',
        database: database.name,
        tick: tickOf(schema.keys, here),
        expanded: schemaOpen,
        keys: schema.keys,
      });
      if (!schemaOpen) continue;
      for (const [objectAt, { object, key, selectable }] of schema.objects.entries()) {
        const on = selectable
          ? here === 'all' || (here?.has(key) ?? false)
          : object.unsupported === null && (carried.has(`${database.name}:${key}`) || here === 'all');
        rows.push({
          id: `${schemaId}:${key}`,
          level: 3,
          parent: schemaId,
          label: object.name.name,
          position: objectAt + 1,
          siblings: schema.objects.length,
          type: 'object',
          object,
          key,
          tick: on ? 'on' : 'off',
        });
      }
    }
  }
  return { rows, shown, total };
}

export function databaseRowId(database: string): string {
  return `db:${database}`;
}

export function schemaRowId(database: string, schema: string): string {
  return `schema:${JSON.stringify([database, schema])}`;
}

/** True when a database may be taken as a whole: nothing in it, as far as is known, is refused. */
export function canBeWhole(database: TreeDatabase): boolean {
  return (
    database.content.status !== 'loaded' ||
    database.content.objects.every((object) => object.unsupported === null)
  );
}

/**
 * What is ticked, with databases that can't be taken whole spelled out as everything in them that can: ticking
 * such a database must not lead to a refusal that no untick can mend.
 */
export function spellOut(picked: Picked, databases: readonly TreeDatabase[]): Picked {
  let next: Map<string, PickedObjects> | null = null;
  for (const database of databases) {
    if (picked.get(database.name) !== 'all' || canBeWhole(database)) continue;
    next ??= new Map(picked);
    const keys = selectableKeys(database);
    if (keys.length === 0) next.delete(database.name);
    else next.set(database.name, new Set(keys));
  }
  return next ?? picked;
}

/** What is ticked after a row's box was used: what isn't wholly ticked becomes so. */
export function toggleRow(
  picked: Picked,
  row: TreeRow,
  databases: readonly TreeDatabase[],
  filtered: boolean,
): Picked {
  if (row.type === 'note') return picked;
  const on = row.tick !== 'on';
  const name =
    row.type === 'object' ? row.object.name.database : row.type === 'schema' ? row.database : row.label;
  const database = databases.find((each) => each.name === name);
  if (database === undefined) return picked;
  if (row.type === 'database' && !filtered && (canBeWhole(database) || !on))
    return pickDatabase(picked, name, on);
  const keys = row.type === 'object' ? [row.key] : row.keys;
  return pickObjects(picked, name, keys, on, selectableKeys(database), canBeWhole(database));
}
