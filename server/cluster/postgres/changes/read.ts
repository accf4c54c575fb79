import { HoldfastError } from '../../../errors.ts';
import type { ChangeChunk, TableRange } from '../../cluster.ts';
import { storedColumns, type TableDescriptor } from '../../descriptor.ts';
import type { Moment } from '../../moment.ts';
import { printName } from '../../names.ts';
import type { Connections } from '../connections.ts';
import { canceled, clusterError } from '../errors.ts';
import { THE_NODE } from '../ranges.ts';
import { openTable } from '../tables.ts';
import type { RowChange } from './changed-rows.ts';
import { textsOf } from './copy-line.ts';
import { type Decoded, Decodings } from './decodings.ts';
import { readStorage } from './identity.ts';
import {
  BY_INDEX,
  changesByKey,
  CHARACTERS_A_STATEMENT,
  KEYS_A_STATEMENT,
  type KeyTexts,
} from './rows-by-key.ts';

/** Characters that are gathered into one piece. */
const PIECE_CHARACTERS = 256 * 1024;

export interface ChangesRead {
  table: TableDescriptor;
  from: Moment;
  at: Moment;
  signal: AbortSignal;
}

/** Reads what changed, for one adapter. */
export class Changes {
  readonly #connections: Connections;
  readonly #decodings: Decodings;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.#decodings = new Decodings(connections);
  }

  /** Begins to read what is about to be asked for; a failure is met by whoever asks. */
  expect(databases: readonly string[], from: Moment, at: Moment): void {
    for (const database of databases) this.#decodings.expect(database, { from, at });
  }

  /** Implements Cluster.changeRanges: one piece a table, since the WAL tells of all of it. */
  async *ranges({ name }: TableDescriptor): AsyncGenerator<TableRange, void> {
    // How much changed isn't known before it is read.
    const unknown = { estimatedBytes: 0, estimatedRows: 0 };
    yield { table: name, index: 0, start: null, end: null, leaseholder: THE_NODE, ...unknown };
  }

  /**
   * Implements Cluster.readChanges. Rows come out of the WAL, whatever the table's size; those that it doesn't tell in
   * full are looked up at the moment.
   */
  async *read(read: ChangesRead): AsyncGenerator<ChangeChunk, void> {
    const { table, signal } = read;
    const doing = `read the changed rows of ${printName(table.name)}`;
    if (signal.aborted) throw canceled(signal, doing);
    yield* this.#decodings.with(table.name.database, read, (decoding) =>
      this.#pieces(read, unlessAborted(decoding, signal, doing), doing),
    );
  }

  async *#pieces(
    read: ChangesRead,
    decoding: Promise<Decoded>,
    doing: string,
  ): AsyncGenerator<ChangeChunk, void> {
    const decoded = await decoding;
    const oid = rowsAsDescribed(read.table, decoded);
    let lookUps = 0;
    for await (const piece of told(decoded.changed.of(oid), () => lookUps++)) {
      if (read.signal.aborted) throw canceled(read.signal, doing);
      yield piece;
    }
    if (lookUps > 0) yield* this.#lookUp(read, decoded.changed.of(oid), doing);
  }

  async *#lookUp(
    { table, at, signal }: ChangesRead,
    changes: AsyncIterable<readonly RowChange[]>,
    doing: string,
  ): AsyncGenerator<ChangeChunk, void> {
    const lease = await this.#connections.acquire(table.name.database);
    let complete = false;
    const abort = () => this.#connections.cancel(lease);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await openTable(lease, table.name, at);
      await lease.run(doing, BY_INDEX);
      let batch: KeyTexts[] = [];
      let characters = 0;
      for await (const some of changes)
        for (const { kind, key } of some) {
          if (kind !== 'look-up') continue;
          batch.push(textsOf(key));
          characters += key.length;
          if (batch.length < KEYS_A_STATEMENT && characters < CHARACTERS_A_STATEMENT) continue;
          yield* changesByKey(lease, table, batch);
          batch = [];
          characters = 0;
        }
      if (batch.length > 0) yield* changesByKey(lease, table, batch);
      await lease.run('end a transaction', 'COMMIT');
      complete = true;
    } catch (error) {
      if (signal.aborted) throw canceled(signal, doing);
      throw clusterError(error, lease.place, doing);
    } finally {
      signal.removeEventListener('abort', abort);
      lease.release(!complete || signal.aborted);
    }
  }

  close(): Promise<void> {
    return this.#decodings.close();
  }
}

/** The table's oid. Throws `unreadable-moment` where not all of its changes are known. */
function rowsAsDescribed(table: TableDescriptor, { changed, tables }: Decoded): number {
  const oid = readStorage(table.storage)?.oid;
  const broken =
    oid === undefined ? 'its descriptor does not say which table it was' : changed.whyBroken(oid);
  if (oid === undefined || broken !== null)
    throw new HoldfastError(
      'unreadable-moment',
      `what changed in ${printName(table.name)} since the newest base can't be found: ${broken}`,
      { hint: 'Take a full backup.', field: 'bases' },
    );
  const described = storedColumns(table).map(({ name }) => name);
  if (tables.get(oid)?.columns.join('\0') !== described.join('\0'))
    throw new HoldfastError('internal', `${printName(table.name)} has other columns than its descriptor`);
  return oid;
}

/** What the WAL tells by itself, in pieces; the others are counted. */
async function* told(
  changes: AsyncIterable<readonly RowChange[]>,
  other: () => void,
): AsyncGenerator<ChangeChunk, void> {
  const text = { row: '', deleted: '' };
  const piece = (kind: keyof typeof text): ChangeChunk => {
    const bytes = Buffer.from(text[kind], 'latin1');
    text[kind] = '';
    return { kind: kind === 'row' ? 'rows' : 'deleted', text: bytes };
  };
  for await (const some of changes)
    for (const change of some) {
      const { kind } = change;
      if (kind === 'look-up') other();
      else {
        text[kind] += `${kind === 'row' ? change.line : change.key}\n`;
        if (text[kind].length >= PIECE_CHARACTERS) yield piece(kind);
      }
    }
  if (text.row !== '') yield piece('row');
  if (text.deleted !== '') yield piece('deleted');
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, doing: string): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(canceled(signal, doing));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
