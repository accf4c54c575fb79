import type { Clock } from './clock.ts';

/** What is remembered; whoever has more to say than that is heard again sooner. */
const REMEMBERED = 100;

/** Lets each thing be said once in a while. */
export class Seldom {
  readonly #everyMs: number;
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** Latest last. */
  readonly #saidAt = new Map<string, number>();

  constructor(everyMs: number, clock: Pick<Clock, 'elapsed'>) {
    this.#everyMs = everyMs;
    this.#clock = clock;
  }

  /** Whether it is to be said now: then it isn't again for a while. */
  isDue(what: string): boolean {
    const now = this.#clock.elapsed();
    const last = this.#saidAt.get(what);
    if (last !== undefined && now - last < this.#everyMs) return false;
    this.#saidAt.delete(what);
    this.#saidAt.set(what, now);
    const [oldest] = this.#saidAt.keys();
    if (this.#saidAt.size > REMEMBERED && oldest !== undefined) this.#saidAt.delete(oldest);
    return true;
  }
}
