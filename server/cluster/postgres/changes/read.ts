import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../../errors.ts';
import type { ChangeChunk, TableRange } from '../../cluster.ts';
import type { TableDescriptor } from '../../descriptor.ts';
import { PARTS } from '../../key-spool.ts';
import type { Moment } from '../../moment.ts';
import { printName } from '../../names.ts';
import type { Connections } from '../connections.ts';
import { canceled, clusterError } from '../errors.ts';
import { begin, snapshotOf } from '../moment.ts';
import { THE_NODE } from '../ranges.ts';
import type { Session } from '../session.ts';
import { openTable } from '../tables.ts';
import { type ChangedKeys, decodeKeys } from './decode.ts';
import { PUBLICATION, readFollowing, whyNotFollowed } from './following.ts';
import { readIdentities, readStorage } from './identity.ts';
import { keepMark, movedText, moveOn, setMark } from './marks.ts';
import { beginAt } from './plan.ts';
import {
  BY_INDEX,
  changesByKey,
  CHARACTERS_A_STATEMENT,
  KEYS_A_STATEMENT,
  type KeyTexts,
} from './rows-by-key.ts';
import { parseSnapshot } from './snapshot.ts';

/** How long keys are kept when nobody reads them: the next table's task comes at once. */
const IDLE_MS = 30_000;

/** Keys that are read, or have been, for the tables of one database. */
interface Decoding {
  keys: Promise<ChangedKeys>;
  stop: AbortController;
  readers: number;
  /** Counts up with every reader: an idle time is over only if nobody came meanwhile. */
  turn: number;
}

export interface ChangesRead {
  table: TableDescriptor;
  from: Moment;
  at: Moment;
  signal: AbortSignal;
}

/** Reads what changed, for one adapter. The WAL is read once for all tables of a database. */
export class Changes {
  readonly #connections: Connections;
  readonly #decodings = new Map<string, Decoding>();
  readonly #now: () => Date;

  constructor(connections: Connections, now: () => Date) {
    this.#connections = connections;
    this.#now = now;
  }

  /** Implements Cluster.changeRanges: one piece a table, since the WAL tells of all of it. */
  async *ranges({ name }: TableDescriptor): AsyncGenerator<TableRange, void> {
    // How much changed isn't known before it is read.
    const unknown = { estimatedBytes: 0, estimatedRows: 0 };
    yield { table: name, index: 0, start: null, end: null, leaseholder: THE_NODE, ...unknown };
  }

