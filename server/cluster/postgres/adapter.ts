import type { Readable } from 'node:stream';
import type {
  Catalog,
  CatalogObject,
  ChangeBase,
  ChangeChunk,
  ChangeMethod,
  Cluster,
  ClusterInfo,
  ClusterUser,
  DatabaseInfo,
  ExtensionState,
  GcWindow,
  HeldBack,
  LedgerNote,
  NodeId,
  Prerequisite,
  RestoreGround,
  SchemaName,
  TableChanges,
  TablePiece,
  TableRange,
  TurnWait,
} from '../cluster.ts';
import type { Descriptor, Extension, TableDescriptor } from '../descriptor.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import { nameKey, type ObjectName } from '../names.ts';
import type { RetainedPast } from '../past.ts';
import { type KnownObject, Catalogs } from './catalog.ts';
import { changeWindows, planChanges, whyNoBases } from './changes/plan.ts';
import { readPrerequisites } from './changes/prerequisites.ts';
import { Changes } from './changes/read.ts';
import { Tending } from './changes/tending.ts';
import { meet } from './changes/turn-on.ts';
import { Connections } from './connections.ts';
import { readDescriptors } from './descriptors.ts';
import { createExtension, listExtensions } from './extensions.ts';
import { restoreGround } from './ground.ts';
import { heldBack } from './held-back.ts';
import { leftOutOf } from './left-out.ts';
import * as ledger from './ledger.ts';
import { load } from './load.ts';
import { begin, Moments } from './moment.ts';
import { tableRanges, THE_NODE } from './ranges.ts';
import { readRange } from './read.ts';
import { removeKeys } from './remove-keys.ts';
import * as restore from './restore.ts';
import { describeServer, listDatabases } from './server-info.ts';
import { createUser, updateUser } from './put-user.ts';
import { readUsers } from './users.ts';

export interface PostgresOptions {
  /** What is retained of the server's past; nothing unless told. */
  past?: RetainedPast | undefined;
  now?: () => Date;
}

/** A PostgreSQL server, 13 or later. */
export class PostgresCluster implements Cluster {
  readonly #connections: Connections;
  readonly #moments: Moments;
  readonly #catalogs = new Catalogs();
  readonly #changes: Changes;
  readonly #tending: Tending;
  readonly #past: RetainedPast | null;

  /** Connects when it is first used. Throws `invalid-value` for a URL that can't be understood. */
  constructor(url: string, applicationName: string, options: PostgresOptions = {}) {
    const { past = null, now = () => new Date() } = options;
    this.#connections = new Connections(url, applicationName);
    this.#changes = new Changes(this.#connections);
    this.#tending = new Tending(this.#connections, now);
    this.#moments = new Moments(this.#connections, past);
    this.#past = past;
  }

  async describe(): Promise<ClusterInfo> {
    const asOf = await this.#past?.capability();
    return this.#connections.use(this.#connections.homeDatabase, (session) => describeServer(session, asOf));
  }

  databases(): Promise<DatabaseInfo[]> {
    return this.#connections.use(this.#connections.homeDatabase, listDatabases);
  }

