import type { Moment } from '../../moment.ts';
import type { Connections, Lease } from '../connections.ts';
import { snapshotOf } from '../moment.ts';
import type { Session } from '../session.ts';
import { FOLLOWED_DATABASES_SQL, type Following, readFollowing, whyNotFollowed } from './following.ts';
import { keepMark, movedText, moveOn, setMark, toForget } from './marks.ts';
import { dropUseless, moveRecentSlot } from './recent-slot.ts';

/** Since when pg_log_standby_snapshot() is there. */
const LOGS_SNAPSHOTS = 160000;

/** Looks after the slots of one server's databases. */
export class Tending {
  readonly #connections: Connections;
  readonly #now: () => Date;
  /** What goes on behind the back of a backup that has ended. */
  readonly #moving = new Set<Promise<void>>();
  readonly #leases = new Set<Lease>();

  constructor(connections: Connections, now: () => Date) {
    this.#connections = connections;
    this.#now = now;
  }

  /**
   * Sets a mark where changes are followed, for the moment that is about to be taken: what builds on it need not read the
   * WAL from before. It only saves time, so whatever is in its way is passed over.
   */
  async markBefore(database: string): Promise<void> {
    const mark = async (session: Session) => markWhereFollowed(session, await readFollowing(session));
    await this.#connections.use(database, mark).catch(() => undefined);
  }

  /** Implements Cluster.tend. */
  async tend(backup: { databases: readonly string[]; moment: Moment } | null): Promise<string[]> {
    const said: string[] = [];
    for (const database of backup?.databases ?? (await this.#followed())) {
      const moved = await this.#connections.use(database, async (session) => {
        const following = await dropUseless(session, await readFollowing(session));
        // A backup has set its mark before its moment.
        if (backup === null) await markWhereFollowed(session, following);
        return isOurs(following) && toForget(following, this.#now()) !== null
          ? moveOn(session, this.#now())
          : null;
      });
      if (moved !== null) said.push(movedText(database, moved));
      if (backup !== null) this.#moveRecent(database, backup.moment);
    }
    return said;
  }

  async close(): Promise<void> {
    for (const lease of this.#leases) this.#connections.cancel(lease);
    await Promise.all(this.#moving);
  }

  async #followed(): Promise<string[]> {
    const { homeDatabase } = this.#connections;
    const rows = await this.#connections.use(homeDatabase, (session) =>
      session.rows<{ name: string }>('list the databases that are followed', FOLLOWED_DATABASES_SQL),
    );
    return rows.map(({ name }) => name);
  }

  /** Not waited for: it reads as much WAL as the next incremental backup is spared. */
  #moveRecent(database: string, moment: Moment): void {
    const moving: Promise<void> = this.#connections
      .use(database, async (lease) => {
        this.#leases.add(lease);
        try {
          await moveRecentSlot(lease, snapshotOf(database, moment));
        } finally {
          this.#leases.delete(lease);
        }
      })
      .catch(() => undefined)
      .finally(() => this.#moving.delete(moving));
    this.#moving.add(moving);
  }
}

/** Changes are followed, and marks may be kept. */
function isOurs(following: Following): boolean {
  return whyNotFollowed(following) === null && following.publication?.owned === true;
}

/** Sets a mark where the database's changes are followed and it may be kept. */
async function markWhereFollowed(session: Session, following: Following): Promise<void> {
  if (!isOurs(following)) return;
  // Reading can begin only at a place where the WAL lists the running transactions, which it does every 15 seconds.
  if (session.server.version >= LOGS_SNAPSHOTS)
    await session.rows(
      'have the running transactions logged',
      `SELECT pg_log_standby_snapshot() WHERE has_function_privilege('pg_log_standby_snapshot()', 'EXECUTE')`,
    );
  await keepMark(session, await setMark(session));
}
