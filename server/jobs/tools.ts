import type { Logger } from 'pino';
import type { ClusterRegistry } from '../metadata/clusters.ts';
import type { Turns } from '../cluster/turns.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import type { WorkQueue } from './queue.ts';
import type { JobStore } from './store.ts';
import type { TaskBoard } from './tasks.ts';

/** What an engine works with; made once a process. */
export interface EngineTools {
  /** How this engine is called in job logs: host and process id. */
  engine: string;
  jobs: JobStore;
  tasks: TaskBoard;
  queue: WorkQueue;
  clusters: ClusterRegistry;
  /** To move rows: so many tasks of this engine do so at once, whatever else is in hand. */
  turns: Turns;
  openStore: (location: Location) => Store;
  logger: Logger;
  now: () => Date;
  /** Aborts when the engine stops. */
  stopping: AbortSignal;
}
