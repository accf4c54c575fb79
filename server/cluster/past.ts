import type { Capability } from './cluster.ts';
import type { DatabaseSnapshot } from './moment.ts';

/** What was found of a database's past: the newest snapshot not after the time asked for, and how far the past goes. */
export interface FoundPast {
  snapshot: DatabaseSnapshot | null;
  /** The retained times, oldest and newest; null where there are none. */
  window: { oldest: string; newest: string } | null;
}

/** The past of a cluster that keeps none by itself: snapshots that an engine retains. */
export interface RetainedPast {
  find(database: string, notAfter: Date): Promise<FoundPast>;
  /** Whether any is retained at all, and if not, why. */
  capability(): Promise<Capability>;
}
