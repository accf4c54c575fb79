import { sql } from 'kysely';
import type { Capability } from '../cluster/cluster.ts';
import { type DatabaseSnapshot, databaseSnapshotSchema } from '../cluster/moment.ts';
import type { FoundPast, RetainedPast } from '../cluster/past.ts';
import { HoldfastError } from '../errors.ts';
import type { Metadata } from './open.ts';

/** How a cluster's past is retained: a snapshot of each database every so often, each for so long. */
export interface RetentionPolicy {
  enabled: boolean;
  everySeconds: number;
  windowSeconds: number;
}

export const DEFAULT_POLICY: RetentionPolicy = { enabled: true, everySeconds: 60, windowSeconds: 300 };

/** Each snapshot is a connection to the server that holds back vacuum. */
export const MOST_SNAPSHOTS = 30;
export const LEAST_INTERVAL_SECONDS = 5;
export const LONGEST_WINDOW_SECONDS = 24 * 60 * 60;
/** A database that nobody has backed up for so long is taken to be of no interest. */
const INTEREST_DAYS = 30;

/** What is retained of one database. */
export interface RetainedDatabase {
  database: string;
  /** Newest first, ISO 8601. */
  times: string[];
}

/** Policies, keepers and snapshots of retained pasts, as consoles and engines share them. */
export class Retention {
  readonly #metadata: Metadata;
  readonly #now: () => Date;

  constructor(metadata: Metadata, now: () => Date = () => new Date()) {
    this.#metadata = metadata;
    this.#now = now;
  }

  async policy(cluster: string): Promise<RetentionPolicy> {
    const row = await this.#metadata.db
      .selectFrom('retention_policies')
      .selectAll()
      .where('cluster', '=', cluster)
      .executeTakeFirst();
    if (row === undefined) return DEFAULT_POLICY;
    return { enabled: row.enabled, everySeconds: row.every_seconds, windowSeconds: row.window_seconds };
  }

  /** Throws `invalid-value` for a policy that would hold too many snapshots, or none. */
  async setPolicy(cluster: string, policy: RetentionPolicy): Promise<void> {
    assertSensible(policy);
    const values = {
      enabled: policy.enabled,
      every_seconds: policy.everySeconds,
      window_seconds: policy.windowSeconds,
    };
    await this.#metadata.db
      .insertInto('retention_policies')
      .values({ cluster, ...values })
      .onConflict((conflict) => conflict.column('cluster').doUpdateSet(values))
      .execute();
  }

  /** From now on the past of these databases is worth retaining. */
  async noteBackedUp(cluster: string, databases: readonly string[]): Promise<void> {
    if (databases.length === 0) return;
    const backed_up_at = this.#now();
    await this.#metadata.db
      .insertInto('retained_databases')
      .values(databases.map((database) => ({ cluster, database, backed_up_at })))
      .onConflict((conflict) => conflict.columns(['cluster', 'database']).doUpdateSet({ backed_up_at }))
      .execute();
  }

  /** The clusters with databases whose past is worth retaining. */
  async clusters(): Promise<string[]> {
    const rows = await this.#metadata.db
      .selectFrom('retained_databases')
      .select('cluster')
      .distinct()
      .orderBy('cluster')
      .execute();
    return rows.map(({ cluster }) => cluster);
  }

