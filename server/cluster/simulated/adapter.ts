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
  NodeId,
  Prerequisite,
  RestoreGround,
  TableChanges,
  TablePiece,
  TableRange,
} from '../cluster.ts';
import type { Descriptor, Extension, TableDescriptor } from '../descriptor.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import { nameKey, type ObjectName, printName, quoteIdent } from '../names.ts';
import { simulatedMoment } from './as-of.ts';
import { catalogOf, fullName } from './catalog.ts';
import { changeChunks, planTableChanges } from './changes.ts';
import { CLOCK, type SimulationClock } from './clock.ts';
import { describeObject } from './descriptors.ts';
import { heldMoment } from './held.ts';
import { type Found, Lookup, missing, rowsOfStep } from './lookup.ts';
import type { World } from './model.ts';
import { Nodes } from './nodes.ts';
import { assertInWindow, deadlineOf, Passage } from './passage.ts';
import { leaseholdersOf, ordinalsOf, RangeLayout } from './ranges.ts';
import { canceled, streamRows } from './read.ts';
import { rowWriter } from './rows.ts';
import { answerInTime } from './timeouts.ts';
import { RULES_VERSION } from './world.ts';

const RESTORE: Capability = {
  available: false,
  reason: 'A simulated cluster keeps nothing: its rows are made up while they are read.',
  remedy: 'Restore into a PostgreSQL server, which takes backups of simulated clusters too.',
};

/**
 * A pretend cluster: nodes, ranges and rows that are functions of its world and of time, so that every process that
 * opens the same URL reads the same bytes as of the same moment. What writes is refused: there is nothing to write to.
 */
export class SimulatedCluster implements Cluster {
  readonly #world: World;
  readonly #clock: SimulationClock;
  readonly #lookup: Lookup;
  readonly #nodes: Nodes;
  readonly #reads = new Set<Readable>();
  readonly #closing = new AbortController();

