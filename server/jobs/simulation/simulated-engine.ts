import { pino } from 'pino';
import type { Cluster } from '../../cluster/cluster.ts';
import { SimulatedCluster } from '../../cluster/simulated/adapter.ts';
import { Turns } from '../../cluster/turns.ts';
import { DEFAULT_POLICY } from '../../storage/retry.ts';
import { patient } from '../../storage/patient.ts';
import type { Clock } from '../../clock.ts';
import { enduring } from '../enduring.ts';
import type { MomentOffers } from '../ledger.ts';
import { READ_STALL_MS } from '../timing.ts';
import type { EngineTools } from '../tools.ts';
import { startWork } from '../work.ts';
import { compressAtOnce } from './compressor.ts';
import { MemoryJobs } from './memory-jobs.ts';
import { MemoryQueue } from './memory-queue.ts';
import { MemoryRoster } from './memory-roster.ts';
import { memoryStore } from './memory-store.ts';
import { MemoryTasks } from './memory-tasks.ts';
import { BEGINNING, Process } from './process.ts';
import type { Site } from './site.ts';

const GRACE_MS = 3_000;

/** One engine of a site: the real work, in a process whose time and calls are the timeline's. */
export class SimulatedEngine {
  readonly process: Process;
  readonly startedAt: number;
  readonly #stopping = new AbortController();
  readonly #work: ReturnType<typeof startWork>;
  #left = false;

  constructor(name: string, site: Site) {
    const { timeline, calls, weather, installation, storage } = site;
    const process = new Process(name, timeline);
    this.process = process;
    this.startedAt = timeline.now;
    const link = calls.link(process, weather.metadata);
    const { clock } = process;
    const engine = {
      name,
      locality: timeline.chance.of(['', 'region=eu-west', 'region=us-east,zone=us-east-a']),
    };
    const source = new SimulatedCluster(site.world, {
      now: () => new Date(BEGINNING + timeline.now),
      sleep: (ms, signal) => sleepOrThrow(clock, ms, signal),
    });
    const ask = (what: string) => calls.call(process, weather.source, what, () => undefined);
    const cluster = remote(source, ask);
    const retry = {
      ...DEFAULT_POLICY,
      sleep: (ms: number, signal?: AbortSignal) => sleepOrThrow(clock, ms, signal),
      random: () => timeline.chance.next(),
    };
    const tools: EngineTools = {
      engine,
      jobs: enduring(new MemoryJobs(installation, link, clock), clock),
      tasks: enduring(new MemoryTasks(installation, link, clock.now), clock),
      roster: new MemoryRoster(installation, link),
      moments: NO_OFFERS,
      proofs: { record: async () => undefined },
      queue: enduring(new MemoryQueue(installation, link, process, timeline.chance), clock),
      clusters: {
        connect: async () => cluster,
        retention: { noteBackedUp: async () => undefined },
      },
      limits: site.limits,
      turns: new Turns(site.tasksAtOnce),
      openStore: (location, onWait) =>
        patient(
          memoryStore(storage.at(location.redacted), (what, work, signal) =>
            calls.call(process, weather.storage, what, work, signal),
          ),
          { retry: { ...retry, onWait }, connectMs: 10_000, stallMs: 25_000 },
        ),
      compressor: compressAtOnce,
      logger: pino(
        { level: site.isTold ? 'debug' : 'error', base: { engine: name } },
        { write: (line: string) => site.logged(name, line) },
      ),
      clock,
      patienceMs: site.patienceMs,
      readStallMs: READ_STALL_MS,
      stopping: this.#stopping.signal,
    };
    this.#work = startWork(tools, site.tasksAtOnce);
  }

  /** Is there, and does not stop. */
  get isThere(): boolean {
    return this.process.alive && !this.#left;
  }

  /** As `kill -9`: nothing of it happens any more. */
  kill(): void {
    this.process.alive = false;
  }

  /** As Ctrl-C: it ends what it does as far as it can, and is gone then. */
  async stop(): Promise<void> {
    this.#left = true;
    this.#stopping.abort(new Error('the engine is stopping'));
    const work = await this.#work;
    await work.stop(GRACE_MS);
    this.process.alive = false;
  }
}

async function sleepOrThrow(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal);
  signal?.throwIfAborted();
}

/** A simulated cluster's moments are held by nobody: it keeps its past by itself. */
const NO_OFFERS: MomentOffers = {
  wanted: async () => [],
  reserve: async () => false,
  offer: async () => undefined,
  offers: async () => [],
  withdraw: async () => undefined,
};

const STREAMED: ReadonlySet<string | symbol> = new Set(['ranges', 'changeRanges', 'readChanges']);

/** The cluster, each of whose calls goes over a network first. */
function remote(cluster: SimulatedCluster, ask: (what: string) => Promise<void>): Cluster {
  return new Proxy<Cluster>(cluster, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || typeof property === 'symbol') return value;
      return (...given: unknown[]): unknown => {
        const answer = (): unknown => Reflect.apply(value, target, given);
        return STREAMED.has(property)
          ? streamed(ask(property), answer as () => AsyncIterable<unknown>)
          : ask(property).then(answer);
      };
    },
  });
}

async function* streamed(
  asked: Promise<void>,
  answer: () => AsyncIterable<unknown>,
): AsyncGenerator<unknown, void> {
  await asked;
  yield* answer();
}
