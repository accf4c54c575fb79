import { repeat } from '../clock.ts';
import { MergeIndexes } from '../restore/merge/indexes.ts';
import { MERGE_BYTES } from '../restore/merge/plan.ts';
import { coordinate } from './coordinate.ts';
import { Deputies } from './deputies.ts';
import { StorageWaits } from './storage-waits.ts';
import { workToken } from './task-worker.ts';
import { BEAT_MS, SWEEP_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** Coordinating is mostly waiting; more jobs than this at once wait in the queue. */
const JOBS_AT_ONCE = 8;

/** Starts what an engine does: tasks, so many at once; jobs; saying that it is there; looking for jobs that nobody has. */
export async function startWork(
  tools: EngineTools,
  concurrency: number,
): Promise<{ stop(graceMs: number): Promise<void> }> {
  const { clock, jobs, queue, roster, engine, logger } = tools;
  const beat = () =>
    roster.beat(engine, concurrency).catch((error: unknown) => {
      logger.warn({ err: error }, 'the engine could not say that it is there');
    });
  const sweep = async () => {
    try {
      for (const id of await jobs.orphans()) await queue.sendJob(id);
    } catch (error) {
      logger.warn({ err: error }, 'jobs could not be looked for');
    }
  };
  const deputies = new Deputies(tools);
  const waits = new StorageWaits(tools);
  const indexes = new MergeIndexes(tools.mergeBytes ?? MERGE_BYTES, clock);
  await beat();
  const beating = repeat(clock, BEAT_MS, beat);
  await queue.workTokens(concurrency, (token) => workToken(token, { ...tools, deputies, waits, indexes }));
  await queue.workJobs(JOBS_AT_ONCE, (jobId) => coordinate(jobId, tools));
  // Once at once: where engines don't live for long, none would come to it otherwise.
  await sweep();
  const sweeping = repeat(clock, SWEEP_MS, sweep);
  return {
    async stop(graceMs) {
      await queue.close(graceMs);
      await Promise.all([beating.stop(), sweeping.stop(), deputies.stop()]);
      indexes.close();
      await roster.leave(engine).catch(() => undefined);
    },
  };
}
