import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/**
 * What can be waited for of a job: `events` that were logged; `work`, which is a task of it that ended or a state that
 * it came to. The triggers of migration 0002 send both.
 */
export type Topic = 'events' | 'work';

export const CHANNEL = 'holdfast_jobs';

/** Whoever waits looks again after this long whatever happens, and after DEAF_MS where nobody would tell it. */
const LISTENING_MS = 2_000;
const DEAF_MS = 250;
/** Many changes at once are one. */
const GATHER_MS = 50;
const RECONNECT_MS = 1_000;

/** Waits for changes of one job. Nothing is missed between two calls of `next`. */
export interface Follower {
  /** Resolves once something may have changed since the last call, or after `mostMs`, or when the signal aborts. */
  next(mostMs?: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Tells who waits for a job that it has changed, by PostgreSQL's LISTEN and NOTIFY. It only hastens what polling would find
 * out: where the server has no NOTIFY (CockroachDB), or the connection is down, followers poll.
 */
export class JobSignals {
  readonly #url: string;
  readonly #waiting = new Map<string, Set<() => void>>();
  #client: pg.Client | undefined;
  #listening = false;
  #closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  follow(job: string, topic: Topic): Follower {
    const key = `${topic} ${job}`;
    let changed = false;
    let wake: (() => void) | undefined;
    let last = Number.NEGATIVE_INFINITY;
    const told = () => {
      changed = true;
      wake?.();
    };
    const followers = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, followers.add(told));
    if (this.#client === undefined) void this.#listen();
    return {
      next: async (mostMs = LISTENING_MS, signal) => {
        const ended = new AbortController();
        const either = signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal]);
        const pause = (ms: number) => sleep(ms, undefined, { signal: either }).catch(() => undefined);
        wake = () => ended.abort();
        if (!changed) await pause(this.#listening ? mostMs : Math.min(mostMs, DEAF_MS));
        wake = undefined;
        const early = last + GATHER_MS - performance.now();
        if (early > 0) await sleep(early, undefined, signal && { signal }).catch(() => undefined);
        last = performance.now();
        changed = false;
      },
      close: () => {
        followers.delete(told);
        if (followers.size === 0 && this.#waiting.get(key) === followers) this.#waiting.delete(key);
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => undefined);
  }

  async #listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'holdfast',
      keepAlive: true,
    });
    this.#client = client;
    client.on('notification', ({ payload }) => {
      for (const told of this.#waiting.get(payload ?? '') ?? []) told();
    });
    client.on('error', () => undefined);
    client.once('end', () => this.#again());
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      this.#listening = true;
      // What happened before was not heard.
      this.#wakeAll();
    } catch {
      await client.end().catch(() => undefined);
    }
  }

  /** Listens again after a while, if somebody still waits then. */
  #again(): void {
    this.#listening = false;
    this.#wakeAll();
    if (this.#closed) return;
    const retry = () => {
      this.#client = undefined;
      if (!this.#closed && this.#waiting.size > 0) void this.#listen();
    };
    setTimeout(retry, RECONNECT_MS).unref();
  }

  #wakeAll(): void {
    for (const followers of this.#waiting.values()) for (const told of followers) told();
  }
}
