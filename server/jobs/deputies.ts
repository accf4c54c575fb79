import { type Repeating, repeat } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { HeldMoment, Moment } from '../cluster/moment.ts';
import type { JobState } from './job.ts';
import type { AttemptOf } from './ledger.ts';
import { DEPUTY_LOOK_MS, PAUSED_HOLD_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** States in which a job may yet need its moment. */
const NEEDING: ReadonlySet<JobState> = new Set(['running', 'pause-requested', 'paused', 'resuming']);

interface Holding {
  of: AttemptOf;
  held: HeldMoment;
  pausedSince: number | null;
}

/**
 * The moments that this engine holds beside their jobs' coordinators: of clusters whose past is gone once nobody holds it. Who takes
 * a job over goes on with one of them.
 */
export class Deputies {
  readonly #tools: EngineTools;
  readonly #holdings = new Map<string, Holding>();
  /** Jobs' attempts that this engine has worked on a task of. */
  readonly #asked = new Set<string>();
  readonly #looking: Repeating;

  constructor(tools: EngineTools) {
    this.#tools = tools;
    this.#looking = repeat(tools.clock, DEPUTY_LOOK_MS, async () => {
      await this.#lookForNew();
      await this.#lookAfterOld();
    });
  }

  /**
   * Holds the moment that a task of the attempt reads at, too, unless enough engines do. Never throws, and needn't be waited
   * for: the task is worked in any case. Only the first task of an attempt asks; after that the engine looks now and then.
   */
  async join(of: AttemptOf, cluster: Cluster, moment: Moment): Promise<void> {
    const key = keyOf(of);
    if (moment.kind !== 'snapshot' || this.#asked.has(key)) return;
    this.#asked.add(key);
    await this.#hold(of, cluster, moment);
  }

  async #hold(of: AttemptOf, cluster: Cluster, moment: Moment): Promise<void> {
    const key = keyOf(of);
    const { moments, engine, logger } = this.#tools;
    try {
      if (!(await moments.reserve(of, engine))) return;
      const held = await cluster.holdAlso(moment);
      if (held === null) return await moments.withdraw(of, engine);
      await moments.offer(of, engine, held.moment);
      this.#holdings.set(key, { of, held, pausedSince: null });
      held.lost.addEventListener('abort', () => void this.#letGo(key), { once: true });
    } catch (error) {
      await moments.withdraw(of, engine).catch(() => undefined);
      logger.warn({ err: error, jobId: of.jobId }, 'the moment could not be held too');
    }
  }

  async stop(): Promise<void> {
    await this.#looking.stop();
    for (const key of [...this.#holdings.keys()]) await this.#letGo(key);
  }

  /** Of jobs that this engine has no task of, too. */
  async #lookForNew(): Promise<void> {
    const { moments, clusters, engine, logger } = this.#tools;
    try {
      for (const wanted of await moments.wanted(engine))
        await this.#hold(wanted, await clusters.connect(wanted.cluster), wanted.moment);
    } catch (error) {
      logger.warn({ err: error }, 'jobs whose moment could be held too could not be looked for');
    }
  }

  async #lookAfterOld(): Promise<void> {
    const { jobs, clock, logger } = this.#tools;
    for (const [key, holding] of [...this.#holdings]) {
      try {
        const { state, attempt } = await jobs.standing(holding.of.jobId);
        const paused = state === 'paused';
        holding.pausedSince = paused ? (holding.pausedSince ?? clock.elapsed()) : null;
        const forLong =
          holding.pausedSince !== null && clock.elapsed() - holding.pausedSince > PAUSED_HOLD_MS;
        if (!NEEDING.has(state) || attempt !== holding.of.attempt || forLong) await this.#letGo(key);
      } catch (error) {
        logger.warn(
          { err: error, jobId: holding.of.jobId },
          'a job whose moment is held could not be looked at',
        );
      }
    }
  }

  async #letGo(key: string): Promise<void> {
    const holding = this.#holdings.get(key);
    if (holding === undefined) return;
    this.#holdings.delete(key);
    const { moments, engine } = this.#tools;
    await moments.withdraw(holding.of, engine).catch(() => undefined);
    await holding.held.release();
  }
}

function keyOf({ jobId, attempt }: AttemptOf): string {
  return `${jobId} ${attempt}`;
}
