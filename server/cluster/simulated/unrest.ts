/**
 * What becomes of a simulated cluster's nodes and ranges with time, and what goes wrong with calls. All of it is a function of the
 * world's seed and of the clock: nothing is kept, and a seed that fails does so again. Shares are from 0 to 1.
 */
export interface Unrest {
  /** In so many seconds each range's lease moves once, at a time of its own; null: never. */
  leaseSeconds: number | null;
  /** In so many seconds each bound between ranges may come or go once: ranges are split and merged; null: never. */
  splitSeconds: number | null;
  /** How far back the cluster can be read. */
  gcSeconds: number;
  /** How long a node stays up or down, fast or slow. */
  spellSeconds: number;
  /** The share of the nodes that are down at a time; one at least is up. */
  down: number;
  /** The share of the nodes that are slow at a time. */
  slow: number;
  /** What a slow node takes for its first byte and for each chunk after it, in milliseconds. */
  slowMs: number;
  /** The share of reads that fail: half of them before the first byte, the others in mid-stream. */
  faults: number;
  /** The share of reads that stop to answer, at once or in mid-stream, until they are aborted. */
  hangs: number;
  /** The share of the calls for a catalog, a moment, descriptors, ranges or changes that time out. */
  timeouts: number;
}

/** CockroachDB's `gc.ttlseconds` unless configured otherwise: https://www.cockroachlabs.com/docs/v21.1/configure-replication-zones */
export const GC_SECONDS = 25 * 3600;

/** Nothing moves, and nothing fails. */
export const CALM: Unrest = {
  leaseSeconds: null,
  splitSeconds: null,
  gcSeconds: GC_SECONDS,
  spellSeconds: 60,
  down: 0,
  slow: 0,
  slowMs: 1000,
  faults: 0,
  hangs: 0,
  timeouts: 0,
};

/** How long a call takes to time out, in milliseconds. */
export const TIMEOUT_MS = 10_000;
