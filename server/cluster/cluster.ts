import type { Readable } from 'node:stream';
import type { Dependency, Descriptor, Extension, ObjectKind, TableDescriptor } from './descriptor.ts';
import type { HeldMoment, Moment } from './moment.ts';
import type { ObjectName } from './names.ts';

export type ClusterKind = 'postgres' | 'cockroachdb' | 'simulated';

declare const nodeIdBrand: unique symbol;
/** A node's id as the cluster itself counts (`1`, `2`, …). */
export type NodeId = string & { readonly [nodeIdBrand]: true };
export function nodeId(id: string | number): NodeId {
  return String(id) as NodeId;
}

export interface ClusterNode {
  id: NodeId;
  /** host:port of its SQL. */
  address: string;
  locality: string;
  live: boolean;
  /** False: its own address can't be reached from here, and its ranges are read through the URL's instead. */
  direct: boolean;
}

/** What a cluster can be asked for, and if not, why and what would change that. */
export type Capability = { available: true } | { available: false; reason: string; remedy: string };

export interface ClusterInfo {
  kind: ClusterKind;
  /** `18.1`, `21.1.0`. */
  version: string;
  /** Stays the same while the data does: PostgreSQL's system identifier, CockroachDB's cluster id. */
  identity: string;
  /** The SQL user of the registered URL. */
  user: string;
  nodes: ClusterNode[];
  asOf: Capability;
  incremental: Capability;
  /** Whether it can be restored into at all. */
  restore: Capability;
}

/** Something that incremental backups need, or that makes them cheaper. */
export interface Prerequisite {
  /** For `meet`: `rangefeeds`. */
  id: string;
  /** Of this database alone; left out for one of the whole cluster. */
  database?: string;
  /** For people: `Rangefeeds`. */
  name: string;
  met: boolean;
  /** What it is for, and what holds without it: one or two sentences. */
  detail: string;
  /** What `meet` would do, as SQL for people; null where it can't be done from here. */
  action: string | null;
}

/** How far back one table can be read. */
export interface GcWindow {
  table: ObjectName;
  seconds: number;
  /**
   * Only what changed is kept so long, and from this time on: bases before it are of no use. Left out where rows
   * themselves can be read back.
   */
  changesSince?: string;
}

/** What snapshots that Holdfast retains of a database cost it. */
export interface HeldBack {
  /** Transactions since the oldest of them: what has been deleted by those can't be cleaned up. */
  transactions: number;
  /** Dead rows in the database right now, whoever holds them back; an estimate. */
  deadRows: number;
}

export interface DatabaseInfo {
  name: string;
  /** Bytes on disk, all objects; null where the cluster can't tell. */
  bytes: number | null;
  /** Belongs to the server itself, not to an application. */
  system: boolean;
}

export interface CatalogObject {
  kind: ObjectKind;
  name: ObjectName;
  /** Estimates; null where unknown (never analysed) or meaningless (views). */
  rows: number | null;
  bytes: number | null;
  dependencies: Dependency[];
  /** For a sequence: the table that owns it and carries it into every backup. */
  ownedBy: ObjectName | null;
  /** Why this object can't be backed up, in one sentence; null when it can. */
  unsupported: string | null;
  /** What a backup of it leaves out (`2 triggers`), for people. */
  leftOut: string[];
  /** Extensions that it needs where it is restored; absent for none. */
  extensions?: Extension[];
}

/** One database's objects as of one moment. */
export interface Catalog {
  database: string;
  objects: CatalogObject[];
  /** What a backup of the whole database leaves out beside what its objects say, for people; absent for nothing. */
  leftOut?: string[];
}

/** A contiguous piece of one table. Ranges of a table are disjoint and cover it. Serialisable: tasks carry it. */
export interface TableRange {
  table: ObjectName;
  /** 0, 1, 2 … in key or block order. */
  index: number;
  /** The adapter's own bounds, start inclusive, end exclusive; null means open. Opaque to everyone else. */
  start: string | null;
  end: string | null;
  leaseholder: NodeId;
  estimatedBytes: number;
  estimatedRows: number;
}

