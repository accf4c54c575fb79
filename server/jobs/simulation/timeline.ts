import { hash, hashText } from '../../cluster/simulated/random.ts';
import { Chance } from './chance.ts';
import type { Process } from './process.ts';

interface Due {
  at: number;
  /** Of what is due at the same time, chance has the order. */
  order: number;
  what: string;
  run: () => void;
  owner: Process | null;
  over: boolean;
}

/**
 * A time of its own, in which one thing happens after the other: whatever is going on waits for something that is due here, and what
 * is next is run once all of it waits again. So a seed has one course of events.
 */
export class Timeline {
  readonly chance: Chance;
  /** Gets a line for all that happens, where somebody wants to read it. */
  readonly #tell: ((line: string) => void) | null;
  readonly #due = new Heap();
  #now = 0;
  #digest: number;
  #steps = 0;

  constructor(seed: number, tell: ((line: string) => void) | null = null) {
    this.chance = new Chance(seed);
    this.#digest = seed;
    this.#tell = tell;
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Of all that has happened. */
  get digest(): string {
    return `${this.#steps} ${this.#digest.toString(16)}`;
  }

  note(line: string): void {
    this.#digest = hash(this.#digest, hashText(line), Math.round(this.#now * 1000));
    this.#tell?.(`${(this.#now / 1000).toFixed(3).padStart(9)} ${line}`);
  }

  /** Adds to what is told, and not to the digest: what may differ from run to run. */
  remark(line: () => string): void {
    this.#tell?.(`${' '.repeat(10)}${line()}`);
  }

  /**
   * Has something happen after so many milliseconds, unless the answer is called before. What has an owner doesn't happen when that one
   * is dead, and waits while it is frozen.
   */
  after(ms: number, what: string, run: () => void, owner: Process | null = null): () => void {
    const due: Due = {
      at: this.#now + Math.max(0, ms),
      order: this.chance.next(),
      what,
      run,
      owner,
      over: false,
    };
    this.#due.push(due);
    return () => {
      due.over = true;
    };
  }

  /** Has things happen until `over` or the time has come; answers whether it is over. */
  async runUntil(over: () => boolean, mostMs: number): Promise<boolean> {
    await settled();
    while (!over()) {
      const due = this.#due.pop();
      if (due === undefined) return false;
      if (due.over || due.owner?.alive === false) continue;
      if (due.at > mostMs) {
        this.#due.push(due);
        return false;
      }
      const thaw = due.owner?.frozenUntil ?? 0;
      if (thaw > due.at) {
        this.#due.push({ ...due, at: thaw });
        continue;
      }
      this.#now = due.at;
      this.#steps += 1;
      this.note(due.owner === null ? due.what : `${due.owner.name} ${due.what}`);
      due.run();
      await settled();
    }
    return true;
  }
}

/** Resolves once nothing goes on any more but what waits for the timeline: all that code does by itself comes before that. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Heap {
  readonly #items: Due[] = [];

  push(item: Due): void {
    const items = this.#items;
    let place = items.push(item) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = items[parent];
      if (above === undefined || !isBefore(item, above)) break;
      items[place] = above;
      place = parent;
    }
    items[place] = item;
  }

  pop(): Due | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const [one, other] = [items[left], items[left + 1]];
      if (one === undefined) break;
      const child = other !== undefined && isBefore(other, one) ? left + 1 : left;
      const below = items[child];
      if (below === undefined || !isBefore(below, last)) break;
      items[place] = below;
      place = child;
    }
    items[place] = last;
    return first;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
