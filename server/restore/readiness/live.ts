import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, GcWindow } from '../../cluster/cluster.ts';
import type { Moment } from '../../cluster/moment.ts';
import type { ObjectName } from '../../cluster/names.ts';
import { Turns } from '../../cluster/turns.ts';
import { HoldfastError, messageOf } from '../../errors.ts';
import { Asked } from './asked.ts';
import type { Deadline } from './deadline.ts';

/** Tables come and go seldom. */
const GOOD_MS = 60_000;
const FAILED_GOOD_MS = 10_000;
const MOST_KEPT = 2_000;
/** Databases of one cluster that are asked at once. */
const AT_ONCE = 4;
/**
 * A PostgreSQL session is of one database and stays open for ten seconds: so many databases are asked in that time, that a server
 * with a hundred sessions in all has some left for others.
 */
const MOST_A_SPAN = 24;
const SPAN_MS = 10_000;

/** What a database of a cluster says of itself now. */
export type LiveDatabase =
  | {
      kind: 'known';
      tables: ObjectName[];
      unsupported: { name: ObjectName; why: string }[];
      windows: GcWindow[];
      /** Why nothing can build on the moment that was asked about; null where it can. */
      noBase: string | null;
    }
  | { kind: 'gone' }
  | { kind: 'unknown'; why: string };

/** Asks databases what they have, a bounded number at a time; what was asked a minute ago is remembered. */
export class LiveDatabases {
  readonly #answers: Asked<LiveDatabase>;
  readonly #pacers = new Map<string, Pacer>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.#answers = new Asked(({ kind }) => (kind === 'unknown' ? FAILED_GOOD_MS : GOOD_MS), now, MOST_KEPT);
  }

  /** With `moment`, also whether an incremental backup can build on that. Never rejects. */
  async ask(
    cluster: string,
    connect: () => Promise<Cluster>,
    database: string,
    moment: Moment | null,
    deadline: Deadline,
  ): Promise<LiveDatabase> {
    const pacer = this.#pacers.get(cluster) ?? new Pacer(this.#now);
    this.#pacers.set(cluster, pacer);
    const key = JSON.stringify([cluster, database, moment?.at ?? null]);
    const answer = await deadline.by(
      this.#answers.of(key, () => pacer.during(() => ask(connect, database, moment))),
    );
    return answer ?? { kind: 'unknown', why: 'the database has not answered in time.' };
  }
}

/** Turns, and no more of them begun within a span than are good for a server. */
class Pacer {
  readonly #turns = new Turns(AT_ONCE);
  readonly #begun: number[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  during<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.during(async () => {
      const earliest = this.#begun.length < MOST_A_SPAN ? null : this.#begun.shift();
      const wait = earliest == null ? 0 : earliest + SPAN_MS - this.#now();
      this.#begun.push(this.#now() + Math.max(0, wait));
      if (wait > 0) await sleep(wait, undefined, { ref: false });
      return work();
    });
  }
}

async function ask(
  connect: () => Promise<Cluster>,
  database: string,
  moment: Moment | null,
): Promise<LiveDatabase> {
  try {
    const cluster = await connect();
    const { objects } = await cluster.catalog(database);
    const tables = objects.filter(({ kind }) => kind === 'table');
    const windows = moment === null ? [] : await cluster.gcWindows(database);
    const [noBase = null] = moment === null ? [] : await cluster.whyNoBases([moment], [database]);
    return {
      kind: 'known',
      tables: tables.filter(({ unsupported }) => unsupported === null).map(({ name }) => name),
      unsupported: tables.flatMap(({ name, unsupported }) =>
        unsupported === null ? [] : [{ name, why: unsupported }],
      ),
      windows,
      noBase,
    };
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'undefined-database') return { kind: 'gone' };
    return { kind: 'unknown', why: messageOf(error) };
  }
}