/** A piece of a table by its bounds: a range, or neighbouring ones as one. */
export type TablePiece = Pick<TableRange, 'start' | 'end'>;

/** Is given whatever waits for its turn, and answers what that does: for who counts how long a cluster takes. */
export type TurnWait = <T>(turn: Promise<T>) => Promise<T>;

/**
 * How a table goes into an incremental backup. `feed`: the cluster tells which keys changed. `comparison`: its ranges
 * are read as of both moments and compared. `whole`: all of its rows, as in a full backup.
 */
export type ChangeMethod = 'feed' | 'comparison' | 'whole';

export interface TableChanges {
  table: ObjectName;
  method: ChangeMethod;
  /** Why no cheaper method serves, one sentence for people; null for `feed`. */
  reason: string | null;
}

/** What an incremental backup builds on: the newest base's moment and what tables were then. */
export interface ChangeBase {
  moment: Moment;
  tables: TableDescriptor[];
}

/**
 * A piece of a table's changes between two moments, whole lines of COPY text. `rows`: rows that are new or changed, as
 * they are at the later moment, `storedColumns` in order. `deleted`: keys of rows that are gone, `rowKey` in order.
 */
export interface ChangeChunk {
  kind: 'rows' | 'deleted';
  text: Buffer;
}

/** How a user is a member of a role. */
export interface Membership {
  role: string;
  /** May make others members of it. */
  admin: boolean;
  /** Has its privileges without SET ROLE. PostgreSQL says so of each membership from 16 on; null: as the member's INHERIT. */
  inherit: boolean | null;
  /** May SET ROLE to it, told from PostgreSQL 16 on; null where members always may. */
  set: boolean | null;
}

/** A role or user as the cluster stores it, for the manifest; `attributes` in the cluster's own words. */
export interface ClusterUser {
  name: string;
  /** The stored hash, as the server keeps it; null where there is none or we may not read it. */
  passwordHash: string | null;
  attributes: string[];
  memberOf: string[];
  /** How it is a member of each of them; left out where `memberOf` says all there is. See `membershipsOf`. */
  memberships?: Membership[] | undefined;
}

/** An extension that a server has. */
export interface ExtensionState {
  name: string;
  /** Where what it brings is in the database; null: it could be created there. */
  schema: string | null;
}

/** An object that a restore created in its target database. */
export interface CreatedObject {
  kind: ObjectKind;
  name: ObjectName;
}

export interface SchemaName {
  database: string;
  schema: string;
}

/** What a restore stands on in a cluster, beside the objects that are there. */
export interface RestoreGround {
  /** Whether its user may create databases. */
  createsDatabases: boolean;
  /** Where its user may create nothing: schemas, or with null whole databases. */
  closed: { database: string; schema: string | null }[];
  /** Bytes that are free where rows go; null where that can't be told. */
  freeBytes: number | null;
}

/** What to note in a restore's ledger. */
export interface LedgerNote {
  restore: string;
  created: CreatedObject[];
}

/**
 * One database cluster that can be backed up from and restored into.
 *
 * Every method throws HoldfastError: `cluster-unavailable` (may be retried), `cluster-denied` (names the missing
 * privilege), `undefined-database`, `undefined-object`, `unreadable-moment`. Nothing here retries. Every method
 * takes what it needs as arguments: engines in other processes call the same adapter with the same moment.
 */
export interface Cluster {
  describe(): Promise<ClusterInfo>;

  databases(): Promise<DatabaseInfo[]>;

  /**
   * Objects of one database, now or at a held moment. Their sizes are of now: with a moment they may be left out. Throws
   * `undefined-database`.
   */
  catalog(database: string, at?: Moment): Promise<Catalog>;

  /**
   * Fixes a moment that covers the databases and keeps it readable. `asOf` is the text of AS OF SYSTEM TIME
   * (`-10s`, an ISO time, a decimal HLC), null for the cluster's default. Refuses what can't be read. `backup`: others may
   * build on what is read then, and it builds on `from` itself: both may be prepared for. Without it, nothing is written
   * into the cluster.
   */
  holdMoment(databases: string[], asOf: string | null, backup?: { from: Moment | null }): Promise<HeldMoment>;

