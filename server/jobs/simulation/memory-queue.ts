import { repeat, type Repeating } from '../../clock.ts';
import type { JobId } from '../job.ts';
import type { WorkQueue } from '../queue.ts';
import type { Installation, Link, QueueItem } from './installation.ts';
import type { Process } from './process.ts';
import type { Chance } from './chance.ts';

/** As of BossQueue. */
const HEARTBEAT_MS = 10_000;
const TASKS_BESIDE = 2;
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** How long a worker may take to see that there is something. */
const POLL_MS = 2_000;

interface Kind {
  name: 'notices' | 'tokens';
  /** Whether what failed comes again. */
  again: boolean;
}

const NOTICES: Kind = { name: 'notices', again: false };
const TOKENS: Kind = { name: 'tokens', again: true };

/**
 * What BossQueue is, over an installation in memory: who has something in hand is heard of every few seconds, and what nobody is heard of
 * that has it, or what failed, comes again after a while.
 */
export class MemoryQueue implements WorkQueue {
  readonly #there: Installation;
  readonly #link: Link;
  readonly #process: Process;
  readonly #chance: Chance;
  readonly #closing = new AbortController();
  /** What is being worked here, whatever the queue believes. */
  readonly #working = new Set<string>();
  readonly #inHand = new Set<Promise<void>>();
  #upkeep: Repeating | null = null;

  constructor(there: Installation, link: Link, process: Process, chance: Chance) {
    this.#there = there;
    this.#link = link;
    this.#process = process;
    this.#chance = chance;
  }

  sendJob(jobId: JobId): Promise<void> {
    return this.#link.transact('send job', () => {
      const { notices, now } = this.#there;
      const waits = notices.some(({ id, heldBy }) => heldBy === null && id.startsWith(`${jobId}:`));
      if (!waits) notices.push(newItem(`${jobId}:${this.#there.number()}`, now));
      this.#there.tellQueue();
    });
  }

  sendTokens(count: number): Promise<void> {
    return this.#link.transact('send tokens', () => {
      const { tokens, now } = this.#there;
      for (let sent = 0; sent < count; sent++) tokens.push(newItem(`token-${this.#there.number()}`, now));
      this.#there.tellQueue();
    });
  }

  async workJobs(concurrency: number, handle: (jobId: JobId) => Promise<void>): Promise<void> {
    this.#work(NOTICES, concurrency, (id) => handle((id.split(':')[0] ?? '') as JobId));
  }

  async workTokens(concurrency: number, handle: (token: string) => Promise<void>): Promise<void> {
    this.#work(TOKENS, concurrency + TASKS_BESIDE, handle);
  }

  #work(kind: Kind, workers: number, handle: (id: string) => Promise<void>): void {
    this.#upkeep ??= this.#keepUp();
    for (let worker = 0; worker < workers; worker++) void this.#worker(kind, handle);
  }

  async #worker(kind: Kind, handle: (id: string) => Promise<void>): Promise<void> {
    const { clock } = this.#process;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let id: string | null;
      try {
        id = await this.#link.transact(`fetch of ${kind.name}`, () => this.#fetch(kind));
      } catch {
        await clock.sleep(POLL_MS, signal);
        continue;
      }
      if (id === null) {
        await this.#told(kind);
        await clock.sleep(this.#chance.next() * POLL_MS, signal);
        continue;
      }
      const work = this.#handle(kind, id, handle);
      this.#inHand.add(work);
      await work;
      this.#inHand.delete(work);
    }
  }

  #fetch({ name }: Kind): string | null {
    const { now } = this.#there;
    const found = this.#there[name].find(({ heldBy, startAfter }) => heldBy === null && startAfter <= now);
    if (found === undefined) return null;
    Object.assign(found, { heldBy: this.#process.name, heardAt: now });
    return found.id;
  }

  async #handle(kind: Kind, id: string, handle: (id: string) => Promise<void>): Promise<void> {
    let failed = false;
    this.#working.add(id);
    try {
      await handle(id);
    } catch {
      failed = true;
    }
    this.#working.delete(id);
    // What can't be said now is found out by nothing being heard of it any more.
    await this.#link
      .transact(`${failed ? 'failure' : 'end'} of ${kind.name}`, () => {
        const item = this.#there[kind.name].find((each) => each.id === id);
        if (item?.heldBy === this.#process.name) this.#end(kind, item, failed);
      })
      .catch(() => undefined);
  }

  #end(kind: Kind, item: QueueItem, failed: boolean): void {
    if (failed && kind.again) {
      item.retries += 1;
      const longest = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.min(16, item.retries));
      item.heldBy = null;
      item.startAfter = this.#there.now + longest * (0.5 + this.#chance.next() / 2);
    } else {
      const items = this.#there[kind.name];
      items.splice(items.indexOf(item), 1);
    }
  }

  /** Says what is in hand here, and has come again what nobody is heard of that has it. */
  #keepUp(): Repeating {
    return repeat(this.#process.clock, HEARTBEAT_MS / 2, async () => {
      await this.#link
        .transact('keep up the queue', () => {
          const { now } = this.#there;
          for (const kind of [NOTICES, TOKENS])
            for (const item of [...this.#there[kind.name]]) {
              if (item.heldBy === this.#process.name && this.#working.has(item.id)) item.heardAt = now;
              if (item.heldBy !== null && now - item.heardAt > HEARTBEAT_MS) this.#end(kind, item, true);
            }
          this.#there.tellQueue();
        })
        .catch(() => undefined);
    });
  }

  /** Resolves once there may be something to fetch. */
  async #told({ name }: Kind): Promise<void> {
    const told = new AbortController();
    const stop = this.#there.followQueue(name, this.#process, () => told.abort());
    const { signal } = this.#closing;
    await new Promise<void>((resolve) => {
      for (const each of [told.signal, signal])
        each.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    stop();
  }

  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    await Promise.race([Promise.all(this.#inHand), this.#process.clock.sleep(graceMs)]);
    await this.#upkeep?.stop();
    await this.#link
      .transact('leave the queue', () => {
        for (const kind of [NOTICES, TOKENS])
          for (const item of [...this.#there[kind.name]])
            if (item.heldBy === this.#process.name) this.#end(kind, item, true);
      })
      .catch(() => undefined);
  }
}

function newItem(id: string, now: number): QueueItem {
  return { id, startAfter: now, heldBy: null, heardAt: now, retries: 0 };
}
