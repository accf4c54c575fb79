import { DEFAULT_POLICY, type RetryPolicy } from './retry.ts';

/** How patient a store is; tests are less so. */
export interface Tuning {
  retry: RetryPolicy;
  /** For a connection to be made, its TLS included. */
  connectMs: number;
  /** For the next byte, either way, on a connection that is in use: what hangs longer is given up, and tried again. */
  stallMs: number;
}

/** For work that nobody waits for at a screen. */
export const DEFAULT_TUNING: Tuning = { retry: DEFAULT_POLICY, connectMs: 10_000, stallMs: 25_000 };

/** For what a page or a statement waits for: it says soon that a destination can't be reached. */
export const BRISK_TUNING: Tuning = {
  retry: { ...DEFAULT_POLICY, attempts: 3 },
  connectMs: 5_000,
  stallMs: 15_000,
};
