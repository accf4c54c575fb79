import type { Logger } from 'pino';
import type { Cluster } from '../cluster/cluster.ts';
import type { DatabaseSnapshot, HeldMoment } from '../cluster/moment.ts';
import { HoldfastError } from '../errors.ts';
import type { Retention, RetentionPolicy } from '../metadata/retention.ts';

const TICK_MS = 5_000;
/** A keeper that says nothing for so long is taken to be gone, and its snapshots with it. */
const LEASE_SECONDS = 30;

export interface KeeperTools {
  /** How this keeper is called: an engine's name. */
  keeper: string;
  retention: Retention;
  /** The cluster's adapter as it is registered now. */
  connect: (cluster: string) => Promise<Cluster>;
  logger: Logger;
  now: () => Date;
}

interface Held {
  /** By the server's clock: what it is known by. */
  at: string;
  /** By this process' clock, milliseconds since 1970: what its age is told by. */
  takenAt: number;
  moment: HeldMoment;
}

/** What is held of one cluster, through one adapter: another URL is another past. */
interface HeldCluster {
  cluster: Cluster;
  databases: Map<string, Held[]>;
}

/**
 * Retains the past of clusters that keep none by themselves: a snapshot of each database that is backed up every so often,
 * each for so long. Every engine has one; each cluster's snapshots are held by one of them at a time.
 */
export class SnapshotKeeper {
  readonly #tools: KeeperTools;
  readonly #held = new Map<string, HeldCluster>();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(tools: KeeperTools) {
    this.#tools = tools;
  }

  start(): void {
    this.#timer = setInterval(() => void this.tick(), TICK_MS);
    void this.tick();
  }

  /** Takes what is due and lets go what is too old; never throws. Ticks come one after the other. */
  tick(): Promise<void> {
    this.#ticking = this.#ticking
      .then(() => this.#all())
      .catch((error: unknown) => {
        this.#tools.logger.warn({ err: error }, 'snapshots could not be retained');
      });
    return this.#ticking;
  }

  /** Lets everything go. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped = true;
    await this.#ticking;
    for (const name of [...this.#held.keys()]) await this.#letGo(name).catch(() => undefined);
  }

  async #all(): Promise<void> {
    if (this.#stopped) return;
    const names = await this.#tools.retention.clusters();
    for (const name of new Set([...names, ...this.#held.keys()])) {
      try {
        await this.#keepCluster(name, names.includes(name));
      } catch (error) {
        // One that is down must not keep the others from being looked after.
        const known = error instanceof HoldfastError;
        this.#tools.logger.warn(known ? { cluster: name } : { cluster: name, err: error }, String(error));
      }
    }
  }

  async #keepCluster(name: string, wanted: boolean): Promise<void> {
    const { retention, keeper, connect } = this.#tools;
    const policy = await retention.policy(name);
    if (!wanted || !policy.enabled) return this.#letGo(name);
    if (!(await retention.keep(name, keeper, LEASE_SECONDS))) return this.#release(name);
    const cluster = await connect(name);
    if (this.#held.get(name)?.cluster !== cluster) await this.#forget(name);
    const held = this.#held.get(name) ?? { cluster, databases: new Map<string, Held[]>() };
    this.#held.set(name, held);
    const databases = await retention.databases(name);
    for (const database of held.databases.keys())
      if (!databases.includes(database)) await this.#drop(name, database, () => true);
    for (const database of databases) await this.#keepDatabase(name, held, database, policy);
  }

  async #keepDatabase(
    name: string,
    { cluster, databases }: HeldCluster,
    database: string,
    { everySeconds, windowSeconds }: RetentionPolicy,
  ): Promise<void> {
    const now = this.#tools.now().getTime();
    const age = ({ takenAt }: Held) => (now - takenAt) / 1000;
    const held = databases.get(database) ?? [];
    databases.set(database, held);
    await this.#drop(name, database, ({ moment }) => moment.lost.aborted);
    // The newest one from before the window serves the window's oldest times.
    const before = held.findLast((one) => age(one) >= windowSeconds);
    if (before !== undefined) await this.#drop(name, database, ({ takenAt }) => takenAt < before.takenAt);
    const newest = held.at(-1);
    // Half a tick early is nearer than half a tick late.
    if (newest !== undefined && age(newest) < everySeconds - TICK_MS / 2000) return;
    const moment = await cluster.holdMoment([database], null);
    const snapshot = snapshotOf(moment, database);
    held.push({ at: snapshot.at, takenAt: now, moment });
    await this.#tools.retention.add(name, database, this.#tools.keeper, snapshot);
  }

  /** Lets those snapshots go, the registry first: nobody is sent to one that isn't there. */
  async #drop(name: string, database: string, which: (held: Held) => boolean): Promise<void> {
    const held = this.#held.get(name)?.databases.get(database) ?? [];
    for (const one of held.filter(which)) {
      await this.#tools.retention.remove(name, database, one.at);
      held.splice(held.indexOf(one), 1);
      await one.moment.release();
    }
  }

  /** Holds nothing of the cluster any more, and says so. */
  async #letGo(name: string): Promise<void> {
    if (!this.#held.has(name)) return;
    await this.#tools.retention.abandon(name, this.#tools.keeper);
    await this.#release(name);
  }

  /** What was held through an adapter that isn't the cluster's any more. */
  async #forget(name: string): Promise<void> {
    for (const database of this.#held.get(name)?.databases.keys() ?? [])
      await this.#drop(name, database, () => true);
    this.#held.delete(name);
  }

  async #release(name: string): Promise<void> {
    const held = [...(this.#held.get(name)?.databases.values() ?? [])].flat();
    this.#held.delete(name);
    await Promise.all(held.map(({ moment }) => moment.release()));
  }
}

function snapshotOf({ moment }: HeldMoment, database: string): DatabaseSnapshot {
  const snapshot = moment.kind === 'snapshot' ? moment.databases[database] : undefined;
  if (snapshot === undefined)
    throw new HoldfastError('internal', `the moment of database ${database} is no snapshot`);
  return snapshot;
}
