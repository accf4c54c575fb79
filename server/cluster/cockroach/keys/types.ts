/**
 * What range boundaries are decoded into. A range of CockroachDB is a span of raw keys; what can be asked for in
 * SQL is a span of primary-key values.
 */

/** One member of an enum, as `crdb_internal.pb_to_json` shows it in the type's descriptor (`enumMembers`). */
export interface EnumMember {
  label: string;
  /** `physicalRepresentation` in hex: the bytes that stand in keys, and sort the members. */
  physical: string;
}

/** One column of a primary index. Primary-key columns are NOT NULL. */
export interface IndexColumn {
  name: string;
  /** `crdb_sql_type` as information_schema prints it: INT8, STRING, DECIMAL(12,2), STRING COLLATE en, public.status … */
  type: string;
  descending: boolean;
  /** For a column of an enum type: without its members its keys can't be decoded. */
  enumMembers?: EnumMember[];
}

/** A table that this one is interleaved into: its keys stand inside the ancestor's rows. */
export interface Ancestor {
  tableId: number;
  indexId: number;
  /** How many columns of our key are encoded at this level (`SharedPrefixLen` in crdb_internal.index_columns' terms). */
  sharedColumns: number;
}

export interface PrimaryIndex {
  tableId: number;
  indexId: number;
  /** All columns of the key, in key order, those shared with ancestors included. */
  columns: IndexColumn[];
  /** Of an interleaved table: its ancestors, the outermost first. */
  ancestors?: Ancestor[];
  /** Of a table that belongs to a secondary tenant, whose keys all start with the tenant's number. */
  tenantId?: number;
}

/**
 * A place between two rows of a primary index. `values` are SQL literals for the first columns of the key, all of
 * them or fewer. The place is before every row that starts with these values or, with `past`, behind the last of them.
 */
export type Boundary =
  { kind: 'before' } | { kind: 'after' } | { kind: 'at'; values: string[]; past?: boolean };

/**
 * A boundary that has no exact counterpart in SQL: a collated string's key doesn't hold the string, an enum's
 * members aren't known, the encoding isn't known to us. The ranges on both sides are to be read as one then.
 */
export class UndecodableKey extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UndecodableKey';
  }
}
