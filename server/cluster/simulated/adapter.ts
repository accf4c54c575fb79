import type { Readable } from 'node:stream';
import { HoldfastError } from '../../errors.ts';
import type {
  Capability,
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
  Prerequisite,
  TableChanges,
  TableRange,
} from '../cluster.ts';
import type { Descriptor, Extension, TableDescriptor } from '../descriptor.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import { nameKey, type ObjectName, printName, quoteIdent } from '../names.ts';
import { GC_WINDOW_SECONDS, simulatedMoment } from './as-of.ts';
import { catalogOf, fullName } from './catalog.ts';
import { changeChunks, planTableChanges } from './changes.ts';
import { describeObject } from './descriptors.ts';
import { nanosecondsOf, TableLife } from './life.ts';
import { type SimulatedDatabase, type SimulatedTable, sameName, type World } from './model.ts';
import { ordinalsOf, splitTable } from './ranges.ts';
import { canceled, streamRows } from './read.ts';
import { averageRowBytes, rowWriter, tableSalt } from './rows.ts';
import { RULES_VERSION } from './world.ts';

const RESTORE: Capability = {
  available: false,
  reason: 'A simulated cluster keeps nothing: its rows are made up while they are read.',
  remedy: 'Restore into a PostgreSQL server, which takes backups of simulated clusters too.',
};

/** A table, and all that is worked out from where it is. */
interface Found {
  database: SimulatedDatabase;
  table: SimulatedTable;
  salt: number;
  life: TableLife;
}

/**
 * A pretend cluster: nodes, ranges and rows that are functions of its world and of time, so that every process that
 * opens the same URL reads the same bytes as of the same moment. What writes is refused: there is nothing to write to.
 */
export class SimulatedCluster implements Cluster {
  readonly #world: World;
  readonly #now: () => Date;
  readonly #reads = new Set<Readable>();
  readonly #rowBytes = new Map<SimulatedTable, number>();
  readonly #closing = new AbortController();

  constructor(world: World, now: () => Date = () => new Date()) {
    this.#world = world;
    this.#now = now;
  }

  /** How many ranges are being read. */
  get reads(): number {
    return this.#reads.size;
  }

  async describe(): Promise<ClusterInfo> {
    this.#assertOpen();
    return {
      kind: 'simulated',
      version: RULES_VERSION,
      identity: this.#world.identity,
      user: 'root',
      nodes: this.#world.nodes,
      asOf: { available: true },
      incremental: { available: true },
      restore: RESTORE,
    };
  }