  /** Implements Cluster.readChanges. */
  async *read({ table, from, at, signal }: ChangesRead): AsyncGenerator<ChangeChunk, void> {
    const doing = `read the changed rows of ${printName(table.name)}`;
    if (signal.aborted) throw canceled(signal, doing);
    const { database } = table.name;
    const decoding = this.#decoding(database, from, at);
    decoding.readers++;
    try {
      const keys = await unlessAborted(decoding.keys, signal, doing);
      const oid = readStorage(table.storage)?.oid;
      const { spool, broken } = keys.of(oid ?? 0);
      if (oid === undefined || broken !== null)
        throw new HoldfastError(
          'unreadable-moment',
          `what changed in ${printName(table.name)} since the newest base can't be found: ${broken ?? 'its descriptor does not say which table it was'}`,
          { hint: 'Take a full backup.', field: 'bases' },
        );
      const lease = await this.#connections.acquire(database);
      let complete = false;
      const abort = () => this.#connections.cancel(lease);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await openTable(lease, table.name, at);
        await lease.run(doing, BY_INDEX);
        let batch: KeyTexts[] = [];
        let characters = 0;
        for (let part = 0; spool !== null && part < PARTS; part++)
          for (const key of await spool.part(part)) {
            batch.push(JSON.parse(key) as KeyTexts);
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
    } finally {
      decoding.readers--;
      this.#leave(decoding);
    }
  }

  async close(): Promise<void> {
    for (const [key, decoding] of [...this.#decodings]) await this.#end(key, decoding);
  }

  #decoding(database: string, from: Moment, at: Moment): Decoding {
    const key = JSON.stringify([database, snapshotOf(database, from).visible, snapshotOf(database, at)]);
    const known = this.#decodings.get(key);
    if (known !== undefined) {
      known.turn++;
      return known;
    }
    const stop = new AbortController();
    const decoding = { keys: this.#decode(database, from, at, stop.signal), stop, readers: 0, turn: 0 };
    this.#decodings.set(key, decoding);
    // One that failed is not for whoever tries again.
    decoding.keys.catch(() => this.#decodings.delete(key));
    return decoding;
  }

  /** Without readers, keys wait a while for the next table. */
  #leave(decoding: Decoding): void {
    if (decoding.readers > 0) return;
    const { turn } = decoding;
    const key = [...this.#decodings].find(([, each]) => each === decoding)?.[0];
    if (key === undefined) return;
    void sleep(IDLE_MS, undefined, { ref: false, signal: decoding.stop.signal }).then(
      () => (decoding.readers === 0 && decoding.turn === turn ? this.#end(key, decoding) : undefined),
      () => undefined,
    );
  }

  async #end(key: string, { keys, stop }: Decoding): Promise<void> {
    this.#decodings.delete(key);
    stop.abort();
    await keys.then(
      (found) => found.dispose(),
      () => undefined,
    );
  }

  async #decode(database: string, from: Moment, at: Moment, signal: AbortSignal): Promise<ChangedKeys> {
    const [before, after] = [snapshotOf(database, from), snapshotOf(database, at)];
    const xmins = parseSnapshot(before.visible);
    const known = await this.#connections.use(database, async (session) => {
      const mark = await setMark(session);
      const following = await readFollowing(session);
      const start = beginAt(following, from, after);
      if (following.publication?.owned === true) await keepMark(session, mark);
      await begin(session, at);
      const tables = await session.rows<{ oid: number }>(
        'list the tables',
        `SELECT r.prrelid AS oid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
         WHERE p.pubname = '${PUBLICATION}'`,
      );
      const identities = await readIdentities(
        session,
        tables.map(({ oid }) => oid),
      );
      await session.run('end a transaction', 'COMMIT');
      return { mark, start, following, identities };
    });
    const keys = new Map<number, string[]>();
    for (const { oid, rowKey } of known.identities.values()) if (rowKey !== null) keys.set(oid, rowKey);
    return decodeKeys(
      this.#connections,
      {
        database,
        slotName: known.following.slotName,
        start: known.start.lsn,
        end: known.mark.end,
        from: xmins,
        to: parseSnapshot(after.visible),
        keys,
      },
      signal,
    );
  }

  /**
   * Sets a mark where changes are followed, for the moment that is about to be taken: what builds on it need not read the
   * WAL from before. It only saves time, so whatever is in its way is passed over.
   */
  async markBefore(database: string): Promise<void> {
    await this.#connections.use(database, markWhereFollowed).catch(() => undefined);
  }

  /** Implements Cluster.tend: a new mark, and the slot moved on where it keeps more than the policy says. */
  async tend(databases: string[]): Promise<string[]> {
    const said: string[] = [];
    for (const database of databases) {
      const moved = await this.#connections.use(database, async (session) => {
        return (await markWhereFollowed(session)) ? moveOn(session, this.#now()) : null;
      });
      if (moved !== null) said.push(movedText(database, moved));
    }
    return said;
  }
}

/** Sets a mark where the database's changes are followed and it may be kept; answers whether. */
async function markWhereFollowed(session: Session): Promise<boolean> {
  const following = await readFollowing(session);
  if (whyNotFollowed(following) !== null || following.publication?.owned !== true) return false;
  await keepMark(session, await setMark(session));
  return true;
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
