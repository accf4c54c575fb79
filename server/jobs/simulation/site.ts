import type { World } from '../../cluster/simulated/model.ts';
import type { Limits } from '../limits.ts';
import type { Installation } from './installation.ts';
import type { Storage } from './memory-store.ts';
import type { Calls } from './service.ts';
import type { Timeline } from './timeline.ts';
import type { Weather } from './weather.ts';

/** All that a schedule has, beside its engines. */
export interface Site {
  timeline: Timeline;
  calls: Calls;
  weather: Weather;
  installation: Installation;
  storage: Storage;
  /** The source. */
  world: World;
  limits: Limits;
  /** Of each engine. */
  tasksAtOnce: number;
  patienceMs: number;
  /** Somebody reads all that engines log, and not their errors alone. */
  isTold: boolean;
  /** Gets a line of an engine's log. */
  logged(engine: string, line: string): void;
}
