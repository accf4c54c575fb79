import type { CatalogObject } from '../cluster.ts';
import type { Dependency, DependencyKind, ObjectKind } from '../descriptor.ts';
import { nameKey, type ObjectName } from '../names.ts';
import { isLedgerSchema } from './ledger-names.ts';
import type { Session } from './session.ts';
import {
  storedDescriptorSchema,
  type StoredIndex,
  type StoredTable,
  type StoredType,
  usedTypes,
} from './stored-descriptor.ts';
import { readZones, type TableZone } from './zones.ts';

/** A catalog object with what the adapter itself needs of it. */
export interface KnownObject extends CatalogObject {
  id: number;
  stored: { table: StoredTable; type?: undefined } | { type: StoredType; table?: undefined };
  comment: string | null;
  /** Settings of a table's own zone configuration that a restore repeats: `gc.ttlseconds = 600`. */
  zone: string[];
  /** For a sequence that a column owns: that column. */
  owner: { table: ObjectName; column: string } | null;
}

interface NamedRow {
  id: number;
  schema: string;
  name: string;
  descriptor: unknown;
  comment: string | null;
}

/**
 * One database's objects as this session's transaction sees them, in three queries however many there are. Rows and
 * bytes are not filled in: see estimates.ts.
 */
export async function readObjects(session: Session): Promise<KnownObject[]> {
  const database = session.place.database;
  const databaseId = await session.databaseId();
  const rows = await session.rows<NamedRow>(
    'read the catalog',
    `SELECT n.id, s.name AS schema, n.name, c.comment,
            crdb_internal.pb_to_json('cockroach.sql.sqlbase.Descriptor', d.descriptor) AS descriptor
     FROM system.namespace AS n
     JOIN system.namespace AS s ON s."parentID" = n."parentID" AND s."parentSchemaID" = 0 AND s.id = n."parentSchemaID"
     JOIN system.descriptor AS d ON d.id = n.id
     LEFT JOIN system.comments AS c ON c.type = 1 AND c.object_id = n.id AND c.sub_id = 0
     WHERE n."parentID" = $1 AND n."parentSchemaID" <> 0
     ORDER BY s.name, n.name`,
    [databaseId],
  );
  const found = rows
    .map((row) => ({ ...row, id: Number(row.id), ...storedDescriptorSchema.parse(row.descriptor) }))
    .filter(({ table }) => !(table?.temporary ?? false));
  const zones = await readZones(
    session,
    found.map(({ id }) => id),
  );
  const comments = new Map(found.map(({ schema, name, comment }) => [`${schema}\0${name}`, comment]));
  const objects = new Map<number, KnownObject>();
  for (const row of found) {
    if (isLedgerSchema(row.schema, comments.get(`${row.schema}\0created`) ?? null)) continue;
    const object = toObject(row, { database, schema: row.schema, name: row.name }, zones.get(row.id));
    if (object !== null) objects.set(row.id, object);
  }
  const arrays = new Map<number, number>();
  for (const { id, type } of found) if (type?.arrayTypeId) arrays.set(type.arrayTypeId, id);
  for (const object of objects.values()) link(object, objects, arrays);
  return [...objects.values()];
}

type Found = Omit<NamedRow, 'descriptor'> & { table?: StoredTable; type?: StoredType };

function toObject(
  { id, table, type, comment }: Found,
  name: ObjectName,
  zone: TableZone | undefined,
): KnownObject | null {
  const common = {
    id,
    name,
    rows: null,
    bytes: null,
    dependencies: [],
    ownedBy: null,
    owner: null,
    comment,
    leftOut: [],
    zone: [],
  };
  if (table !== undefined)
    return {
      ...common,
      kind: kindOf(table),
      stored: { table },
      unsupported: whyNotTable(table),
      leftOut: leftOutOf(table, zone),
      zone: zone?.settings ?? [],
    };
  // The array type of an enum comes and goes with it.
  if (type === undefined || type.kind === 'ALIAS') return null;
  const unsupported =
    type.kind === 'ENUM' ? null : `it is a type of kind ${type.kind}, which backups do not cover yet`;
  return { ...common, kind: 'type', stored: { type }, unsupported };
}

function kindOf(table: StoredTable): ObjectKind {
  if (table.sequenceOpts) return 'sequence';
  if (table.viewQuery !== '') return table.isMaterializedView ? 'materialized-view' : 'view';
  return 'table';
}

