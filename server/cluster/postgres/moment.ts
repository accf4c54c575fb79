import type pg from 'pg';
import { HoldfastError } from '../../errors.ts';
import { asOfTime, unreadableAsOf } from '../as-of.ts';
import { literal } from '../literal.ts';
import type { DatabaseSnapshot, HeldMoment, Moment } from '../moment.ts';
import { type ObjectName, quoteIdent, sqlName } from '../names.ts';
import type { RetainedPast } from '../past.ts';
import { TIMELINE_SQL } from './changes/following.ts';
import type { Connections, Lease } from './connections.ts';
import { clusterError } from './errors.ts';

/** How long a backup waits for a table that somebody holds an ACCESS EXCLUSIVE lock on. */
const LOCK_TIMEOUT = '30s';

const NO_PAST = 'PostgreSQL keeps no past to read, and no snapshots of it are retained here';
const NOW = 'Omit AS OF SYSTEM TIME: the backup is then consistent as of its start.';

/**
 * The moments that this process holds: a session a database, idle in a read-only transaction whose snapshot is
 * exported. Only snapshots live there; who reads imports them, in whatever process.
 */
export class Moments {
  readonly #connections: Connections;
  readonly #past: RetainedPast | null;
  /** By snapshot id. */
  readonly #holders = new Map<string, Holder>();

  constructor(connections: Connections, past: RetainedPast | null) {
    this.#connections = connections;
    this.#past = past;
  }

  /** Implements Cluster.holdMoment. `before` is what to do in a database just before a snapshot of it is taken. */
  async hold(
    databases: string[],
    asOf: string | null,
    before: (database: string) => Promise<void>,
  ): Promise<HeldMoment> {
    return this.#hold(databases, asOf === null ? null : await this.#find(databases, asOf), before);
  }

  /** Implements Cluster.holdAlso: each database's snapshot is imported by a session that exports it again. */
  async holdAlso(moment: Moment): Promise<HeldMoment | null> {
    if (moment.kind !== 'snapshot') return null;
    const snapshots = new Map(Object.entries(moment.databases));
    try {
      return await this.#hold([...snapshots.keys()], snapshots, () => Promise.resolve());
    } catch (error) {
      const over = ['unreadable-moment', 'undefined-database'];
      if (error instanceof HoldfastError && over.includes(error.code)) return null;
      throw error;
    }
  }

