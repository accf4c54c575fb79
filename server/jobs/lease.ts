import { repeat, type Repeating } from '../clock.ts';
import type { Store } from '../storage/store.ts';
import type { JobId } from './job.ts';
import type { ClaimedJob } from './ledger.ts';
import { Superseded } from './outcome.ts';
import { LEASE_MS, RENEW_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** A coordinator's claim of a job, renewed until it is stopped. */
export class Lease {
  readonly job: ClaimedJob;
  readonly #tools: EngineTools;
  readonly #renewing: Repeating;
  /** By this engine's clock, and not later than by the ledger's. */
  #until: number;

  private constructor(job: ClaimedJob, tools: EngineTools, until: number) {
    this.job = job;
    this.#tools = tools;
    this.#until = until;
    this.#renewing = repeat(tools.clock, RENEW_MS, () => this.#renew());
  }

  /** Null where there is nothing to do, as `JobLedger.claim` has it. */
  static async take(id: JobId, tools: EngineTools): Promise<Lease | null> {
    const asked = tools.clock.elapsed();
    const job = await tools.jobs.claim(id, tools.engine.name, LEASE_MS);
    return job === null ? null : new Lease(job, tools, asked + LEASE_MS);
  }

  /** No other coordinator can have the job. */
  get isHeld(): boolean {
    return this.#tools.clock.elapsed() < this.#until;
  }

  /**
   * Stores that are not written to once the lease may be over, since another coordinator may be at work there: an engine that stood
   * still, or was cut off, for so long would go on where it was. They throw Superseded then.
   */
  guarding(openStore: EngineTools['openStore']): EngineTools['openStore'] {
    return (location, onWait) => {
      const store = openStore(location, onWait);
      const held = async <T>(write: () => Promise<T>): Promise<T> => {
        if (!this.isHeld) throw new Superseded();
        return write();
      };
      const guarded: Pick<Store, 'put' | 'remove'> = {
        put: (...given) => held(() => store.put(...given)),
        remove: (name) => held(() => store.remove(name)),
      };
      return {
        ...guarded,
        get: (...given) => store.get(...given),
        stat: (name) => store.stat(name),
        list: (prefix) => store.list(prefix),
        close: () => store.close(),
      };
    };
  }

  stop(): Promise<void> {
    return this.#renewing.stop();
  }

  async #renew(): Promise<void> {
    const { clock, jobs, logger } = this.#tools;
    const asked = clock.elapsed();
    try {
      await jobs.renew(this.job, LEASE_MS);
      this.#until = asked + LEASE_MS;
    } catch (error) {
      // Who has lost it hears so by whatever it asks next.
      if (!(error instanceof Superseded))
        logger.warn({ err: error, jobId: this.job.id }, 'lease could not be renewed');
    }
  }
}