  /** The databases of a cluster that have been backed up lately, by name. */
  async databases(cluster: string): Promise<string[]> {
    const since = new Date(this.#now().getTime() - INTEREST_DAYS * 24 * 60 * 60 * 1000);
    const rows = await this.#metadata.db
      .selectFrom('retained_databases')
      .select('database')
      .where('cluster', '=', cluster)
      .where('backed_up_at', '>', since)
      .orderBy('database')
      .execute();
    return rows.map(({ database }) => database);
  }

  /**
   * Makes `keeper` the one that holds the cluster's snapshots for the next `seconds`, unless another one is; answers
   * whether it is now. Snapshots of a keeper that is no more are forgotten: they went with it.
   */
  async keep(cluster: string, keeper: string, seconds: number): Promise<boolean> {
    const now = this.#now();
    const until = new Date(now.getTime() + seconds * 1000);
    const taken = await this.#metadata.db
      .insertInto('snapshot_keepers')
      .values({ cluster, keeper, until })
      .onConflict((conflict) =>
        conflict
          .column('cluster')
          .doUpdateSet({ keeper, until })
          .where((eb) =>
            eb.or([eb('snapshot_keepers.keeper', '=', keeper), eb('snapshot_keepers.until', '<', now)]),
          ),
      )
      .returning('keeper')
      .executeTakeFirst();
    if (taken === undefined) return false;
    await this.#metadata.db
      .deleteFrom('snapshots')
      .where('cluster', '=', cluster)
      .where('keeper', '<>', keeper)
      .execute();
    return true;
  }

  /** The keeper has let all of the cluster's snapshots go. */
  async abandon(cluster: string, keeper: string): Promise<void> {
    for (const table of ['snapshots', 'snapshot_keepers'] as const)
      await this.#metadata.db
        .deleteFrom(table)
        .where('cluster', '=', cluster)
        .where('keeper', '=', keeper)
        .execute();
  }

  async add(cluster: string, database: string, keeper: string, snapshot: DatabaseSnapshot): Promise<void> {
    await this.#metadata.db
      .insertInto('snapshots')
      .values({ cluster, database, keeper, at: snapshot.at, body: JSON.stringify(snapshot) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  /** Nobody may choose the snapshot any more; called before it is let go. */
  async remove(cluster: string, database: string, at: string): Promise<void> {
    await this.#metadata.db
      .deleteFrom('snapshots')
      .where('cluster', '=', cluster)
      .where('database', '=', database)
      .where('at', '=', new Date(at))
      .execute();
  }

  /** What is retained of a cluster right now, by database. */
  async retained(cluster: string): Promise<RetainedDatabase[]> {
    const rows = await this.#living(cluster)
      .select(['snapshots.database', 'snapshots.at'])
      .orderBy('snapshots.database')
      .orderBy('snapshots.at', 'desc')
      .execute();
    const found = new Map<string, string[]>((await this.databases(cluster)).map((name) => [name, []]));
    for (const { database, at } of rows) {
      const times = found.get(database) ?? [];
      found.set(database, times);
      times.push(at.toISOString());
    }
    return [...found].map(([database, times]) => ({ database, times }));
  }

  /** What an adapter of the cluster sees of it. */
  pastOf(cluster: string): RetainedPast {
    return {
      find: (database, notAfter) => this.#find(cluster, database, notAfter),
      capability: () => this.#capability(cluster),
    };
  }

  async #find(cluster: string, database: string, notAfter: Date): Promise<FoundPast> {
    const of = () => this.#living(cluster).where('snapshots.database', '=', database);
    const newest = await of()
      .where('snapshots.at', '<=', notAfter)
      .select('snapshots.body')
      .orderBy('snapshots.at', 'desc')
      .limit(1)
      .executeTakeFirst();
    const window = await of()
      .select([
        sql<Date | null>`min(snapshots.at)`.as('oldest'),
        sql<Date | null>`max(snapshots.at)`.as('newest'),
      ])
      .executeTakeFirst();
    return {
      snapshot: newest === undefined ? null : databaseSnapshotSchema.parse(newest.body),
      window:
        window?.oldest == null || window.newest === null
          ? null
          : { oldest: window.oldest.toISOString(), newest: window.newest.toISOString() },
    };
  }

  async #capability(cluster: string): Promise<Capability> {
    const { enabled } = await this.policy(cluster);
    if (!enabled)
      return {
        available: false,
        reason:
          'PostgreSQL keeps no past that can be read, and retaining snapshots of it is turned off here.',
        remedy: 'Turn it on on the page of this cluster.',
      };
    if ((await this.databases(cluster)).length > 0) return { available: true };
    return {
      available: false,
      reason:
        'PostgreSQL keeps no past that can be read; snapshots are retained of databases that have been backed up, and none has.',
      remedy: 'Take a backup: from then on, earlier times of its databases can be read.',
    };
  }

  /** Snapshots whose keeper still holds them. */
  #living(cluster: string) {
    return this.#metadata.db
      .selectFrom('snapshots')
      .innerJoin('snapshot_keepers', (join) =>
        join
          .onRef('snapshot_keepers.cluster', '=', 'snapshots.cluster')
          .onRef('snapshot_keepers.keeper', '=', 'snapshots.keeper'),
      )
      .where('snapshots.cluster', '=', cluster)
      .where('snapshot_keepers.until', '>', this.#now());
  }
}

function assertSensible({ everySeconds, windowSeconds }: RetentionPolicy): void {
  const refuse = (problem: string, field: 'everySeconds' | 'windowSeconds') => {
    throw new HoldfastError('invalid-value', problem, {
      field,
      hint: `Every ${DEFAULT_POLICY.everySeconds} seconds for ${DEFAULT_POLICY.windowSeconds} seconds is what it is unless changed.`,
    });
  };
  if (everySeconds < LEAST_INTERVAL_SECONDS)
    refuse(`snapshots can be ${LEAST_INTERVAL_SECONDS} seconds apart at least`, 'everySeconds');
  if (windowSeconds < everySeconds)
    refuse('a window shorter than the interval would retain nothing most of the time', 'windowSeconds');
  if (windowSeconds > LONGEST_WINDOW_SECONDS)
    refuse('snapshots can be retained for a day at most: they hold back vacuum', 'windowSeconds');
  if (windowSeconds / everySeconds > MOST_SNAPSHOTS)
    refuse(
      `that would be ${Math.ceil(windowSeconds / everySeconds)} snapshots of each database, each of them a connection; ${MOST_SNAPSHOTS} at most`,
      'windowSeconds',
    );
}