  /** Holds snapshots of now, or those of the past. */
  async #hold(
    databases: string[],
    past: ReadonlyMap<string, DatabaseSnapshot> | null,
    before: (database: string) => Promise<void>,
  ): Promise<HeldMoment> {
    const lost = new AbortController();
    const holders: Holder[] = [];
    let released = false;
    const release = async () => {
      released = true;
      for (const holder of holders) this.#holders.delete(holder.snapshotId);
      await Promise.all(holders.map((holder) => holder.end()));
    };
    try {
      const connecting = [...new Set(databases)].map(async (database) => {
        const holder = new Holder(
          await this.#connections.dedicated(database, (cause) => {
            if (!released) lost.abort(gone(database, cause));
          }),
        );
        holders.push(holder);
        return { database, holder };
      });
      const preparing = past === null ? [...new Set(databases)].map(before) : [];
      await Promise.allSettled([...connecting, ...preparing]);
      await Promise.all(preparing);
      const held = await Promise.all(connecting);
      // Connected first, then all snapshots at once: the databases' moments lie as close together as can be.
      const snapshots = await Promise.all(
        held.map(
          async ({ database, holder }) =>
            [database, await holder.export(past?.get(database) ?? null)] as const,
        ),
      );
      const [first] = snapshots.map(([, snapshot]) => snapshot.at).sort();
      if (first === undefined)
        throw new HoldfastError('empty-selection', 'a moment was asked for, but of no database');
      for (const { holder } of held) this.#holders.set(holder.snapshotId, holder);
      if (past !== null) await Promise.all(held.map((one) => this.#lockAlso(one, past.get(one.database))));
      const moment: Moment = { kind: 'snapshot', at: first, databases: Object.fromEntries(snapshots) };
      return { moment, lost: lost.signal, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Locks what the snapshot's first holder has locked: whoever goes on from here may have described its tables long ago. */
  async #lockAlso(
    { database, holder }: { database: string; holder: Holder },
    source: DatabaseSnapshot | undefined,
  ): Promise<void> {
    if (source === undefined) return;
    const tables = await this.#connections.use(database, (session) => lockedBy(session, source.snapshot));
    if (tables.length === 0) return;
    // Somebody may be waiting to rewrite one of them. If that comes about, reading the table is refused.
    await holder.lock(tables.map(sqlName).join(', ')).catch(() => undefined);
  }

  /** The retained snapshot of each database that a time in the past is served by: the newest not after it. */
  async #find(databases: string[], asOf: string): Promise<Map<string, DatabaseSnapshot>> {
    if (this.#past === null) throw unreadableAsOf(asOf, `can't be read: ${NO_PAST}`, NOW);
    const capability = await this.#past.capability();
    if (!capability.available)
      throw unreadableAsOf(asOf, `can't be read: ${lowerFirst(capability.reason)}`, capability.remedy);
    const now = await this.#connections.use(this.#connections.homeDatabase, serverTime);
    const time = new Date(Number(asOfTime(asOf, now).nanoseconds / 1_000_000n));
    const found = new Map<string, DatabaseSnapshot>();
    for (const database of new Set(databases)) {
      const { snapshot, window } = await this.#past.find(database, time);
      if (snapshot === null)
        throw unreadableAsOf(
          asOf,
          window === null
            ? `can't be read: no snapshot of database ${quoteIdent(database)} is retained yet`
            : `is before what is retained of database ${quoteIdent(database)}: its snapshots go from ${window.oldest} to ${window.newest}`,
          window === null
            ? 'Snapshots are retained of databases that have been backed up: take a backup as of now first.'
            : 'Take a later time, or have snapshots retained for longer on the page of the cluster.',
        );
      found.set(database, snapshot);
    }
    return found;
  }

  /**
   * Keeps these tables' files from being rewritten, dropped or truncated until the moment is released, where the
   * moment is held by this process. `sql` is the list of their names.
   */
  async lock(database: string, at: Moment, sql: string): Promise<void> {
    await this.#holders.get(snapshotOf(database, at).snapshot)?.lock(sql);
  }
}

/** One database's share of a held moment. */
class Holder {
  readonly #lease: Lease;
  #busy: Promise<unknown> = Promise.resolve();
  snapshotId = '';

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** Takes a snapshot of now, or that of the past; whoever retains that one may let it go then. */
  async export(past: DatabaseSnapshot | null): Promise<DatabaseSnapshot> {
    const doing = 'export a snapshot';
    await this.#lease.run(doing, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    if (past !== null) {
      await importSnapshot(this.#lease, past);
      const exported = await this.#lease.rows<{ snapshot: string }>(
        doing,
        'SELECT pg_export_snapshot() AS snapshot',
      );
      this.snapshotId = exported[0]?.snapshot ?? '';
      return { ...past, snapshot: this.snapshotId };
    }
    const rows = await this.#lease.rows<Omit<DatabaseSnapshot, 'timeline'> & { timeline: number | null }>(
      doing,
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
              pg_export_snapshot() AS snapshot,
              pg_current_snapshot()::text AS visible,
              (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                    ELSE pg_current_wal_insert_lsn() END)::text AS lsn,
              ${TIMELINE_SQL} AS timeline`,
    );
    const snapshot = rows[0];
    if (snapshot === undefined) throw clusterError(new Error('no answer'), this.#lease.place, doing);
    this.snapshotId = snapshot.snapshot;
    const { timeline, ...rest } = snapshot;
    return timeline === null ? rest : { ...rest, timeline };
  }

  /** A lock that isn't granted in time must not end the transaction, and the snapshot with it: hence the savepoint. */
  async lock(tables: string): Promise<void> {
    const turn = this.#busy.then(async () => {
      await this.#lease.run('lock tables', `SAVEPOINT lock; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
      try {
        await this.#lease.run(
          'lock tables',
          `LOCK TABLE ${tables} IN ACCESS SHARE MODE; RELEASE SAVEPOINT lock`,
        );
      } catch (error) {
        await this.#lease.run('lock tables', 'ROLLBACK TO SAVEPOINT lock');
        throw error;
      }
    });
    this.#busy = turn.catch(() => undefined);
    await turn;
  }

  async end(): Promise<void> {
    await this.#busy;
    // The snapshot is gone when this has been answered; after a mere disconnection, some time later.
    await this.#lease.client.query('ROLLBACK').catch(() => undefined);
    this.#lease.release();
  }
}

