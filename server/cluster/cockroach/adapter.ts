import type { Readable } from 'node:stream';
import type {
  Catalog,
  ChangeBase,
  ChangeChunk,
  ChangeMethod,
  Cluster,
  ClusterInfo,
  ClusterUser,
  DatabaseInfo,
  ExtensionState,
  GcWindow,
  LedgerNote,
  NodeId,
  Prerequisite,
  RestoreGround,
  TableChanges,
  TablePiece,
  TableRange,
  TurnWait,
} from '../cluster.ts';
import { HoldfastError } from '../../errors.ts';
import type { Descriptor, Extension, TableDescriptor } from '../descriptor.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import { nameKey, type ObjectName, quoteIdent } from '../names.ts';
import { readObjects, shown } from './catalog.ts';
import { planChanges } from './changes/plan.ts';
import { wholeTable } from './changes/ranges.ts';
import { readChanges } from './changes/read.ts';
import { meet, readPrerequisites } from './changes/rangefeeds.ts';
import { Connections } from './connections.ts';
import { readDescriptors } from './descriptors.ts';
import { addEstimates } from './estimates.ts';
import { tableWindows } from './gc.ts';
import { inMoment } from './hlc.ts';
import * as ledger from './ledger.ts';
import { leaseholders } from './leaseholders.ts';
import { load } from './load.ts';
import { DEFAULT_AS_OF, holdAlso, holdLatest, holdMoment } from './moment.ts';
import { tableRanges } from './ranges.ts';
import { readRange } from './read.ts';
import { removeKeys } from './remove-keys.ts';
import * as restore from './restore.ts';
import { Schemas } from './schemas.ts';
import { describeCluster, listDatabases } from './server-info.ts';
import { createUser, updateUser } from './put-user.ts';
import { readUsers } from './users.ts';

export interface CockroachOptions {
  /** What holdMoment takes where AS OF SYSTEM TIME was not given. */
  defaultAsOf?: string;
  /** How many ranges are read from one node at once; see READS_PER_NODE. */
  readsPerNode?: number;
}

/** A CockroachDB cluster, 20.2 or later. */
export class CockroachCluster implements Cluster {
  readonly #connections: Connections;
  readonly #schemas: Schemas;
  readonly #defaultAsOf: string;

  /** Connects when it is first used. Throws `invalid-value` for a URL that can't be understood. */
  constructor(url: string, applicationName: string, options: CockroachOptions = {}) {
    this.#connections = new Connections(url, applicationName, options.readsPerNode);
    this.#schemas = new Schemas(this.#connections);
    this.#defaultAsOf = options.defaultAsOf ?? DEFAULT_AS_OF;
  }

  describe(): Promise<ClusterInfo> {
    return describeCluster(this.#connections);
  }

  databases(): Promise<DatabaseInfo[]> {
    return this.#connections.use(this.#connections.homeDatabase, listDatabases);
  }

  async catalog(database: string, at?: Moment): Promise<Catalog> {
    const objects =
      at === undefined
        ? await this.#connections.use(database, async (session) => {
            const found = await inMoment(session, undefined, () => readObjects(session));
            await addEstimates(session, found);
            return found;
          })
        : (await this.#schemas.of(database, at)).objects;
    return { database, objects: objects.map(shown) };
  }

  holdMoment(databases: string[], asOf: string | null): Promise<HeldMoment> {
    return holdMoment(this.#connections, databases, asOf, this.#defaultAsOf);
  }

  holdLatest(databases: string[]): Promise<HeldMoment> {
    return holdLatest(this.#connections, databases);
  }

  holdAlso(moment: Moment): Promise<HeldMoment | null> {
    return holdAlso(this.#connections, moment);
  }

  async descriptors(names: ObjectName[], at: Moment): Promise<Descriptor[]> {
    const found = new Map<string, Descriptor>();
    for (const database of new Set(names.map((name) => name.database))) {
      const here = names.filter((name) => name.database === database);
      for (const descriptor of await readDescriptors(this.#connections, this.#schemas, database, here, at))
        found.set(nameKey(descriptor.name), descriptor);
    }
    return names.flatMap((name) => found.get(nameKey(name)) ?? []);
  }

  /** The cluster decides how large its ranges are: `targetBytes` is of no use here. */
  ranges(table: ObjectName, at: Moment): AsyncIterable<TableRange> {
    return tableRanges(this.#connections, this.#schemas, table, at);
  }

  leaseholders(
    table: ObjectName,
    at: Moment,
    pieces: readonly TablePiece[],
    signal: AbortSignal,
  ): Promise<Map<NodeId, number>[]> {
    return leaseholders(this.#connections, this.#schemas, table, at, pieces, signal);
  }

  readRange(
    table: TableDescriptor,
    range: TableRange,
    at: Moment,
    signal: AbortSignal,
    turn?: TurnWait,
  ): Promise<Readable> {
    return readRange(this.#connections, this.#schemas, table, range, at, signal, turn);
  }

  gcWindows(database: string): Promise<GcWindow[]> {
    return this.#connections.use(database, tableWindows);
  }

  heldBack(): Promise<null> {
    return Promise.resolve(null);
  }

  prerequisites(): Promise<Prerequisite[]> {
    return this.#connections.use(this.#connections.homeDatabase, readPrerequisites);
  }

  meet(id: string): Promise<void> {
    return this.#connections.use(this.#connections.homeDatabase, (session) => meet(session, id));
  }

  /** The zones' GC windows see to it. */
  tend(): Promise<string[]> {
    return Promise.resolve([]);
  }

  /** Its GC windows say it. */
  whyNoBases(moments: readonly Moment[]): Promise<null[]> {
    return Promise.resolve(moments.map(() => null));
  }

  planChanges(base: ChangeBase, tables: TableDescriptor[], at: Moment): Promise<TableChanges[]> {
    return planChanges(this.#connections, this.#schemas, base, tables, at);
  }

  changeRanges(
    table: TableDescriptor,
    method: Exclude<ChangeMethod, 'whole'>,
    _from: Moment,
    at: Moment,
  ): AsyncIterable<TableRange> {
    const ranges = tableRanges(this.#connections, this.#schemas, table.name, at);
    return method === 'comparison' ? ranges : wholeTable(ranges);
  }

  readChanges(
    table: TableDescriptor,
    method: Exclude<ChangeMethod, 'whole'>,
    range: TableRange,
    from: Moment,
    at: Moment,
    signal: AbortSignal,
    onCompared?: (reason: string) => void,
  ): AsyncIterable<ChangeChunk> {
    const read = { table, method, range, from, at, signal, onCompared };
    return readChanges(this.#connections, this.#schemas, read);
  }

  /** Its user has the admin role, or `describe` has refused it: it may create everything, everywhere. */
  restoreGround(): Promise<RestoreGround> {
    return Promise.resolve({ createsDatabases: true, closed: [], freeBytes: null });
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

  extensions(): Promise<ExtensionState[]> {
    return Promise.resolve([]);
  }

  createExtension(_database: string, { name }: Extension): Promise<void> {
    return Promise.reject(
      new HoldfastError('unsupported', `CockroachDB has no extension ${quoteIdent(name)}`),
    );
  }

  runDdl(database: string, statements: string[], signal: AbortSignal, note?: LedgerNote): Promise<string[]> {
    return restore.runDdl(this.#connections, database, statements, signal, note);
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

  close(): Promise<void> {
    return this.#connections.close();
  }
}
