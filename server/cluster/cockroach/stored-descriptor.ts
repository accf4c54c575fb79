import { z } from 'zod';

/**
 * What is used of a row of `system.descriptor`, printed as JSON by `crdb_internal.pb_to_json`: the schema as
 * CockroachDB itself stores it, which AS OF SYSTEM TIME reads exactly. The shape is that of
 * `cockroach.sql.sqlbase.Descriptor` (pkg/sql/catalog/descpb/structured.proto) of 20.2 to 21.1.
 */

const id = z.number().int();
/** Printed as null, `0` or left out where it isn't set. */
const ids = z
  .array(id)
  .nullish()
  .transform((list) => list ?? []);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

interface SqlTypeShape {
  oid: number;
  arrayContents?: SqlTypeShape | null;
}
const sqlType: z.ZodType<SqlTypeShape> = z.lazy(() =>
  z.object({ oid: z.number(), arrayContents: sqlType.nullish() }),
);

const column = z.object({
  id,
  name: z.string(),
  type: sqlType,
  nullable: flag,
  hidden: flag,
  computeExpr: z.string().nullish(),
  defaultExpr: z.string().nullish(),
  usesSequenceIds: ids,
});
export type StoredColumn = z.infer<typeof column>;

const ancestor = z.object({
  tableId: id,
  indexId: id,
  /** Columns of the key that are encoded at this ancestor's level, those of its own ancestors not counted. */
  sharedPrefixLen: z
    .number()
    .nullish()
    .transform((value) => value ?? 0),
});

const index = z.object({
  id,
  name: text,
  /** `keyColumnNames` from 21.2 on. */
  columnNames: z.array(z.string()).optional(),
  keyColumnNames: z.array(z.string()).optional(),
  columnDirections: z.array(z.string()).optional(),
  keyColumnDirections: z.array(z.string()).optional(),
  /** The tables that it is interleaved into, the outermost first; empty for almost all. */
  interleave: z
    .object({ ancestors: z.array(ancestor).nullish() })
    .nullish()
    .transform((value) => value?.ancestors ?? []),
  partitioning: z
    .object({ numColumns: z.number().nullish(), numImplicitColumns: z.number().nullish() })
    .nullish()
    .transform((value) => ({
      columns: value?.numColumns ?? 0,
      /** Columns in front of the key that its definition doesn't name: from 21.1 on. */
      implicitColumns: value?.numImplicitColumns ?? 0,
    })),
  sharded: z
    .object({ isSharded: flag, name: text })
    .nullish()
    .transform((value) => (value?.isSharded ? value.name : null)),
  predicate: text,
});
export type StoredIndex = z.infer<typeof index>;

const table = z.object({
  id,
  name: z.string(),
  parentId: id,
  state: text,
  columns: z.array(column),
  primaryIndex: index,
  families: z
    .array(z.object({ name: text, columnNames: z.array(z.string()).nullish() }))
    .nullish()
    .transform((list) => (list ?? []).map(({ columnNames }) => columnNames ?? [])),
  indexes: z
    .array(index)
    .nullish()
    .transform((list) => list ?? []),
  checks: z
    .array(z.object({ expr: text }))
    .nullish()
    .transform((list) => list ?? []),
  outboundFks: z
    .array(z.object({ name: z.string(), referencedTableId: id, validity: text }))
    .nullish()
    .transform((list) => list ?? []),
  dependsOn: ids,
  dependsOnTypes: ids,
  viewQuery: text,
  isMaterializedView: flag,
  sequenceOpts: z
    .object({
      increment: z.string(),
      minValue: z.string(),
      maxValue: z.string(),
      start: z.string(),
      virtual: flag,
      sequenceOwner: z.object({ ownerColumnId: id.nullish(), ownerTableId: id.nullish() }).nullish(),
    })
    .nullish(),
  temporary: flag,
  localityConfig: z.unknown(),
});
export type StoredTable = z.infer<typeof table>;

const userType = z.object({
  id,
  name: z.string(),
  parentId: id,
  state: text,
  kind: z.string(),
  arrayTypeId: id.nullish(),
  enumMembers: z
    .array(z.object({ logicalRepresentation: z.string(), physicalRepresentation: z.string() }))
    .nullish()
    .transform((list) => list ?? []),
});
export type StoredType = z.infer<typeof userType>;

/** A table, view or sequence is a `table`; schemas and databases are of no use here. */
export const storedDescriptorSchema = z.object({ table: table.optional(), type: userType.optional() });

/** Keys that a row is stored under at most, secondary indexes included. */
export function keysPerRow(of: StoredTable): number {
  return Math.max(1, of.families.length) + of.indexes.length;
}

/** Key columns of an index, in order. */
export function keyColumns(of: StoredIndex): { name: string; descending: boolean }[] {
  const names = of.keyColumnNames ?? of.columnNames ?? [];
  const directions = of.keyColumnDirections ?? of.columnDirections ?? [];
  return names.map((name, position) => ({ name, descending: directions[position] === 'DESC' }));
}

/** OIDs of user-defined types are their descriptors' ids and this. */
const USER_TYPE_OIDS = 100_000;

/** Ids of the user-defined types that the text of a stored expression casts to: `b'@':::@100053`. */
function typesInExpression(expression: string | null | undefined): number[] {
  return [...(expression ?? '').matchAll(/::@(\d+)/g)].map(([, oid]) => Number(oid) - USER_TYPE_OIDS);
}

export function typesInType(type: SqlTypeShape): number[] {
  const contents = type.arrayContents ? typesInType(type.arrayContents) : [];
  return type.oid > USER_TYPE_OIDS && contents.length === 0 ? [type.oid - USER_TYPE_OIDS] : contents;
}

/** Ids of the user-defined types that a table or view uses, each with what uses it, for people. */
export function usedTypes(of: StoredTable): { id: number; via: string }[] {
  if (of.viewQuery !== '') return of.dependsOnTypes.map((type) => ({ id: type, via: 'its query' }));
  return [
    ...of.columns.flatMap((one) =>
      [
        ...typesInType(one.type),
        ...typesInExpression(one.defaultExpr),
        ...typesInExpression(one.computeExpr),
      ].map((type) => ({ id: type, via: `column ${one.name}` })),
    ),
    ...of.checks.flatMap(({ expr }) =>
      typesInExpression(expr).map((type) => ({ id: type, via: 'a check constraint' })),
    ),
    ...of.indexes.flatMap(({ name, predicate }) =>
      typesInExpression(predicate).map((type) => ({ id: type, via: `index ${name}` })),
    ),
  ];
}