  /**
   * Fixes a moment after everything that has been committed by now, for whoever reads what was just written. Where a cluster's
   * default is some time ago, that would not be there yet. Waits for clocks that differ.
   */
  holdLatest(databases: string[]): Promise<HeldMoment>;

  /**
   * Holds a moment that is held elsewhere too, or that can still be read by itself: who does so goes on with it when the
   * other is gone. The answer's moment reads the same rows; what names it may differ (PostgreSQL exports another snapshot).
   * What `descriptors` had the other holder keep from being rewritten by then is kept from it here too. Null when it can't
   * be read any more.
   */
  holdAlso(moment: Moment): Promise<HeldMoment | null>;

  /** Full descriptors of these objects at the moment, in the order asked. */
  descriptors(names: ObjectName[], at: Moment): Promise<Descriptor[]>;

  /** The table's ranges, about `targetBytes` each where the cluster lets us choose. At least one, even of an empty table. */
  ranges(table: ObjectName, at: Moment, targetBytes: number): AsyncIterable<TableRange>;

  /**
   * Who serves pieces of a table now, whoever did when they were planned: for each, how many of its ranges each node is the
   * leaseholder of. The pieces are disjoint and in key order; `at` is the moment that they were planned at.
   */
  leaseholders(
    table: ObjectName,
    at: Moment,
    pieces: readonly TablePiece[],
    signal: AbortSignal,
  ): Promise<Map<NodeId, number>[]>;

  /**
   * The range's rows as COPY text, `storedColumns(table)` in order, one line a row. Destroying the stream stops the read, and so
   * does the signal, also before there is a stream and where the cluster doesn't answer any more. What waits for its turn among
   * the reads of this process does so in `turn`.
   */
  readRange(
    table: TableDescriptor,
    range: TableRange,
    at: Moment,
    signal: AbortSignal,
    turn?: TurnWait,
  ): Promise<Readable>;

  /** What a restore into these schemas could count on; they need not be there, their databases are. */
  restoreGround(into: readonly SchemaName[]): Promise<RestoreGround>;

  users(): Promise<ClusterUser[]>;

  /**
   * Creates a user as it was in a cluster of this kind, with its password's hash, options and memberships. Answers what
   * could not be done, one sentence each for people: a membership in a role that isn't there, a hash that this cluster
   * can't take. Throws `duplicate-object`, `unsupported` for names that are the cluster's own, `cluster-denied`. No
   * error and no answer has the hash.
   */
  createUser(user: ClusterUser): Promise<string[]>;

  /**
   * Makes a user that is there what `createUser` would have made it. Memberships that it has besides stay, and so does
   * its password where `passwordHash` is null. Answers and throws as that does; `undefined-object` where there is none.
   */
  updateUser(user: ClusterUser): Promise<string[]>;

  // Incremental backups: what changed between a base's moment and a later one.

  /** How far back the tables of a database can be read, in their order by name; empty where nothing limits it. */
  gcWindows(database: string): Promise<GcWindow[]>;

  /** What retained snapshots of a database cost; null for clusters that keep their past by themselves. */
  heldBack(database: string): Promise<HeldBack | null>;

  /**
   * What incremental backups need or gain by here, with `database` what those of that database do too. Empty where there
   * is nothing to turn on.
   */
  prerequisites(database?: string): Promise<Prerequisite[]>;

  /** Turns a prerequisite on, in its database if it has one. Throws `unsupported` for one without an action, `cluster-denied`. */
  meet(id: string, database?: string): Promise<void>;

  /**
   * After a backup, and now and then (null): lets go of what the cluster keeps for incremental backups longer than the
   * policy says, and readies what the next one that builds on this backup needs. Answers what it did, a sentence each for
   * people.
   */
  tend(backup: { databases: readonly string[]; moment: Moment } | null): Promise<string[]>;

  /**
   * Why, whatever its table, nothing in these databases can build on a backup of each of these moments now, a sentence for
   * people; null where that doesn't stand in the way.
   */
  whyNoBases(moments: readonly Moment[], databases: readonly string[]): Promise<(string | null)[]>;

