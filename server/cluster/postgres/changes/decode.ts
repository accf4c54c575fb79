import { to as copyTo } from 'pg-copy-streams';
import { HoldfastError } from '../../../errors.ts';
import { literal } from '../../literal.ts';
import { quoteIdent } from '../../names.ts';
import type { Connections, Lease } from '../connections.ts';
import { canceled, clusterError } from '../errors.ts';
import { copiedValues } from './binary-copy.ts';
import { ChangedRows } from './changed-rows.ts';
import { copyLine } from './copy-line.ts';
import { PUBLICATION } from './following.ts';
import { parseMessage, type Message, type TupleValue } from './pgoutput.ts';
import { fullXid, isVisible, lsnOf, type TransactionSnapshot } from './snapshot.ts';

/**
 * Changes that the server decodes before it hands them out; a transaction is handed out whole. Each call goes through the
 * WAL from where the slot's reading begins: few calls are better than many.
 */
const CHANGES_A_CALL = 500_000;
/** Going through less WAL than this twice takes longer than leaving aside what isn't wanted. */
const WORTH_ADVANCING = 16n * 1024n ** 2n;
export interface DecodeRequest {
  database: string;
  /** The slot to read, and what it has passed. */
  slot: { name: string; position: string };
  /** Where to begin: not before the slot's position. */
  start: string;
  /** Flushed by the server; all that is visible in `to` was committed before. */
  end: string;
  from: TransactionSnapshot;
  to: TransactionSnapshot;
  /** The tables to follow, by oid. */
  tables: ReadonlyMap<number, FollowedRows>;
}

/** What is to be told of a table's rows. */
export interface FollowedRows {
  /** Columns that tell its rows apart. */
  key: readonly string[];
  /** Columns of its data files. */
  columns: readonly string[];
}

/**
 * Collects all rows that transactions changed which the one snapshot sees and the other doesn't, as the last of these
 * left them. That is what they are at the later moment: who changes a row waits until whoever changed it before is seen
 * by all, so that the order of commits in the WAL is, for each row, the order of its changes, and no transaction that the
 * earlier snapshot sees can have changed it after one that it doesn't. The slot itself is only read: its temporary copy, which ends with the session, is consumed, call by call, so that neither side
 * holds more than one call's changes. https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-REPLICATION
 */
export async function decodeChanges(
  connections: Connections,
  request: DecodeRequest,
  signal: AbortSignal,
): Promise<ChangedRows> {
  const doing = `read what changed in database ${quoteIdent(request.database)}`;
  if (signal.aborted) throw canceled(signal, doing);
  const lease = await connections.acquire(request.database);
  const changed = new ChangedRows();
  const abort = () => connections.cancel(lease);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const copy = `holdfast_reads_${lease.server.pid}`;
    await lease.rows(doing, `SELECT pg_copy_logical_replication_slot($1, $2, true)`, [
      request.slot.name,
      copy,
    ]);
    if (lsnOf(request.start) - lsnOf(request.slot.position) > WORTH_ADVANCING)
      await lease.rows(doing, 'SELECT pg_replication_slot_advance($1, $2::pg_lsn)', [copy, request.start]);
    const collector = new Collector(request, changed);
    for (;;) {
      const count = await readCall(lease, copy, request.end, collector, doing);
      if (signal.aborted) throw canceled(signal, doing);
      const [at] = await lease.rows<{ position: string }>(
        doing,
        'SELECT confirmed_flush_lsn AS position FROM pg_replication_slots WHERE slot_name = $1',
        [copy],
      );
      if (at !== undefined && lsnOf(at.position) >= lsnOf(request.end)) return changed;
      // Nothing may be missing that was committed before the end.
      if (count === 0)
        throw new HoldfastError(
          'cluster-unavailable',
          `could not ${doing}: the WAL ended before ${request.end}`,
          { hint: 'Try again.' },
        );
    }
  } catch (error) {
    await changed.dispose();
    if (signal.aborted) throw canceled(signal, doing);
    throw clusterError(error, lease.place, doing);
  } finally {
    signal.removeEventListener('abort', abort);
    // The copy of the slot goes with the session.
    lease.release(true);
  }
}

