import type { Readable } from 'node:stream';
import { HoldfastError } from '../../errors.ts';
import type {
  Capability,
  Catalog,
  Cluster,
  ClusterInfo,
  ClusterUser,
  DatabaseInfo,
  TableRange,
} from '../cluster.ts';
import { FullBackupsOnly } from '../full-only.ts';
import type { Descriptor, TableDescriptor } from '../descriptor.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import { type ObjectName, printName, quoteIdent } from '../names.ts';
import { simulatedMoment } from './as-of.ts';
import { catalogOf } from './catalog.ts';
import { describeObject } from './descriptors.ts';
import { type SimulatedDatabase, type SimulatedTable, sameName, type World } from './model.ts';
import { ordinalsOf, splitTable } from './ranges.ts';
import { canceled, streamRows } from './read.ts';
import { averageRowBytes, rowWriter, tableSalt } from './rows.ts';
import { RULES_VERSION } from './world.ts';

const INCREMENTAL: Capability = {
  available: false,
  reason: 'The rows of a simulated cluster never change, so an incremental backup would be empty.',
  remedy: 'Take full backups.',
};

const RESTORE: Capability = {
  available: false,
  reason: 'A simulated cluster keeps nothing: its rows are made up while they are read.',
  remedy: 'Restore into a real cluster, from a backup of one.',
};

/**
 * A pretend cluster: nodes, ranges and rows that are functions of its world, so that every process that opens the
 * same URL reads the same bytes. It doesn't change with time, and what writes is refused: there is nothing to
 * write to.
 */
export class SimulatedCluster extends FullBackupsOnly implements Cluster {
  readonly kindName = 'a simulated cluster';
  readonly #world: World;
  readonly #now: () => Date;
  readonly #reads = new Set<Readable>();
  readonly #rowBytes = new Map<SimulatedTable, number>();
  #closed = false;

  constructor(world: World, now: () => Date = () => new Date()) {
    super();
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
      incremental: INCREMENTAL,
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
    return { database, objects: catalogOf(found, (table) => this.#bytesOf(found, table)) };
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

  async descriptors(names: ObjectName[], at: Moment): Promise<Descriptor[]> {
    this.#assertOpen();
    assertReadable(at);
    return names.map((name) => {
      const descriptor = describeObject(this.#database(name.database), name);
      if (descriptor === null) throw missing(name);
      return descriptor;
    });
  }

  /** The cluster's own ranges, whatever size is asked for. */
  async *ranges(table: ObjectName, at: Moment, _targetBytes: number): AsyncGenerator<TableRange, void> {
    this.#assertOpen();
    assertReadable(at);
    const { database, found } = this.#table(table);
    const split = {
      name: table,
      rows: found.rows,
      rowBytes: this.#rowBytesOf(database, found),
      salt: tableSalt(this.#world.seed, database.name, found),
    };
    yield* splitTable(split, this.#world.nodes, this.#world.rangeBytes);
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
    const { database, found } = this.#table(table.name);
    const write = rowWriter(found, tableSalt(this.#world.seed, database.name, found));
    const stream = streamRows(write, ordinalsOf(range, found.rows), signal, doing);
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

  createDatabase(name: string): Promise<void> {
    return refused(`create the database ${quoteIdent(name)}`);
  }

  dropDatabase(name: string): Promise<void> {
    return refused(`drop the database ${quoteIdent(name)}`);
  }

  ensureSchema(database: string, schema: string): Promise<void> {
    return refused(`create the schema ${quoteIdent(database)}.${quoteIdent(schema)}`);
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
    this.#closed = true;
    for (const stream of this.#reads) stream.destroy(closedError());
  }

  #assertOpen(): void {
    if (this.#closed) throw closedError();
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

  #table(name: ObjectName): { database: SimulatedDatabase; found: SimulatedTable } {
    const database = this.#database(name.database);
    const found = database.tables.find((table) => sameName(table, name));
    if (found === undefined) throw missing(name);
    return { database, found };
  }

  #rowBytesOf(database: SimulatedDatabase, table: SimulatedTable): number {
    const known = this.#rowBytes.get(table);
    if (known !== undefined) return known;
    const bytes = averageRowBytes(table, tableSalt(this.#world.seed, database.name, table));
    this.#rowBytes.set(table, bytes);
    return bytes;
  }

  #bytesOf(database: SimulatedDatabase, table: SimulatedTable): number {
    return Math.round(this.#rowBytesOf(database, table) * table.rows);
  }
}

function assertReadable(at: Moment): void {
  if (at.kind === 'hlc') return;
  throw new HoldfastError(
    'unreadable-moment',
    'a simulated cluster has no snapshots: its moments are HLC times',
    {
      hint: 'Take the moment from this cluster.',
      field: 'asOf',
    },
  );
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
