import type { Logger } from 'pino';
import type { Cluster } from '../cluster/cluster.ts';
import type { Turns } from '../cluster/turns.ts';
import type { Clock } from '../clock.ts';
import type { Compressor } from '../format/data-file.ts';
import type { Location } from '../storage/location.ts';
import type { RetryPolicy } from '../storage/retry.ts';
import type { Store } from '../storage/store.ts';
import type { Engine, JobLedger, MomentOffers, ProofLedger, Roster, TaskLedger } from './ledger.ts';
import type { Limits } from './limits.ts';
import type { WorkQueue } from './queue.ts';

/** Where clusters come from. */
export interface ClusterSource {
  connect(name: string): Promise<Cluster>;
  retention: { noteBackedUp(cluster: string, databases: string[]): Promise<void> };
}

/** What an engine works with; made once a process. */
export interface EngineTools {
  engine: Engine;
  jobs: JobLedger;
  tasks: TaskLedger;
  roster: Roster;
  moments: MomentOffers;
  proofs: ProofLedger;
  queue: WorkQueue;
  clusters: ClusterSource;
  limits: Limits;
  /** To move rows: so many tasks of this engine do so at once, whatever else is in hand. */
  turns: Turns;
  /** `onWait` hears of each wait before something is tried again. */
  openStore: (location: Location, onWait?: RetryPolicy['onWait']) => Store;
  /** For keys of chains' tables that are merged while they are restored, in bytes; MERGE_BYTES where it is left out. */
  mergeBytes?: number | undefined;
  /** What compresses data files, where it isn't to be done by threads. */
  compressor?: Compressor;
  logger: Logger;
  clock: Clock;
  /** How long a job in which nothing moves is tried on with before it pauses, in milliseconds. */
  patienceMs: number;
  /** As READ_STALL_MS, but for tests. */
  readStallMs: number;
  /** Aborts when the engine stops. */
  stopping: AbortSignal;
}