/** One call: answers how many messages there were. */
async function readCall(
  lease: Lease,
  copy: string,
  end: string,
  collector: Collector,
  doing: string,
): Promise<number> {
  const stream = lease.client.query(
    copyTo(
      `COPY (SELECT data FROM pg_logical_slot_get_binary_changes(${literal(copy)}, ${literal(end)}, ${CHANGES_A_CALL},
        'proto_version', '1', 'publication_names', '${PUBLICATION}')) TO STDOUT (FORMAT binary)`,
    ),
  );
  let count = 0;
  try {
    for await (const messages of copiedValues(stream as AsyncIterable<Buffer>)) {
      count += messages.length;
      for (const message of messages) collector.take(parseMessage(message));
      await collector.changed.makeRoom();
    }
  } catch (error) {
    throw clusterError(error, lease.place, doing);
  }
  return count;
}

/** What is known of a followed table while its changes are read. */
interface Relation {
  /** The places of the key's columns; null where one isn't there or isn't told of old rows. */
  key: number[] | null;
  /** The places of all columns; null where one isn't there. */
  columns: number[] | null;
  /** All columns of old rows are told, not only the key's. */
  full: boolean;
}

/** Takes messages in their order and notes what rows became. */
class Collector {
  readonly changed: ChangedRows;
  readonly #request: DecodeRequest;
  readonly #relations = new Map<number, Relation>();
  #wanted = false;

  constructor(request: DecodeRequest, changed: ChangedRows) {
    this.#request = request;
    this.changed = changed;
  }

  take(message: Message): void {
    const { from, to } = this.#request;
    switch (message.kind) {
      case 'begin': {
        const xid = fullXid(message.xid, to.xmax);
        this.#wanted = isVisible(to, xid) && !isVisible(from, xid);
        break;
      }
      case 'relation':
        this.#relations.set(message.oid, this.#relationOf(message));
        break;
      case 'insert':
        this.#became(message.oid, message.row, null);
        break;
      case 'update':
        this.#became(message.oid, message.row, message.before);
        break;
      case 'delete':
        this.#became(message.oid, null, message.before);
        break;
      case 'truncate':
        if (this.#wanted)
          for (const oid of message.oids) this.changed.markBroken(oid, 'it was truncated since the base');
        break;
      case 'commit':
      case 'other':
    }
  }

  #relationOf({ oid, full, columns }: Extract<Message, { kind: 'relation' }>): Relation {
    const table = this.#request.tables.get(oid);
    const placesOf = (names: readonly string[], told: boolean): number[] | null => {
      const places = names.map((name) =>
        columns.findIndex((column) => column.name === name && (told || full || column.key)),
      );
      return places.length === 0 || places.includes(-1) ? null : places;
    };
    return { key: placesOf(table?.key ?? [], false), columns: placesOf(table?.columns ?? [], true), full };
  }

  /** `before`: the old row or its key, told of deleted rows and where the key changed. */
  #became(oid: number, row: TupleValue[] | null, before: TupleValue[] | null): void {
    if (!this.#wanted || !this.#request.tables.has(oid)) return;
    const relation = this.#relations.get(oid) ?? { key: null, columns: null, full: false };
    const { key, columns, full } = relation;
    const then = before === null ? null : lineOf(key, before, []);
    const now = row === null ? null : lineOf(key, row, before ?? []);
    if ((before !== null && then === null) || (row !== null && now === null)) {
      this.changed.markBroken(oid, 'it had another key for a while since the base');
      return;
    }
    if (then !== null && then !== now) this.changed.note(oid, { kind: 'deleted', key: then });
    if (row === null || now === null) return;
    const line = lineOf(columns, row, (full ? before : null) ?? []);
    this.changed.note(oid, line === null ? { kind: 'look-up', key: now } : { kind: 'row', key: now, line });
  }
}

/** The values at these places as a line; null where not all are told. `before` has those that `row` leaves out. */
function lineOf(places: readonly number[] | null, row: TupleValue[], before: TupleValue[]): string | null {
  if (places === null) return null;
  const values: (string | null)[] = [];
  for (const place of places) {
    const value = row[place] === undefined ? before[place] : row[place];
    if (value === undefined) return null;
    values.push(value);
  }
  return copyLine(values);
}
