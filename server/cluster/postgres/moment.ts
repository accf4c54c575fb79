import { HoldfastError } from '../../errors.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import { quoteIdent } from '../names.ts';
import { TIMELINE_SQL } from './changes/following.ts';
import type { Connections, Lease } from './connections.ts';
import { clusterError } from './errors.ts';

/** How long a backup waits for a table that somebody holds an ACCESS EXCLUSIVE lock on. */
const LOCK_TIMEOUT = '30s';

/** One database's part of a moment. */
export type Snapshot = Extract<Moment, { kind: 'snapshot' }>['databases'][string];

/**
 * The moments that this process holds: a session a database, idle in a read-only transaction whose snapshot is
 * exported. Only snapshots live there; who reads imports them, in whatever process.
 */
export class Moments {
  readonly #connections: Connections;
  /** By snapshot id. */
  readonly #holders = new Map<string, Holder>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Implements Cluster.holdMoment. */
  async hold(databases: string[], asOf: string | null): Promise<HeldMoment> {
    if (asOf !== null)
      throw new HoldfastError(
        'unreadable-moment',
        `AS OF SYSTEM TIME '${asOf}' can't be read: PostgreSQL keeps no past to read, and no snapshots of it are retained here`,
        { hint: 'Omit AS OF SYSTEM TIME: the backup is then consistent as of its start.', field: 'asOf' },
      );
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
      await Promise.allSettled(connecting);
      const held = await Promise.all(connecting);
      // Connected first, then all snapshots at once: the databases' moments lie as close together as can be.
      const snapshots = await Promise.all(
        held.map(async ({ database, holder }) => [database, await holder.export()] as const),
      );
      const [first] = snapshots.map(([, snapshot]) => snapshot.at).sort();
      if (first === undefined)
        throw new HoldfastError('empty-selection', 'a moment was asked for, but of no database');
      for (const { holder } of held) this.#holders.set(holder.snapshotId, holder);
      const moment: Moment = { kind: 'snapshot', at: first, databases: Object.fromEntries(snapshots) };
      return { moment, lost: lost.signal, release };
    } catch (error) {
      await release();
      throw error;
    }
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

  async export(): Promise<Snapshot> {
    const doing = 'export a snapshot';
    await this.#lease.run(doing, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows = await this.#lease.rows<Omit<Snapshot, 'timeline'> & { timeline: number | null }>(
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
  const { snapshot } = snapshotOf(database, at);
  try {
    await session.client.query(`SET TRANSACTION SNAPSHOT '${snapshot.replaceAll("'", "''")}'`);
  } catch (cause) {
    const error = clusterError(cause, session.place, 'read the moment');
    throw error.code === 'cluster-unavailable' ? error : gone(database, cause, at.at);
  }
}

/** That database's part of the moment. Throws `unreadable-moment` where there is none. */
export function snapshotOf(database: string, at: Moment): Snapshot {
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
