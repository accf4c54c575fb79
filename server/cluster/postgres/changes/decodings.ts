import { setTimeout as sleep } from 'node:timers/promises';
import type { Moment } from '../../moment.ts';
import type { Connections } from '../connections.ts';
import { begin, snapshotOf } from '../moment.ts';
import type { ChangedRows } from './changed-rows.ts';
import { decodeChanges, type DecodeRequest, type FollowedRows } from './decode.ts';
import { type Following, type Mark, PUBLICATION, readFollowing } from './following.ts';
import { readIdentities } from './identity.ts';
import { setMark } from './marks.ts';
import { beginAt } from './plan.ts';
import { lsnOf, parseSnapshot } from './snapshot.ts';

/** How long changes are kept when nobody reads them: the next table's task comes at once. */
const IDLE_MS = 30_000;

/** What changed in the tables of one database between two moments. */
export interface Decoded {
  changed: ChangedRows;
  /** How the followed tables were read, by oid. */
  tables: ReadonlyMap<number, FollowedRows>;
}

interface Decoding {
  decoded: Promise<Decoded>;
  stop: AbortController;
  readers: number;
  /** Counts up with every reader: an idle time is over only if nobody came meanwhile. */
  turn: number;
}

/** Changes that are read, or have been, for one adapter: the WAL is read once for all tables of a database. */
export class Decodings {
  readonly #connections: Connections;
  readonly #known = new Map<string, Decoding>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Begins to read ahead of `with`; what nobody comes for is given up after a while. */
  expect(database: string, { from, at }: { from: Moment; at: Moment }): void {
    // New since the base: there is nothing to go by.
    if (from.kind !== 'snapshot' || from.databases[database] === undefined) return;
    const key = keyOf(database, from, at);
    if (!this.#known.has(key)) this.#leave(key, this.#start(key, database, from, at));
  }

  /** Runs `work` with what changed, which stays while it runs. */
  async *with<T>(
    database: string,
    { from, at }: { from: Moment; at: Moment },
    work: (decoded: Promise<Decoded>) => AsyncGenerator<T, void>,
  ): AsyncGenerator<T, void> {
    const key = keyOf(database, from, at);
    const decoding = this.#known.get(key) ?? this.#start(key, database, from, at);
    decoding.turn++;
    decoding.readers++;
    try {
      yield* work(decoding.decoded);
    } finally {
      decoding.readers--;
      this.#leave(key, decoding);
    }
  }

  async close(): Promise<void> {
    for (const [key, decoding] of [...this.#known]) await this.#end(key, decoding);
  }

  #start(key: string, database: string, from: Moment, at: Moment): Decoding {
    const stop = new AbortController();
    const decoded = this.#decode(database, from, at, stop.signal);
    const decoding = { decoded, stop, readers: 0, turn: 0 };
    this.#known.set(key, decoding);
    // One that failed is not for whoever tries again.
    decoded.catch(() => this.#known.delete(key));
    return decoding;
  }

  /** Without readers, changes wait a while for the next table. */
  #leave(key: string, decoding: Decoding): void {
    if (decoding.readers > 0) return;
    const { turn } = decoding;
    void sleep(IDLE_MS, undefined, { ref: false, signal: decoding.stop.signal }).then(
      () => (decoding.readers === 0 && decoding.turn === turn ? this.#end(key, decoding) : undefined),
      () => undefined,
    );
  }

  async #end(key: string, decoding: Decoding): Promise<void> {
    if (this.#known.get(key) === decoding) this.#known.delete(key);
    decoding.stop.abort();
    await decoding.decoded.then(
      ({ changed }) => changed.dispose(),
      () => undefined,
    );
  }

  async #decode(database: string, from: Moment, at: Moment, signal: AbortSignal): Promise<Decoded> {
    const [before, after] = [snapshotOf(database, from), snapshotOf(database, at)];
    const xmins = parseSnapshot(before.visible);
    const known = await this.#connections.use(database, async (session) => {
      const mark = await setMark(session);
      const following = await readFollowing(session);
      const start = beginAt(following, from, after);
      await begin(session, at);
      const published = await session.rows<{ oid: number }>(
        'list the tables',
        `SELECT r.prrelid AS oid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
         WHERE p.pubname = '${PUBLICATION}'`,
      );
      const identities = await readIdentities(
        session,
        published.map(({ oid }) => oid),
      );
      await session.run('end a transaction', 'COMMIT');
      return { mark, start, following, identities };
    });
    const tables = new Map<number, FollowedRows>();
    for (const { oid, rowKey, storedColumns } of known.identities.values())
      if (rowKey !== null) tables.set(oid, { key: rowKey, columns: storedColumns });
    const changed = await decodeChanges(
      this.#connections,
      {
        database,
        slot: slotToRead(known.following, known.start),
        start: known.start.lsn,
        end: known.mark.end,
        from: xmins,
        to: parseSnapshot(after.visible),
        tables,
      },
      signal,
    );
    return { changed, tables };
  }
}

function keyOf(database: string, from: Moment, at: Moment): string {
  return JSON.stringify([database, snapshotOf(database, from).visible, snapshotOf(database, at)]);
}

/** The slot with less WAL to go through, of those that have what comes after the mark. */
function slotToRead({ slotName, slot, recentName, recent }: Following, start: Mark): DecodeRequest['slot'] {
  if (recent !== null && recent.walStatus !== 'lost' && lsnOf(recent.position) <= lsnOf(start.lsn))
    return { name: recentName, position: recent.position };
  return { name: slotName, position: slot?.position ?? start.lsn };
}
