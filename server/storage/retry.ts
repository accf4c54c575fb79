import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { StoreError, type FileInfo, type PutOptions, type Store } from './store.ts';

export interface RetryPolicy {
  /** How often it is tried in all. */
  attempts: number;
  /** The wait before attempt n + 1 is random between half of and the whole of `firstWaitMs` · 2ⁿ⁻¹, at most `longestWaitMs`. */
  firstWaitMs: number;
  longestWaitMs: number;
  sleep: (ms: number) => Promise<void>;
  /** From 0 up to, not including, 1. */
  random: () => number;
}

const DEFAULT_POLICY: RetryPolicy = {
  attempts: 5,
  firstWaitMs: 100,
  longestWaitMs: 5_000,
  sleep: async (ms) => {
    await sleepFor(ms);
  },
  random: Math.random,
};

/**
 * Repeats what fails with a `transient` StoreError; everything else passes at once. Give it work that starts anew
 * each time: to write a file again, its body has to be made again.
 */
export async function retry<T>(work: () => Promise<T>, policy: Partial<RetryPolicy> = {}): Promise<T> {
  const { attempts, firstWaitMs, longestWaitMs, sleep, random } = { ...DEFAULT_POLICY, ...policy };
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || attempt >= attempts) throw error;
      const longest = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1));
      await sleep(longest * (0.5 + random() / 2));
    }
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'transient';
}

/**
 * The store with its calls repeated where that is safe: `stat`, `remove`, the start of `get`, and `list` until it has
 * given out its first file. `put` is not: its body can be read once. Who can make the body again wraps the call
 * in `retry`.
 */
export function withRetry(store: Store, policy: Partial<RetryPolicy> = {}): Store {
  return {
    put: (name: string, body: Readable, options?: PutOptions) => store.put(name, body, options),
    get: (name, range) => retry(() => store.get(name, range), policy),
    stat: (name) => retry(() => store.stat(name), policy),
    remove: (name) => retry(() => store.remove(name), policy),
    list: (prefix) => listAgain(store, prefix, policy),
    close: () => store.close(),
  };
}

async function* listAgain(
  store: Store,
  prefix: string,
  policy: Partial<RetryPolicy>,
): AsyncIterable<FileInfo> {
  const { files, first } = await retry(async () => {
    const iterator = store.list(prefix)[Symbol.asyncIterator]();
    return { files: iterator, first: await iterator.next() };
  }, policy);
  try {
    for (let next = first; !next.done; next = await files.next()) yield next.value;
  } finally {
    await files.return?.();
  }
}
