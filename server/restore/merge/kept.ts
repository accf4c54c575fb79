import type { Clock } from '../../clock.ts';

/** What nobody uses any more is kept for so long, since somebody may ask for it again. */
const IDLE_MS = 5_000;

interface Entry<V> {
  weight: number;
  value: Promise<V>;
  users: number;
  made: boolean;
  /** Aborts the making, once nobody waits for it. */
  unwanted: AbortController;
  /** Which time it is that nobody uses it. */
  idle: number;
}

/** What is lent of a Kept. */
export interface Lent<V> {
  value: V;
  /** To be called once. */
  giveBack(): void;
}

/**
 * Values that several tasks need at once, each made once, and dropped some time after its last user or when another one
 * needs its place. Together they are never heavier than `most`, but for one that is alone.
 */
export class Kept<V> {
  readonly #most: number;
  readonly #clock: Clock;
  /** Those that were given back last come last. */
  readonly #entries = new Map<string, Entry<V>>();
  readonly #waiting = new Set<() => void>();
  readonly #closing = new AbortController();

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /**
   * Lends the value of this name, made by `make` where it isn't there. Waits for room; who holds one while it waits for another
   * may wait for ever. Throws what `make` threw, to all that wait for it, and the signal's reason.
   */
  async lend(
    name: string,
    weight: number,
    make: (signal: AbortSignal) => Promise<V>,
    signal: AbortSignal,
  ): Promise<Lent<V>> {
    let entry = this.#entries.get(name);
    while (entry === undefined && !this.#makeRoom(weight)) {
      await this.#changed(signal);
      entry = this.#entries.get(name);
    }
    signal.throwIfAborted();
    entry ??= this.#begin(name, weight, make);
    entry.users += 1;
    const taken = entry;
    let returned = false;
    const giveBack = () => {
      if (!returned) this.#giveBack(name, taken);
      returned = true;
    };
    try {
      return { value: await unlessAborted(entry.value, signal), giveBack };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Drops what nobody uses. */
  close(): void {
    this.#closing.abort();
    for (const [name, entry] of this.#entries) if (entry.users === 0) this.#drop(name, entry);
  }

  #begin(name: string, weight: number, make: (signal: AbortSignal) => Promise<V>): Entry<V> {
    const unwanted = new AbortController();
    const value = make(unwanted.signal);
    const entry: Entry<V> = { weight, value, users: 0, made: false, unwanted, idle: 0 };
    this.#entries.set(name, entry);
    value.then(
      () => {
        entry.made = true;
      },
      () => {
        // Whoever comes next has it made anew.
        this.#drop(name, entry);
      },
    );
    return entry;
  }

  /** Drops what nobody uses until there is room; answers whether there is. */
  #makeRoom(weight: number): boolean {
    const held = () => [...this.#entries.values()].reduce((sum, entry) => sum + entry.weight, 0);
    for (const [name, entry] of this.#entries) {
      if (held() + weight <= this.#most) return true;
      if (entry.users === 0) this.#drop(name, entry);
    }
    return this.#entries.size === 0 || held() + weight <= this.#most;
  }

  #giveBack(name: string, entry: Entry<V>): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    if (!entry.made || this.#closing.signal.aborted) {
      this.#drop(name, entry);
      return;
    }
    const idle = ++entry.idle;
    if (this.#entries.delete(name)) this.#entries.set(name, entry);
    void this.#clock.sleep(IDLE_MS, this.#closing.signal).then(() => {
      if (entry.users === 0 && entry.idle === idle) this.#drop(name, entry);
    });
    this.#tell();
  }

  #drop(name: string, entry: Entry<V>): void {
    entry.unwanted.abort(new Error('nobody needs it any more'));
    if (this.#entries.get(name) === entry) this.#entries.delete(name);
    this.#tell();
  }

  #tell(): void {
    for (const tell of this.#waiting) tell();
  }

  async #changed(signal: AbortSignal): Promise<void> {
    const change = Promise.withResolvers<undefined>();
    const tell = () => {
      change.resolve(undefined);
    };
    this.#waiting.add(tell);
    try {
      await unlessAborted(change.promise, signal);
    } finally {
      this.#waiting.delete(tell);
    }
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => {
    aborted.reject(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
