import { setTimeout as sleep } from 'node:timers/promises';

/** A time by which whoever waits goes on, whatever has been answered by then. */
export class Deadline {
  readonly #passed: Promise<null>;
  readonly #timer = new AbortController();

  constructor(milliseconds: number) {
    this.#passed = sleep(milliseconds, null, { signal: this.#timer.signal }).catch(() => null);
  }

  /** The answer, or null where it comes later; the work itself goes on. Rejects as the work does. */
  async by<T>(work: Promise<T>): Promise<T | null> {
    work.catch(() => undefined);
    return Promise.race([work, this.#passed]);
  }

  /** Lets go of the timer; whoever still waits goes on. */
  close(): void {
    this.#timer.abort();
  }
}
