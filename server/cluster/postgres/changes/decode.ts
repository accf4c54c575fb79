import { to as copyTo } from 'pg-copy-streams';
import { HoldfastError } from '../../../errors.ts';
import { KeySpool } from '../../key-spool.ts';
import { literal } from '../../literal.ts';
import { quoteIdent } from '../../names.ts';
import type { Connections, Lease } from '../connections.ts';
import { canceled, clusterError } from '../errors.ts';
import { copiedValues } from './binary-copy.ts';
import { PUBLICATION } from './following.ts';
import { parseMessage, type Message, type TupleValue } from './pgoutput.ts';
import { fullXid, isVisible, lsnOf, type TransactionSnapshot } from './snapshot.ts';

/** Changes that the server decodes before it hands them out; a transaction is handed out whole. */
const CHANGES_A_CALL = 50_000;
/** Characters of keys in memory, of all tables together. */
const MOST_CHARACTERS = 32 * 1024 * 1024;

export interface DecodeRequest {
  database: string;
  slotName: string;
  /** Where to begin: a mark's position, or the slot's own. */
  start: string;
  /** Flushed by the server; all that is visible in `to` was committed before. */
  end: string;
  from: TransactionSnapshot;
  to: TransactionSnapshot;
  /** The key columns of the tables to follow, by oid. */
  keys: ReadonlyMap<number, readonly string[]>;
}

/** Keys of changed rows by their tables' oids: each a JSON array of the key columns' texts. */
export class ChangedKeys {
  readonly #spools = new Map<number, KeySpool>();
  /** Tables of which not all keys are known, and why. */
  readonly #broken = new Map<number, string>();
  #characters = 0;

  async add(oid: number, key: string): Promise<void> {
    let spool = this.#spools.get(oid);
    if (spool === undefined) this.#spools.set(oid, (spool = new KeySpool(MOST_CHARACTERS)));
    await spool.add(key);
    this.#characters += key.length + 1;
    if (this.#characters <= MOST_CHARACTERS) return;
    for (const each of this.#spools.values()) await each.spill();
    this.#characters = 0;
  }

  markBroken(oid: number, why: string): void {
    this.#broken.set(oid, why);
  }

  /** The keys of one table; null where none changed. */
  of(oid: number): { spool: KeySpool | null; broken: string | null } {
    return { spool: this.#spools.get(oid) ?? null, broken: this.#broken.get(oid) ?? null };
  }

  async dispose(): Promise<void> {
    for (const spool of this.#spools.values()) await spool.dispose();
  }
}

/**
 * Collects the keys of all rows that transactions changed which the one snapshot sees and the other doesn't. The slot
 * itself is only read: its temporary copy, which ends with the session, is consumed, call by call, so that neither side
 * holds more than one call's changes. https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-REPLICATION
 */
export async function decodeKeys(
  connections: Connections,
  request: DecodeRequest,
  signal: AbortSignal,
): Promise<ChangedKeys> {
  const doing = `read what changed in database ${quoteIdent(request.database)}`;
  if (signal.aborted) throw canceled(signal, doing);
  const lease = await connections.acquire(request.database);
  const keys = new ChangedKeys();
  const abort = () => connections.cancel(lease);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const copy = `holdfast_reads_${lease.server.pid}`;
    await lease.rows(doing, `SELECT pg_copy_logical_replication_slot($1, $2, true)`, [
      request.slotName,
      copy,
    ]);
    await lease.rows(doing, 'SELECT pg_replication_slot_advance($1, $2::pg_lsn)', [copy, request.start]);
    const collector = new Collector(request, keys);
    for (;;) {
      const count = await readCall(lease, copy, request.end, collector, doing);
      if (signal.aborted) throw canceled(signal, doing);
      if (count >= CHANGES_A_CALL) continue;
      const [at] = await lease.rows<{ position: string }>(
        doing,
        'SELECT confirmed_flush_lsn AS position FROM pg_replication_slots WHERE slot_name = $1',
        [copy],
      );
      if (at !== undefined && lsnOf(at.position) >= lsnOf(request.end)) return keys;
      // Nothing may be missing that was committed before the end.
      if (count === 0)
        throw new HoldfastError(
          'cluster-unavailable',
          `could not ${doing}: the WAL ended before ${request.end}`,
          {
            hint: 'Try again.',
          },
        );
    }
  } catch (error) {
    await keys.dispose();
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
    for await (const message of copiedValues(stream as AsyncIterable<Buffer>)) {
      count++;
      await collector.take(parseMessage(message));
    }
  } catch (error) {
    throw clusterError(error, lease.place, doing);
  }
  return count;
}

/** What is known of a followed table while its changes are read. */
interface Relation {
  /** The places of the key's columns; null where one isn't there or isn't told of old rows. */
  places: number[] | null;
}

/** Takes messages in their order and keeps the keys. */
class Collector {
  readonly #request: DecodeRequest;
  readonly #keys: ChangedKeys;
  readonly #relations = new Map<number, Relation>();
  #wanted = false;

  constructor(request: DecodeRequest, keys: ChangedKeys) {
    this.#request = request;
    this.#keys = keys;
  }

  async take(message: Message): Promise<void> {
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
        await this.#changed(message.oid, message.row);
        break;
      case 'update':
        await this.#changed(message.oid, message.row, message.before ?? undefined);
        if (message.before !== null) await this.#changed(message.oid, message.before);
        break;
      case 'delete':
        await this.#changed(message.oid, message.before);
        break;
      case 'truncate':
        if (this.#wanted)
          for (const oid of message.oids) this.#keys.markBroken(oid, 'it was truncated since the base');
        break;
      case 'commit':
      case 'other':
    }
  }

  #relationOf({ oid, full, columns }: Extract<Message, { kind: 'relation' }>): Relation {
    const places = (this.#request.keys.get(oid) ?? []).map((name) =>
      columns.findIndex((column) => column.name === name && (full || column.key)),
    );
    return { places: places.length === 0 || places.includes(-1) ? null : places };
  }

  /** `before`: has the values that `row` doesn't tell since they are stored out of line and didn't change. */
  async #changed(oid: number, row: TupleValue[], before: TupleValue[] = []): Promise<void> {
    if (!this.#wanted || !this.#request.keys.has(oid)) return;
    const places = this.#relations.get(oid)?.places ?? null;
    const values = places?.map((place) => row[place] ?? before[place]);
    if (values === undefined || values.some((value) => typeof value !== 'string'))
      this.#keys.markBroken(oid, 'it had another key for a while since the base');
    else await this.#keys.add(oid, JSON.stringify(values));
  }
}
