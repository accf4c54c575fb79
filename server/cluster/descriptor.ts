import { z } from 'zod';
import { nameKey, objectNameSchema, type ObjectName } from './names.ts';

/** Why one object needs another. The names are those of the `skip_missing_…` options and of the dependency table in the reference. */
export const dependencyKindSchema = z.enum([
  'foreign-key',
  'view',
  'interleave',
  'sequence',
  'type',
  'inheritance',
  'function',
  'policy',
]);
export type DependencyKind = z.infer<typeof dependencyKindSchema>;

export const dependencySchema = z.object({
  on: objectNameSchema,
  kind: dependencyKindSchema,
  /** What makes it so, for people: a constraint's name, a column, `its query`. */
  via: z.string(),
});
export type Dependency = z.infer<typeof dependencySchema>;

export const objectKindSchema = z.enum([
  'table',
  'view',
  'materialized-view',
  'sequence',
  'type',
  'function',
  'collation',
]);
export type ObjectKind = z.infer<typeof objectKindSchema>;

/**
 * When a statement of an object's DDL runs in a restore, in this order over *all* objects:
 * schemas, `create` of collations, types, functions, sequences and tables (bare), rows, `keys` (primary, unique, check, exclusion),
 * `indexes`, `foreign-keys`, `views` in dependency order, `finish` (ownership of sequences, comments, statistics).
 * `default` steps (column defaults that need another object) run between `create` and rows.
 */
export const ddlPhaseSchema = z.enum(['create', 'default', 'keys', 'indexes', 'foreign-keys', 'finish']);
export type DdlPhase = z.infer<typeof ddlPhaseSchema>;

export const ddlStepSchema = z.object({
  phase: ddlPhaseSchema,
  /** One statement, to run in a connection of the target database; names are schema-qualified, never database-qualified. */
  sql: z.string(),
  /** Objects that must be there, beyond the object itself. A step whose objects are skipped is skipped with them. */
  requires: z.array(dependencySchema),
  /** Roles that the statement is for, and does without where they are missing; absent for none. */
  roles: z.array(z.string()).optional(),
});
export type DdlStep = z.infer<typeof ddlStepSchema>;

export const columnSchema = z.object({
  name: z.string(),
  /** The type as the cluster prints it, e.g. `numeric(12,2)`, `character varying(40)[]`. */
  type: z.string(),
  nullable: z.boolean(),
  /** Generated columns are not in data files: the database computes them again. */
  generated: z.boolean(),
});
export type Column = z.infer<typeof columnSchema>;

/** Something that a server is extended by, and the schema that what it brings is in. */
export const extensionSchema = z.object({ name: z.string().min(1), schema: z.string().min(1) });
export type Extension = z.infer<typeof extensionSchema>;

const common = {
  name: objectNameSchema,
  dependencies: z.array(dependencySchema),
  /** The object's DDL in the order it runs within each phase. */
  ddl: z.array(ddlStepSchema),
  comment: z.string().nullable(),
  /** Extensions that its types, operator classes, functions or the like come from; absent for none. */
  extensions: z.array(extensionSchema).optional(),
};

export const descriptorSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('table'),
    ...common,
    columns: z.array(columnSchema),
    /** Columns of the primary key, in key order; null where there is none. */
    primaryKey: z.array(z.string()).nullable(),
    /** Stored columns that tell a row from all others, hidden ones too; null where nothing does. */
    rowKey: z.array(z.string()).nullable().default(null),
    /**
     * Which stored rows these are, in the cluster's own words: another one when the table was made anew, truncated, or
     * given other columns or another key. Null where the cluster has no such thing.
     */
    storage: z.string().nullable().default(null),
  }),
  z.object({ kind: z.literal('view'), ...common, materialized: z.boolean() }),
  z.object({
    kind: z.literal('sequence'),
    ...common,
    /** Decimal: sequences go past 2^53. */
    lastValue: z.string(),
    isCalled: z.boolean(),
    /** The table and column that own it (serial, identity), if any: then it is backed up with its table. */
    ownedBy: z.object({ table: objectNameSchema, column: z.string(), identity: z.boolean() }).nullable(),
  }),
  z.object({ kind: z.literal('type'), ...common }),
  /** Its name has the types of its arguments: `f(integer,text)`. Here because something else needs it. */
  z.object({ kind: z.literal('function'), ...common }),
  z.object({ kind: z.literal('collation'), ...common }),
]);
export type Descriptor = z.infer<typeof descriptorSchema>;
export type TableDescriptor = Extract<Descriptor, { kind: 'table' }>;
export type SequenceDescriptor = Extract<Descriptor, { kind: 'sequence' }>;
export type FunctionDescriptor = Extract<Descriptor, { kind: 'function' }>;
export type CollationDescriptor = Extract<Descriptor, { kind: 'collation' }>;
export type ViewDescriptor = Extract<Descriptor, { kind: 'view' }>;

/** The columns whose values are in data files, in file order. */
export function storedColumns(table: TableDescriptor): Column[] {
  return table.columns.filter((column) => !column.generated);
}

/** The stored columns that tell a row from all others, in the key's order: those of files of deleted keys. */
export function keyColumns(table: TableDescriptor): Column[] {
  const stored = storedColumns(table);
  return (table.rowKey ?? []).flatMap((key) => stored.find(({ name }) => name === key) ?? []);
}

/** A descriptor's kind as catalogs and pages name it: materialized views are a kind of their own. */
export function objectKindOf(descriptor: Descriptor): ObjectKind {
  return descriptor.kind === 'view' && descriptor.materialized ? 'materialized-view' : descriptor.kind;
}

/** The table of that name among the descriptors; undefined when there is none. */
export function findTable(descriptors: readonly Descriptor[], name: ObjectName): TableDescriptor | undefined {
  const key = nameKey(name);
  return descriptors.find(
    (descriptor): descriptor is TableDescriptor =>
      descriptor.kind === 'table' && nameKey(descriptor.name) === key,
  );
}

/**
 * What an object needs to be there when it is created: all but what single later steps of its DDL require. A partition,
 * though attached late, comes after its partitioned table in every phase: it is attached to what has its indexes.
 */
export function neededToCreate({ dependencies, ddl }: Descriptor): Dependency[] {
  // An object may be needed for several reasons: a table's parent by a foreign key later, and by interleaving at once.
  const keyOf = ({ on, kind, via }: Dependency) => [kind, via, nameKey(on)].join('\0');
  const later = new Set(
    ddl
      .filter(({ phase }) => phase !== 'create')
      .flatMap(({ requires }) => requires)
      .map(keyOf),
  );
  return dependencies.filter(
    (dependency) => dependency.kind === 'inheritance' || !later.has(keyOf(dependency)),
  );
}