  /**
   * How each table's changes since the base can be found, in the order given. A table that wasn't there, was rewritten
   * or has other columns than in the base is stored whole. Throws `unreadable-moment`, naming the table and the deadline
   * that passed, when the base has left a table's GC window.
   */
  planChanges(base: ChangeBase, tables: TableDescriptor[], at: Moment): Promise<TableChanges[]>;

  /** The pieces in which a table's changes are read: disjoint, and together they have every change. At least one. */
  changeRanges(
    table: TableDescriptor,
    method: Exclude<ChangeMethod, 'whole'>,
    from: Moment,
    at: Moment,
  ): AsyncIterable<TableRange>;

  /**
   * What changed in a piece after `from` and up to `at`. A key comes in one chunk of one kind, once. Where a feed turns
   * out not to serve, the piece is compared instead, and `onCompared` is told why, a sentence for people.
   */
  readChanges(
    table: TableDescriptor,
    method: Exclude<ChangeMethod, 'whole'>,
    range: TableRange,
    from: Moment,
    at: Moment,
    signal: AbortSignal,
    onCompared?: (reason: string) => void,
  ): AsyncIterable<ChangeChunk>;

  // The restore side. All take the database to restore into, which need not be the descriptor's.

  /**
   * Creates a database with the restore's ledger in it, so that it is never in doubt who made it. Throws
   * `duplicate-database`.
   */
  createDatabase(name: string, restore: string): Promise<void>;
  /** Drops a database that has this restore's ledger, or that was left half made by it. Others are left alone. */
  dropDatabase(name: string, restore: string): Promise<void>;
  /** Makes sure that a schema exists; one that this call creates is noted in the restore's ledger. */
  ensureSchema(database: string, schema: string, restore: string): Promise<void>;
  /** Extensions that are in a database, or could be created there; null for a database that is yet to be made. */
  extensions(database: string | null): Promise<ExtensionState[]>;
  /** Creates an extension, with those that it needs; what this call creates is noted in the restore's ledger. */
  createExtension(database: string, extension: Extension, restore: string): Promise<void>;
  /**
   * Runs the statements one after the other, in one transaction where the cluster can. With `note`, what they
   * create is noted in the restore's ledger in that same transaction. Answers what this cluster can't have and was
   * left out of them, one sentence each for people; anything else that it can't have throws.
   */
  runDdl(database: string, statements: string[], signal: AbortSignal, note?: LedgerNote): Promise<string[]>;
  /**
   * Loads COPY text into the table: all of it or nothing, and, by `once`, one time however often it is tried:
   * a key that the ledger has already is not loaded again. A source stream that fails (a checksum that doesn't
   * hold) leaves nothing behind. Answers the rows loaded, by this call or the earlier one.
   */
  load(
    database: string,
    table: TableDescriptor,
    rows: Readable,
    signal: AbortSignal,
    once?: { restore: string; key: string },
  ): Promise<{ rows: number }>;
  /**
   * Removes rows by their keys: COPY text, `rowKey` in order. All or nothing and, by `once`, one time, as in `load`; keys
   * that aren't there are fine. Answers the keys read, by this call or the earlier one.
   */
  removeKeys(
    database: string,
    table: TableDescriptor,
    keys: Readable,
    signal: AbortSignal,
    once?: { restore: string; key: string },
  ): Promise<{ rows: number }>;
  /** Sets a restored sequence to the recorded state. */
  setSequence(database: string, name: ObjectName, lastValue: string, isCalled: boolean): Promise<void>;

  /**
   * Opens a restore's ledger in the database that is restored into: what it created and which files it loaded,
   * written in the same transactions, so that whoever takes the restore over knows exactly what is its own.
   * `restore` is the job's number. Opening it again is fine.
   */
  openLedger(database: string, restore: string): Promise<void>;
  /**
   * Drops what the ledger names and nothing that depends on it from outside; schemas only when they are empty
   * then. Objects that are gone already are fine. Answers false when there is no such ledger, or no such database.
   */
  undoLedger(database: string, restore: string): Promise<boolean>;
  /** Removes the ledger. One that isn't there is fine. */
  closeLedger(database: string, restore: string): Promise<void>;

  /** Closes every connection, held moments too. */
  close(): Promise<void>;
}
