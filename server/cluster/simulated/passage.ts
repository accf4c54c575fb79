import { HoldfastError } from '../../errors.ts';
import type { TableRange } from '../cluster.ts';
import { type Moment, momentText } from '../moment.ts';
import { aborted, type SimulationClock, wait } from './clock.ts';
import { nanosecondsOf } from './life.ts';
import type { Nodes } from './nodes.ts';
import { happens, hash, below } from './random.ts';
import type { RangeLayout } from './ranges.ts';
import type { Unrest } from './unrest.ts';

/**
 * So many milliseconds after a lease has moved, its former holder fails the reads that it is still sent; then it passes them on.
 * A twentieth of the time between moves, so that a read of many ranges may be through between two of them.
 */
export function leaseSettlesMs({ leaseSeconds }: Pick<Unrest, 'leaseSeconds'>): number {
  return Math.min(5_000, (leaseSeconds ?? Infinity) * 50);
}

/** What the hashes of reads are told apart by. */
const FAULT = 0xfa;
const HANG = 0x4a;
const PLACE = 0x91a;

const MS = 1_000_000n;

/** What a read depends on. */
export interface Route {
  nodes: Nodes;
  layout: RangeLayout;
  unrest: Unrest;
  clock: SimulationClock;
  salt: number;
}

/**
 * One read on its way through a range, sent to the range's leaseholder: goes on, waits or fails as the cluster's nodes and
 * leases are by then. Whether it is one that fails goes by what is read, and when it began: a later try has other luck.
 */
export class Passage {
  /** The row before which the read fails or hangs; null for none. */
  readonly strikesAt: number | null;
  readonly #route: Route;
  readonly #range: TableRange;
  readonly #doing: string;
  readonly #moments: readonly Moment[];
  readonly #hangs: boolean;
  #looked: number;

  /** `rows`: ordinals, the first and the one after the last. `moments`: those that are read as of. */
  constructor(
    route: Route,
    range: TableRange,
    rows: { first: number; end: number },
    moments: readonly Moment[],
    doing: string,
  ) {
    this.#route = route;
    this.#range = range;
    this.#doing = `${doing} on node ${range.leaseholder}`;
    this.#moments = moments;
    const began = this.#now();
    this.#looked = began;
    const draw = (what: number) =>
      hash(route.salt, rows.first, rows.end, what, began, Math.floor(began / 2 ** 32));
    this.#hangs = happens(route.unrest.hangs, draw(HANG));
    const place = draw(PLACE);
    if (!this.#hangs && !happens(route.unrest.faults, draw(FAULT))) this.strikesAt = null;
    else if (place % 2 === 0) this.strikesAt = rows.first;
    else this.strikesAt = rows.first + below(Math.max(1, rows.end - rows.first), hash(place));
  }

  /** Before the first byte. Throws `cluster-unavailable`, `unreadable-moment`, or the signal's reason. */
  async begin(first: number, signal: AbortSignal): Promise<void> {
    await this.goOn(first, signal);
    if (this.strikesAt === first) await this.strike(signal);
  }

  /** Before what begins with that row; throws as `begin` does. */
  async goOn(ordinal: number, signal: AbortSignal): Promise<void> {
    this.#look(ordinal);
    const { nodes, unrest, clock } = this.#route;
    if (!nodes.isSlow(this.#range.leaseholder, this.#now())) return;
    await wait(clock, unrest.slowMs, signal);
    this.#look(ordinal);
  }

  /** What happens at `strikesAt`. */
  async strike(signal: AbortSignal): Promise<never> {
    if (this.#hangs) return aborted(signal);
    throw this.#failed('the connection was lost');
  }

  #look(ordinal: number): void {
    const { nodes, layout, unrest } = this.#route;
    const { leaseholder } = this.#range;
    const now = this.#now();
    for (const moment of this.#moments) assertInWindow(moment, now, unrest.gcSeconds, this.#doing);
    if (!nodes.isLive(leaseholder, now)) throw this.#failed(`node ${leaseholder} is down`);
    if (unrest.leaseSeconds === null && unrest.down === 0) return;
    const holder = layout.leaseholderOf(ordinal, now);
    const before = Math.min(this.#looked, now - leaseSettlesMs(unrest));
    if (holder !== leaseholder && layout.leaseholderOf(ordinal, before) === leaseholder)
      throw this.#failed(`its lease has moved to node ${holder}`);
    this.#looked = now;
  }

  #failed(why: string): HoldfastError {
    return new HoldfastError('cluster-unavailable', `could not ${this.#doing}: ${why}`, {
      hint: 'Try again: the cluster is a simulation in which such things happen now and then.',
    });
  }

  #now(): number {
    return this.#route.clock.now().getTime();
  }
}

/** When a moment leaves a GC window of that length, in milliseconds since 1970. */
export function deadlineOf(moment: Moment, gcSeconds: number): number {
  return Number(nanosecondsOf(moment) / MS) + gcSeconds * 1000;
}

/** Throws `unreadable-moment`, naming the deadline, when the moment has left the GC window. */
export function assertInWindow(moment: Moment, now: number, gcSeconds: number, doing: string): void {
  const deadline = deadlineOf(moment, gcSeconds);
  if (now <= deadline) return;
  throw new HoldfastError(
    'unreadable-moment',
    `could not ${doing} as of ${momentText(moment)}: its GC window of ${gcSeconds} seconds ended at ${new Date(deadline).toISOString()}`,
    { hint: 'Take a later moment.' },
  );
}
