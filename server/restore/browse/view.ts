import type { ChangeMethod } from '../../cluster/cluster.ts';
import type { DdlPhase, DependencyKind, Extension, ObjectKind } from '../../cluster/descriptor.ts';
import type { ObjectName } from '../../cluster/names.ts';
import type { FirstRows } from '../../format/first-rows.ts';
import type { DataFile } from '../../format/manifest.ts';

/** One object of a backup, as its manifest tells; nothing of it is restored to be looked at. */
export interface ObjectView {
  backup: {
    /** Redacted. */
    url: string;
    type: 'full' | 'incremental';
    /** Consistent as of, UTC. */
    moment: string;
  };
  name: ObjectName;
  kind: ObjectKind;
  comment: string | null;
  /** Of a table; null for what has none of its own. */
  columns: ColumnView[] | null;
  sequence: SequenceView | null;
  extensions: Extension[];
  /** What it needs, and what needs it. */
  needs: RelatedObject[];
  neededBy: RelatedObject[];
  /** In the order in which a restore runs them. */
  ddl: StepView[];
  /** What the backup does not hold of it, in words. */
  leftOut: string[];
  /** Of a table: what this layer has of it. */
  stored: StoredTable | null;
  files: FileView[];
}

export interface ColumnView {
  name: string;
  type: string;
  nullable: boolean;
  /** The database computes it: it is in no file. */
  generated: boolean;
  /** Its place in the primary key, from 1; null where it is no part of it. */
  key: number | null;
}

export interface SequenceView {
  /** Decimal. */
  lastValue: string;
  isCalled: boolean;
  ownedBy: { table: ObjectName; column: string; identity: boolean } | null;
}

export interface RelatedObject {
  name: ObjectName;
  /** Null where the backup does not have it. */
  kind: ObjectKind | null;
  why: DependencyKind;
  via: string;
}

export interface StepView {
  phase: DdlPhase;
  sql: string;
  /** What it needs and the backup does not have. */
  lacks: ObjectName[];
}

export interface StoredTable {
  method: ChangeMethod;
  /** Why changes were not found in the cheapest way; null where they were, and for `whole`. */
  reason: string | null;
  /** Whole rows. */
  rows: number;
  /** Keys of deleted rows. */
  deleted: number;
  bytes: number;
  rawBytes: number;
}

export type FileView = Pick<DataFile, 'name' | 'kind' | 'rows' | 'bytes' | 'rawBytes' | 'sha256'> & {
  ranges: {
    count: number;
    /** The first one's beginning and the last one's end, in the cluster's terms; null where they are open. */
    start: string | null;
    end: string | null;
  };
};

/** One backup of those that a table is put together from. */
export interface TableLayer {
  /** Redacted. */
  url: string;
  type: 'full' | 'incremental';
  moment: string;
  stored: StoredTable;
  /** Of one that has it whole although a layer before it has it too: why, in words. */
  why: string | null;
}

/** The first rows of one data file, with what its columns are called. */
export interface FileRows extends FirstRows {
  file: FileView;
  columns: { name: string; type: string | null }[];
}

/** Statements that make a database's objects, as a text to be run. */
export interface SchemaText {
  /** For the file. */
  name: string;
  text: string;
}