  catalog(database: string, at?: Moment): Promise<Catalog> {
    return this.#connections.use(database, async (session) => {
      await begin(session, at);
      const objects = await this.#catalogs.of(session, at);
      const leftOut = await leftOutOf(session, objects);
      await session.run('end a transaction', 'COMMIT');
      return { database, objects: objects.map(shown), leftOut };
    });
  }

  async holdMoment(
    databases: string[],
    asOf: string | null,
    backup?: { from: Moment | null },
  ): Promise<HeldMoment> {
    const held = await this.#moments.hold(databases, asOf, async (database) => {
      if (backup !== undefined) await this.#tending.markBefore(database);
    });
    if (backup?.from) this.#changes.expect(databases, backup.from, held.moment);
    return held;
  }

  /** A snapshot sees what was committed before it was taken. */
  holdLatest(databases: string[]): Promise<HeldMoment> {
    return this.holdMoment(databases, null);
  }

  holdAlso(moment: Moment): Promise<HeldMoment | null> {
    return this.#moments.holdAlso(moment);
  }

  async descriptors(names: ObjectName[], at: Moment): Promise<Descriptor[]> {
    const found = new Map<string, Descriptor>();
    for (const database of new Set(names.map((name) => name.database))) {
      const here = names.filter((name) => name.database === database);
      for (const descriptor of await readDescriptors(
        { connections: this.#connections, moments: this.#moments, catalogs: this.#catalogs },
        database,
        here,
        at,
      ))
        found.set(nameKey(descriptor.name), descriptor);
    }
    return names.flatMap((name) => found.get(nameKey(name)) ?? []);
  }

  ranges(table: ObjectName, at: Moment, targetBytes: number): AsyncIterable<TableRange> {
    return tableRanges(this.#connections, table, at, targetBytes);
  }

  /** There is one node. */
  leaseholders(
    _table: ObjectName,
    _at: Moment,
    pieces: readonly TablePiece[],
  ): Promise<Map<NodeId, number>[]> {
    return Promise.resolve(pieces.map(() => new Map([[THE_NODE, 1]])));
  }

  readRange(
    table: TableDescriptor,
    range: TableRange,
    at: Moment,
    signal: AbortSignal,
    turn?: TurnWait,
  ): Promise<Readable> {
    return readRange(this.#connections, table, range, at, signal, turn);
  }

  gcWindows(database: string): Promise<GcWindow[]> {
    return this.#connections.use(database, changeWindows);
  }

  prerequisites(database?: string): Promise<Prerequisite[]> {
    return this.#connections.use(database ?? this.#connections.homeDatabase, (session) =>
      readPrerequisites(session, database !== undefined),
    );
  }

  meet(id: string, database?: string): Promise<void> {
    return this.#connections.use(database ?? this.#connections.homeDatabase, (session) => meet(session, id));
  }

  tend(backup: { databases: readonly string[]; moment: Moment } | null): Promise<string[]> {
    return this.#tending.tend(backup);
  }

  whyNoBases(moments: readonly Moment[], databases: readonly string[]): Promise<(string | null)[]> {
    return whyNoBases(this.#connections, moments, databases);
  }

  planChanges(base: ChangeBase, tables: TableDescriptor[], at: Moment): Promise<TableChanges[]> {
    return planChanges(this.#connections, base, tables, at);
  }

  changeRanges(table: TableDescriptor): AsyncIterable<TableRange> {
    return this.#changes.ranges(table);
  }

  readChanges(
    table: TableDescriptor,
    _method: Exclude<ChangeMethod, 'whole'>,
    _range: TableRange,
    from: Moment,
    at: Moment,
    signal: AbortSignal,
  ): AsyncIterable<ChangeChunk> {
    return this.#changes.read({ table, from, at, signal });
  }

  heldBack(database: string): Promise<HeldBack> {
    return heldBack(this.#connections, database);
  }

  restoreGround(into: readonly SchemaName[]): Promise<RestoreGround> {
    return restoreGround(this.#connections, into);
  }

  users(): Promise<ClusterUser[]> {
    return this.#connections.use(this.#connections.homeDatabase, readUsers);
  }

  createUser(user: ClusterUser): Promise<string[]> {
    return this.#connections.use(this.#connections.homeDatabase, (session) => createUser(session, user));
  }

  updateUser(user: ClusterUser): Promise<string[]> {
    return this.#connections.use(this.#connections.homeDatabase, (session) => updateUser(session, user));
  }

  createDatabase(name: string, forRestore: string): Promise<void> {
    return restore.createDatabase(this.#connections, name, forRestore);
  }

  dropDatabase(name: string, forRestore: string): Promise<void> {
    return restore.dropDatabase(this.#connections, name, forRestore);
  }

  ensureSchema(database: string, schema: string, forRestore: string): Promise<void> {
    return restore.ensureSchema(this.#connections, database, schema, forRestore);
  }

  extensions(database: string | null): Promise<ExtensionState[]> {
    return listExtensions(this.#connections, database);
  }

  createExtension(database: string, extension: Extension, forRestore: string): Promise<void> {
    return createExtension(this.#connections, database, extension, forRestore);
  }

  async runDdl(
    database: string,
    statements: string[],
    signal: AbortSignal,
    note?: LedgerNote,
  ): Promise<string[]> {
    await restore.runDdl(this.#connections, database, statements, signal, note);
    return [];
  }

  load(
    database: string,
    table: TableDescriptor,
    rows: Readable,
    signal: AbortSignal,
    once?: { restore: string; key: string },
  ): Promise<{ rows: number }> {
    return load(this.#connections, database, table, rows, signal, once);
  }

  removeKeys(
    database: string,
    table: TableDescriptor,
    keys: Readable,
    signal: AbortSignal,
    once?: { restore: string; key: string },
  ): Promise<{ rows: number }> {
    return removeKeys(this.#connections, database, table, keys, signal, once);
  }

  setSequence(database: string, name: ObjectName, lastValue: string, isCalled: boolean): Promise<void> {
    return restore.setSequence(this.#connections, database, name, lastValue, isCalled);
  }

  openLedger(database: string, forRestore: string): Promise<void> {
    return ledger.openLedger(this.#connections, database, forRestore);
  }

  undoLedger(database: string, forRestore: string): Promise<boolean> {
    return ledger.undoLedger(this.#connections, database, forRestore);
  }

  closeLedger(database: string, forRestore: string): Promise<void> {
    return ledger.closeLedger(this.#connections, database, forRestore);
  }

  async close(): Promise<void> {
    await this.#changes.close();
    await this.#tending.close();
    await this.#connections.close();
  }
}

/** A catalog object without what only the adapter needs. */
function shown({ found: _found, owner: _owner, ...object }: KnownObject): CatalogObject {
  return object;
}
