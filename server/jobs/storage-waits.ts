import { messageOf } from '../errors.ts';
import { Seldom } from '../seldom.ts';
import type { StoreError } from '../storage/store.ts';
import type { JobId } from './job.ts';
import type { EngineTools } from './tools.ts';

/** A job's log hears of waits for its storage no more often than this, from each engine. */
const TOLD_EVERY_MS = 60_000;

/** Tells jobs' logs that their storage is slow, throttles, or fails and is asked again. */
export class StorageWaits {
  readonly #tools: Pick<EngineTools, 'jobs' | 'clock' | 'engine' | 'logger'>;
  readonly #seldom: Seldom;

  constructor(tools: Pick<EngineTools, 'jobs' | 'clock' | 'engine' | 'logger'>) {
    this.#tools = tools;
    this.#seldom = new Seldom(TOLD_EVERY_MS, tools.clock);
  }

  /** What to call with each wait of a job's store. */
  of(jobId: JobId): (error: StoreError, waitMs: number) => void {
    return (error, waitMs) => {
      if (!this.#seldom.isDue(jobId)) return;
      const { engine, jobs, logger } = this.#tools;
      const seconds = Math.max(0.1, Math.round(waitMs / 100) / 10);
      const words = `The destination makes ${engine.name} wait ${seconds} s: ${messageOf(error)}`;
      jobs.log(jobId, words, 'warning').catch((reason: unknown) => {
        logger.warn({ err: reason, jobId }, 'a wait could not be logged');
      });
    };
  }
}
