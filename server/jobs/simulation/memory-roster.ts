import type { Engine, Roster } from '../ledger.ts';
import type { Installation, Link } from './installation.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What EngineRoster is, over an installation in memory. */
export class MemoryRoster implements Roster {
  readonly #there: Installation;
  readonly #link: Link;

  constructor(there: Installation, link: Link) {
    this.#there = there;
    this.#link = link;
  }

  beat({ name, locality }: Engine, capacity: number): Promise<void> {
    return this.#link.transact('beat', () => {
      const { engines, now } = this.#there;
      engines.set(name, { locality, capacity, seenAt: now });
      for (const [each, { seenAt }] of engines) if (seenAt < now - DAY_MS) engines.delete(each);
    });
  }

  leave({ name }: Engine): Promise<void> {
    return this.#link.transact('leave', () => {
      this.#there.engines.delete(name);
    });
  }
}