  async databases(): Promise<DatabaseInfo[]> {
    this.#assertOpen();
    return this.#world.databases.map((database) => ({
      name: database.name,
      bytes: database.tables.reduce((sum, table) => sum + this.#bytesOf(database, table), 0),
      system: false,
    }));
  }

  async catalog(database: string, at?: Moment): Promise<Catalog> {
    this.#assertOpen();
    if (at !== undefined) assertReadable(at);
    const found = this.#database(database);
    const sizeOf = (table: SimulatedTable) => ({
      rows: this.#rowsOf(found, table),
      bytes: this.#bytesOf(found, table),
    });
    return { database, objects: catalogOf(found, sizeOf) };
  }

  /** Nothing is ever collected, so what has been readable once stays so. */
  async holdMoment(databases: string[], asOf: string | null): Promise<HeldMoment> {
    this.#assertOpen();
    for (const database of databases) this.#database(database);
    if (databases.length === 0)
      throw new HoldfastError('empty-selection', 'a moment was asked for, but of no database');
    return {
      moment: simulatedMoment(asOf, this.#now()),
      lost: new AbortController().signal,
      release: async () => undefined,
    };
  }

  async holdAlso(moment: Moment): Promise<HeldMoment | null> {
    this.#assertOpen();
    const age = this.#now().getTime() - Date.parse(moment.at);
    if (moment.kind !== 'hlc' || age > GC_WINDOW_SECONDS * 1000) return null;
    return { moment, lost: new AbortController().signal, release: async () => undefined };
  }

  async descriptors(names: ObjectName[], at: Moment): Promise<Descriptor[]> {
    this.#assertOpen();
    assertReadable(at);
    return names.map((name) => {
      const descriptor = describeObject(this.#world.identity, this.#database(name.database), name);
      if (descriptor === null) throw missing(name);
      return descriptor;
    });
  }

  /** The cluster's own ranges, whatever size is asked for. */
  async *ranges(table: ObjectName, at: Moment, _targetBytes: number): AsyncGenerator<TableRange, void> {
    this.#assertOpen();
    assertReadable(at);
    const found = this.#table(table);
    yield* this.#split(found, found.life.share);
  }

  async readRange(
    table: TableDescriptor,
    range: TableRange,
    at: Moment,
    signal: AbortSignal,
  ): Promise<Readable> {
    this.#assertOpen();
    assertReadable(at);
    const doing = `read range ${range.index} of ${printName(table.name)}`;
    if (signal.aborted) throw canceled(signal, doing);
    const { table: found, salt, life } = this.#table(table.name);
    const write = rowWriter(found, salt);
    const step = life.stepAt(at);
    const stream = streamRows(
      (ordinal) => {
        const version = life.version(ordinal, step);
        return life.isThere(ordinal, version) ? write(ordinal, version) : null;
      },
      ordinalsOf(range, found.rows),
      signal,
      doing,
    );
    this.#reads.add(stream);
    stream.once('close', () => this.#reads.delete(stream));
    return stream;
  }

  async users(): Promise<ClusterUser[]> {
    this.#assertOpen();
    return [
      { name: 'admin', passwordHash: null, attributes: [], memberOf: [] },
      { name: 'root', passwordHash: null, attributes: [], memberOf: ['admin'] },
      { name: 'teller', passwordHash: null, attributes: [], memberOf: [] },
    ];
  }

  createUser({ name }: ClusterUser): Promise<string[]> {
    return refused(`create user ${quoteIdent(name)}`);
  }

  updateUser({ name }: ClusterUser): Promise<string[]> {
    return refused(`update user ${quoteIdent(name)}`);
  }

  heldBack(): Promise<null> {
    return Promise.resolve(null);
  }

  async gcWindows(database: string): Promise<GcWindow[]> {
    this.#assertOpen();
    const { tables } = this.#database(database);
    return tables
      .map((table) => ({ table: fullName(database, table), seconds: GC_WINDOW_SECONDS }))
      .sort((a, b) => compareNames(a.table, b.table));
  }

  /** What changed is worked out: there is nothing to turn on. */
  async prerequisites(): Promise<Prerequisite[]> {
    this.#assertOpen();
    return [];
  }

  meet(id: string): Promise<void> {
    return Promise.reject(
      new HoldfastError('unsupported', `there is no '${id}' to turn on in a simulated cluster`, {
        hint: 'Incremental backups of it need nothing.',
      }),
    );
  }

  /** Its GC window says it. */
  whyNoBases(moments: readonly Moment[]): Promise<null[]> {
    return Promise.resolve(moments.map(() => null));
  }

  /** Nothing is kept. */
  tend(): Promise<string[]> {
    return Promise.resolve([]);
  }

  async planChanges(base: ChangeBase, tables: TableDescriptor[], at: Moment): Promise<TableChanges[]> {
    this.#assertOpen();
    assertReadable(at);
    for (const { name } of tables) this.#table(name);
    return planTableChanges(base, tables, this.#now());
  }

  /** The table's own ranges, where they are. */
  async *changeRanges(
    table: TableDescriptor,
    _method: Exclude<ChangeMethod, 'whole'>,
    from: Moment,
    at: Moment,
  ): AsyncGenerator<TableRange, void> {
    this.#assertOpen();
    const found = this.#table(table.name);
    const { life } = found;
    yield* this.#split(found, life.share * life.changedShare(life.stepAt(at) - life.stepAt(from)));
  }

  async *readChanges(
    table: TableDescriptor,
    _method: Exclude<ChangeMethod, 'whole'>,
    range: TableRange,
    from: Moment,
    at: Moment,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeChunk, void> {
    this.#assertOpen();
    const doing = `read what changed in range ${range.index} of ${printName(table.name)}`;
    const { table: found, salt, life } = this.#table(table.name);
    if (found.primaryKey === null)
      throw new HoldfastError('unsupported', `can't ${doing}: the table has no key`, {
        hint: 'Back the table up whole.',
      });
    yield* changeChunks(
      {
        life,
        writeRow: rowWriter(found, salt),
        writeKey: rowWriter(found, salt, found.primaryKey),
        ...ordinalsOf(range, found.rows),
        from: life.stepAt(from),
        to: life.stepAt(at),
      },
      AbortSignal.any([signal, this.#closing.signal]),
      doing,
    );
  }

  createDatabase(name: string): Promise<void> {
    return refused(`create the database ${quoteIdent(name)}`);
  }

  dropDatabase(name: string): Promise<void> {
    return refused(`drop the database ${quoteIdent(name)}`);
  }

  ensureSchema(database: string, schema: string): Promise<void> {
    return refused(`create the schema ${quoteIdent(database)}.${quoteIdent(schema)}`);
  }

  extensions(): Promise<ExtensionState[]> {
    return Promise.resolve([]);
  }

  createExtension(database: string, { name }: Extension): Promise<void> {
    return refused(`create the extension ${quoteIdent(name)} in ${quoteIdent(database)}`);
  }

  runDdl(database: string): Promise<string[]> {
    return refused(`change the database ${quoteIdent(database)}`);
  }

  load(_database: string, table: TableDescriptor): Promise<{ rows: number }> {
    return refused(`load rows into ${printName(table.name)}`);
  }

  removeKeys(_database: string, table: TableDescriptor): Promise<{ rows: number }> {
    return refused(`remove rows from ${printName(table.name)}`);
  }

  setSequence(_database: string, name: ObjectName): Promise<void> {
    return refused(`set the sequence ${printName(name)}`);
  }

  openLedger(database: string): Promise<void> {
    return refused(`note a restore in the database ${quoteIdent(database)}`);
  }

  /** No restore ever began, so there is nothing to undo. */
  async undoLedger(): Promise<boolean> {
    return false;
  }

  /** No restore ever began, so no ledger is there. */
  async closeLedger(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing.abort(closedError());
    for (const stream of this.#reads) stream.destroy(closedError());
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }

  #database(name: string): SimulatedDatabase {
    const database = this.#world.databases.find((candidate) => candidate.name === name);
    if (database === undefined)
      throw new HoldfastError(
        'undefined-database',
        `database ${quoteIdent(name)} does not exist in the simulated cluster`,
        { hint: 'Check the name.', field: 'targets' },
      );
    return database;
  }

  #table(name: ObjectName): Found {
    const database = this.#database(name.database);
    const table = database.tables.find((candidate) => sameName(candidate, name));
    if (table === undefined) throw missing(name);
    return { database, table, salt: this.#saltOf(database, table), life: this.#lifeOf(database, table) };
  }

  #split({ database, table, salt }: Found, share: number): Iterable<TableRange> {
    const split = {
      name: fullName(database.name, table),
      rows: table.rows,
      share,
      rowBytes: this.#rowBytesOf(database, table),
      salt,
    };
    return splitTable(split, this.#world.nodes, this.#world.rangeBytes);
  }

  #saltOf(database: SimulatedDatabase, table: SimulatedTable): number {
    return tableSalt(this.#world.seed, database.name, table);
  }

  #lifeOf(database: SimulatedDatabase, table: SimulatedTable): TableLife {
    return new TableLife(database, table, this.#saltOf(database, table), this.#world.changes);
  }

  /** How many rows there are at any moment, about. */
  #rowsOf(database: SimulatedDatabase, table: SimulatedTable): number {
    return Math.round(this.#lifeOf(database, table).share * table.rows);
  }

  #rowBytesOf(database: SimulatedDatabase, table: SimulatedTable): number {
    const known = this.#rowBytes.get(table);
    if (known !== undefined) return known;
    const bytes = averageRowBytes(table, this.#saltOf(database, table));
    this.#rowBytes.set(table, bytes);
    return bytes;
  }

  #bytesOf(database: SimulatedDatabase, table: SimulatedTable): number {
    return Math.round(this.#rowBytesOf(database, table) * this.#rowsOf(database, table));
  }
}

function assertReadable(at: Moment): void {
  nanosecondsOf(at);
}

function compareNames(one: ObjectName, other: ObjectName): number {
  const [a, b] = [nameKey(one), nameKey(other)];
  return a < b ? -1 : Number(a > b);
}

function missing(name: ObjectName): HoldfastError {
  return new HoldfastError('undefined-object', `${printName(name)} does not exist`, {
    hint: 'Check the name: it has the parts database, schema and object.',
    field: 'targets',
  });
}

function closedError(): HoldfastError {
  return new HoldfastError('cluster-unavailable', 'the simulated cluster has been closed');
}

async function refused(doing: string): Promise<never> {
  throw new HoldfastError('unsupported', `can't ${doing}: a simulated cluster keeps nothing`, {
    hint: 'Restore into a real cluster.',
    field: 'cluster',
  });
}