function indexesOf(table: StoredTable): StoredIndex[] {
  return [table.primaryIndex, ...table.indexes];
}

function whyNotTable(table: StoredTable): string | null {
  if (table.state !== '' && table.state !== 'PUBLIC') return `it is ${table.state.toLowerCase()}`;
  if (indexesOf(table).some(({ partitioning }) => partitioning.implicitColumns > 0))
    return 'it is partitioned by columns that its keys do not name, which backups do not cover yet';
  if (table.localityConfig !== null && table.localityConfig !== undefined)
    return 'it has a multi-region locality, which backups do not cover yet';
  if (table.sequenceOpts?.virtual === true) return 'it is a virtual sequence, which backups do not cover yet';
  return null;
}

function leftOutOf(table: StoredTable, zone: TableZone | undefined): string[] {
  const indexes = table.isMaterializedView ? table.indexes.length : 0;
  return [
    ...(indexes === 0 ? [] : [`${indexes} ${indexes === 1 ? 'index' : 'indexes'}`]),
    ...table.indexes
      .filter(({ interleave }) => interleave.length > 0)
      .map(({ name }) => `the interleaving of index ${name}`),
    ...(indexesOf(table).some(({ partitioning }) => partitioning.columns > 0) ? ['its partitioning'] : []),
    ...(zone?.leftOut ?? []),
  ];
}

/** Adds dependencies; one on what isn't in this database is one that a restore couldn't make again. */
function link(object: KnownObject, objects: Map<number, KnownObject>, arrays: Map<number, number>): void {
  const { table } = object.stored;
  if (table === undefined) return;
  const add = (to: number, kind: DependencyKind | 'relation', via: string) => {
    const target = objects.get(arrays.get(to) ?? to);
    if (target === undefined) {
      object.unsupported ??= `${via} uses an object of another database, which backups do not cover yet`;
      return;
    }
    if (target.id === object.id) return;
    const sort = kind !== 'relation' ? kind : target.kind === 'sequence' ? 'sequence' : 'view';
    addDependency(object.dependencies, { on: target.name, kind: sort, via });
    if (target.kind === 'type' && target.unsupported !== null)
      object.unsupported ??= `it needs type ${target.name.name}, which can't be backed up`;
  };
  for (const { name, referencedTableId } of table.outboundFks) add(referencedTableId, 'foreign-key', name);
  for (const { tableId } of table.primaryIndex.interleave) add(tableId, 'interleave', 'its primary key');
  for (const { name, usesSequenceIds } of table.columns)
    for (const sequence of usesSequenceIds) add(sequence, 'sequence', viaColumn(name));
  if (table.viewQuery !== '') for (const used of table.dependsOn) add(used, 'relation', 'its query');
  for (const { id, via } of usedTypes(table)) add(id, 'type', via);
  own(object, table, objects);
  // The cluster lists them in the order of its descriptors' ids, which says nothing.
  object.dependencies.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function orderOf({ kind, on, via }: Dependency): string {
  return [kind, nameKey(on), via].join('\0');
}

function own(object: KnownObject, table: StoredTable, objects: Map<number, KnownObject>): void {
  const owner = table.sequenceOpts?.sequenceOwner;
  const target = owner?.ownerTableId ? objects.get(owner.ownerTableId) : undefined;
  const column = target?.stored.table?.columns.find(({ id }) => id === owner?.ownerColumnId);
  if (target === undefined || column === undefined) return;
  object.ownedBy = target.name;
  object.owner = { table: target.name, column: column.name };
}

/** How a dependency of a column is called. */
export function viaColumn(column: string): string {
  return `column ${column}`;
}

function addDependency(list: Dependency[], dependency: Dependency): void {
  const same = list.some(
    ({ on, kind, via }) =>
      kind === dependency.kind && via === dependency.via && nameKey(on) === nameKey(dependency.on),
  );
  if (!same) list.push(dependency);
}

/** A catalog object without what only the adapter needs. */
export function shown(object: KnownObject): CatalogObject {
  const { kind, name, rows, bytes, dependencies, ownedBy, unsupported, leftOut } = object;
  return { kind, name, rows, bytes, dependencies, ownedBy, unsupported, leftOut };
}