  /** All of its time is the clock's: a test may give one that it moves by itself. */
  constructor(world: World, clock: Partial<SimulationClock> = {}) {
    this.#world = world;
    this.#clock = {
      now: () => clock.now?.() ?? CLOCK.now(),
      sleep: (ms, signal) => clock.sleep?.(ms, signal) ?? CLOCK.sleep(ms, signal),
    };
    this.#lookup = new Lookup(world);
    this.#nodes = new Nodes(world);
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
      nodes: this.#nodes.at(this.#now()),
      asOf: { available: true },
      incremental: { available: true },
      restore: RESTORE,
    };
  }

  async databases(): Promise<DatabaseInfo[]> {
    this.#assertOpen();
    return this.#world.databases.map((database) => ({
      name: database.name,
      bytes: database.tables.reduce(
        (sum, table) => sum + this.#lookup.sizeOf(this.#lookup.of(database, table)).bytes,
        0,
      ),
      system: false,
    }));
  }

  async catalog(database: string, at?: Moment): Promise<Catalog> {
    const doing = `list the objects of ${quoteIdent(database)}`;
    await this.#answer(doing, at);
    const found = this.#lookup.database(database);
    return {
      database,
      objects: catalogOf(found, (table) => this.#lookup.sizeOf(this.#lookup.of(found, table))),
    };
  }

  /** It is lost when it leaves the GC window; nothing keeps it in there. */
  async holdMoment(databases: string[], asOf: string | null): Promise<HeldMoment> {
    await this.#answer('fix a moment');
    for (const database of databases) this.#lookup.database(database);
    if (databases.length === 0)
      throw new HoldfastError('empty-selection', 'a moment was asked for, but of no database');
    const { gcSeconds } = this.#world.unrest;
    return this.#hold(simulatedMoment(asOf, this.#clock.now(), gcSeconds));
  }

  holdLatest(databases: string[]): Promise<HeldMoment> {
    return this.holdMoment(databases, null);
  }

  async holdAlso(moment: Moment): Promise<HeldMoment | null> {
    await this.#answer('hold a moment');
    if (moment.kind !== 'hlc' || this.#now() > deadlineOf(moment, this.#world.unrest.gcSeconds)) return null;
    return this.#hold(moment);
  }

  async descriptors(names: ObjectName[], at: Moment): Promise<Descriptor[]> {
    await this.#answer('describe objects', at);
    return names.map((name) => {
      const descriptor = describeObject(this.#world.identity, this.#lookup.database(name.database), name);
      if (descriptor === null) throw missing(name);
      return descriptor;
    });
  }

  /** The cluster's own ranges, whatever size is asked for. */
  async *ranges(table: ObjectName, at: Moment, _targetBytes: number): AsyncGenerator<TableRange, void> {
    await this.#answer(`list the ranges of ${printName(table)}`, at);
    const found = this.#lookup.table(table);
    yield* this.#layout(found, found.life.share).at(this.#now());
  }

  async leaseholders(
    table: ObjectName,
    _at: Moment,
    pieces: readonly TablePiece[],
  ): Promise<Map<NodeId, number>[]> {
    await this.#answer(`look who leads ${printName(table)}`);
    const found = this.#lookup.table(table);
    return leaseholdersOf(this.#layout(found, 1), found.table.rows, pieces, this.#now());
  }

  async readRange(
    table: TableDescriptor,
    range: TableRange,
    at: Moment,
    signal: AbortSignal,
  ): Promise<Readable> {
    this.#assertOpen();
    const doing = `read range ${range.index} of ${printName(table.name)}`;
    if (signal.aborted) throw canceled(signal, doing);
    const found = this.#lookup.table(table.name);
    const rows = ordinalsOf(range, found.table.rows);
    const passage = this.#passage(found, range, rows, [at], doing);
    const stopped = AbortSignal.any([signal, this.#closing.signal]);
    try {
      await passage.begin(rows.first, stopped);
    } catch (error) {
      throw stopped.aborted ? canceled(stopped, doing) : error;
    }
    const stream = streamRows(rowsOfStep(found, found.life.stepAt(at)), rows, passage, signal, doing);
    this.#reads.add(stream);
    stream.once('close', () => this.#reads.delete(stream));
    return stream;
  }

  /** Nothing can be restored into it. */
  restoreGround(): Promise<RestoreGround> {
    return Promise.resolve({ createsDatabases: false, closed: [], freeBytes: null });
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
    const { tables } = this.#lookup.database(database);
    return tables
      .map((table) => ({ table: fullName(database, table), seconds: this.#world.unrest.gcSeconds }))
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
    await this.#answer('plan what changed', at);
    for (const { name } of tables) this.#lookup.table(name);
    return planTableChanges(base, tables, this.#clock.now(), this.#world.unrest.gcSeconds);
  }

  /** The table's own ranges, where they are. */
  async *changeRanges(
    table: TableDescriptor,
    _method: Exclude<ChangeMethod, 'whole'>,
    from: Moment,
    at: Moment,
  ): AsyncGenerator<TableRange, void> {
    await this.#answer(`list the ranges of ${printName(table.name)}`, at);
    const found = this.#lookup.table(table.name);
    const { life } = found;
    const changed = life.changedShare(life.stepAt(at) - life.stepAt(from));
    yield* this.#layout(found, life.share * changed).at(this.#now());
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
    const found = this.#lookup.table(table.name);
    const { salt, life } = found;
    const key = found.table.primaryKey;
    if (key === null)
      throw new HoldfastError('unsupported', `can't ${doing}: the table has no key`, {
        hint: 'Back the table up whole.',
      });
    const rows = ordinalsOf(range, found.table.rows);
    yield* changeChunks(
      {
        life,
        writeRow: rowWriter(found.table, salt),
        writeKey: rowWriter(found.table, salt, key),
        ...rows,
        from: life.stepAt(from),
        to: life.stepAt(at),
        passage: this.#passage(found, range, rows, [from, at], doing),
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

  #hold(moment: Moment): HeldMoment {
    return heldMoment(moment, this.#clock, this.#world.unrest.gcSeconds, this.#closing.signal);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  /** Every call that looks something up comes through here; `at`: the moment that is looked at. */
  async #answer(doing: string, at?: Moment): Promise<void> {
    this.#assertOpen();
    await answerInTime(this.#world, this.#clock, doing, this.#closing.signal);
    if (at !== undefined) assertInWindow(at, this.#now(), this.#world.unrest.gcSeconds, doing);
  }

  /** Where its ranges are; `share` of its ordinals are read. */
  #layout(found: Found, share: number): RangeLayout {
    return new RangeLayout(this.#lookup.splitTable(found, share), this.#nodes, this.#world);
  }

  #passage(
    found: Found,
    range: TableRange,
    rows: { first: number; end: number },
    moments: Moment[],
    doing: string,
  ): Passage {
    const route = {
      nodes: this.#nodes,
      layout: this.#layout(found, 1),
      unrest: this.#world.unrest,
      clock: this.#clock,
      salt: found.salt,
    };
    return new Passage(route, range, rows, moments, doing);
  }
}

function compareNames(one: ObjectName, other: ObjectName): number {
  const [a, b] = [nameKey(one), nameKey(other)];
  return a < b ? -1 : Number(a > b);
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