/** Starts a read-only transaction in this session: at the moment if there is one, else now. */
export async function begin(session: Lease, at: Moment | undefined): Promise<void> {
  const { database } = session.place;
  await session.run(
    'start a transaction',
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`,
  );
  if (at === undefined) return;
  await importSnapshot(session, snapshotOf(database, at));
}

/** Its id alone doesn't do: a server that was started again gives snapshots the same ids, and counts from the start. */
async function importSnapshot(session: Lease, { snapshot, visible, at }: DatabaseSnapshot): Promise<void> {
  const { database } = session.place;
  let answers: unknown;
  try {
    answers = await session.client.query(
      `SET TRANSACTION SNAPSHOT ${literal(snapshot)}; SELECT pg_current_snapshot()::text AS visible`,
    );
  } catch (cause) {
    const error = clusterError(cause, session.place, 'read the moment');
    const passes = error.code === 'cluster-unavailable' || error.code === 'canceled';
    throw passes ? error : gone(database, cause, at);
  }
  // One a statement, which the driver's types don't know.
  const [, current] = answers as pg.QueryResult<{ visible: string }>[];
  if (current?.rows[0]?.visible !== visible)
    throw gone(database, new Error(`${snapshot} is the id of another snapshot now`), at);
}

/**
 * The tables that the holder of a snapshot has locked. An id begins with its transaction as pg_locks has it, in hexadecimal:
 * https://www.postgresql.org/docs/current/view-pg-locks.html
 */
async function lockedBy(session: Lease, snapshot: string): Promise<ObjectName[]> {
  const [, backend, transaction] = /^([0-9A-F]{8})-([0-9A-F]{8})-/.exec(snapshot) ?? [];
  if (backend === undefined || transaction === undefined) return [];
  const { database } = session.place;
  const rows = await session.rows<{ schema: string; name: string }>(
    'look at the locks',
    `SELECT n.nspname AS schema, c.relname AS name
     FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE l.locktype = 'relation' AND l.virtualtransaction = $1 AND l.mode = 'AccessShareLock' AND l.granted
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND c.relkind IN ('r', 'p') AND n.nspname <> 'pg_catalog'`,
    [`${parseInt(backend, 16)}/${parseInt(transaction, 16)}`],
  );
  return rows.map(({ schema, name }) => ({ database, schema, name }));
}

/** The server's own now: what its snapshots' times are of. */
async function serverTime(session: Lease): Promise<Date> {
  const [row] = await session.rows<{ now: Date }>('ask for the time', 'SELECT now()');
  return row?.now ?? new Date();
}

function lowerFirst(sentence: string): string {
  return sentence.startsWith('PostgreSQL')
    ? sentence
    : `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}

/** That database's part of the moment. Throws `unreadable-moment` where there is none. */
export function snapshotOf(database: string, at: Moment): DatabaseSnapshot {
  const snapshot = at.kind === 'snapshot' ? at.databases[database] : undefined;
  if (snapshot === undefined)
    throw new HoldfastError(
      'unreadable-moment',
      `database ${quoteIdent(database)} can't be read as of ${at.at}: the moment doesn't cover it`,
      { hint: 'Start the backup again.' },
    );
  return snapshot;
}

function gone(database: string, cause: unknown, at?: string): HoldfastError {
  return new HoldfastError(
    'unreadable-moment',
    `database ${quoteIdent(database)} can't be read as of ${at ?? 'the moment of the backup'} any more: the session that held the snapshot has ended`,
    { hint: 'Start again: a new backup is consistent as of a new moment.', cause },
  );
}
