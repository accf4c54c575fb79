import { setTimeout as sleepFor } from 'node:timers/promises';
import { StoreError } from './store.ts';

export interface RetryPolicy {
  /** How often it is tried in all. */
  attempts: number;
  /** The wait before attempt n + 1 is random between half of and the whole of `firstWaitMs` · 2ⁿ⁻¹, at most `longestWaitMs`. */
  firstWaitMs: number;
  longestWaitMs: number;
  /** Ends early, throwing, once the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** From 0 up to, not including, 1. */
  random: () => number;
  /** Hears of each wait. */
  onWait?: ((error: StoreError, waitMs: number) => void) | undefined;
}

export const DEFAULT_POLICY: RetryPolicy = {
  attempts: 6,
  firstWaitMs: 200,
  longestWaitMs: 10_000,
  sleep: async (ms, signal) => {
    await sleepFor(ms, undefined, { signal });
  },
  random: Math.random,
};

/** The longest that a service is left alone because it asked for it. */
const LONGEST_ASKED_MS = 60_000;

/**
 * Repeats what fails with a `transient` StoreError; everything else passes at once. Give it work that starts anew
 * each time: to write a file again, its body has to be made again.
 */
export async function retry<T>(
  work: (attempt: number) => Promise<T>,
  policy: RetryPolicy,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!isTransient(error) || attempt >= policy.attempts || signal?.aborted === true) throw error;
      const wait = waitAfter(attempt, error, policy);
      policy.onWait?.(error, wait);
      await policy.sleep(wait, signal);
    }
  }
}

/** Milliseconds to wait after the failure of that attempt, 1 for the first. */
export function waitAfter(attempt: number, error: StoreError, policy: RetryPolicy): number {
  const longest = Math.min(policy.longestWaitMs, policy.firstWaitMs * 2 ** (attempt - 1));
  const wait = longest * (0.5 + policy.random() / 2);
  return Math.max(wait, Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED_MS));
}

export function isTransient(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'transient';
}
