import { PgBoss } from 'pg-boss';
import type { JobWithMetadata } from 'pg-boss';
import type { Logger } from 'pino';
import { z } from 'zod';
import { metadataBackend } from '../metadata/backend.ts';
import type { JobId } from './job.ts';

/** pg-boss needs at least ten seconds; a dead engine's work is taken over within twice that. */
const HEARTBEAT_SECONDS = 10;
const A_WEEK_SECONDS = 7 * 24 * 60 * 60;
const INSERT_AT_A_TIME = 500;

/** Tasks that an engine has in hand beside those that move rows. */
const TASKS_BESIDE = 2;

const COORDINATE = 'coordinate';
const TASK = 'task';

const coordinateSchema = z.object({ jobId: z.string() });
const taskSchema = z.object({ jobId: z.string(), attempt: z.number().int(), taskId: z.number().int() });

export interface QueuedTask {
  jobId: JobId;
  attempt: number;
  taskId: number;
  /** How many tries came before, 0 for the first. */
  retries: number;
}

/** Carries work from consoles and coordinators to engines, through the metadata store. */
export class WorkQueue {
  readonly #boss: PgBoss;

  private constructor(boss: PgBoss) {
    this.#boss = boss;
  }

  /** `role` says whether this process works (and supervises the queue) or only sends. */
  static async open(metadataUrl: string, role: 'console' | 'engine', logger: Logger): Promise<WorkQueue> {
    const backend = await metadataBackend(metadataUrl);
    const boss = new PgBoss({
      backend,
      connectionString: metadataUrl,
      application_name: `holdfast-${role}`,
      max: role === 'engine' ? 6 : 2,
      useListenNotify: role === 'engine' && backend === 'postgres',
      supervise: role === 'engine',
      schedule: false,
      superviseIntervalSeconds: HEARTBEAT_SECONDS,
      monitorIntervalSeconds: HEARTBEAT_SECONDS,
    });
    boss.on('error', (error) => {
      logger.warn({ err: error }, 'queue');
    });
    await boss.start();
    const queue = new WorkQueue(boss);
    for (const name of [COORDINATE, TASK]) {
      await boss.createQueue(name, {
        heartbeatSeconds: HEARTBEAT_SECONDS,
        expireInSeconds: 24 * 60 * 60 - 1,
        retentionSeconds: A_WEEK_SECONDS,
        deleteAfterSeconds: A_WEEK_SECONDS,
        retryLimit: 100,
        retryDelay: 1,
        retryBackoff: true,
        retryDelayMax: 15,
        notify: true,
      });
    }
    return queue;
  }

  /** Asks some engine to coordinate the job. */
  async sendJob(jobId: JobId): Promise<void> {
    await this.#boss.send(COORDINATE, { jobId }, { singletonKey: jobId });
  }

  /** Hands tasks out to the engines. */
  async sendTasks(jobId: JobId, attempt: number, taskIds: number[]): Promise<void> {
    for (let from = 0; from < taskIds.length; from += INSERT_AT_A_TIME) {
      const batch = taskIds.slice(from, from + INSERT_AT_A_TIME);
      await this.#boss.insert(
        TASK,
        batch.map((taskId) => ({ data: { jobId, attempt, taskId } })),
      );
    }
  }

  /** Coordinates jobs with `handle`, as many at once as `concurrency`. A handler that throws is tried again. */
  async workJobs(concurrency: number, handle: (jobId: JobId) => Promise<void>): Promise<void> {
    await this.#work(COORDINATE, concurrency, async (job) => {
      await handle(coordinateSchema.parse(job.data).jobId as JobId);
    });
  }

  /**
   * Works tasks with `handle`, for `concurrency` that move rows at once: some more are in hand, which begin or end meanwhile.
   * A handler that throws is tried again.
   */
  async workTasks(concurrency: number, handle: (task: QueuedTask) => Promise<void>): Promise<void> {
    await this.#work(TASK, concurrency + TASKS_BESIDE, async (job) => {
      const data = taskSchema.parse(job.data);
      await handle({ ...data, jobId: data.jobId as JobId, retries: job.retryCount });
    });
  }

  async #work(
    queue: string,
    concurrency: number,
    handle: (job: JobWithMetadata<unknown>) => Promise<void>,
  ): Promise<void> {
    for (let worker = 0; worker < concurrency; worker++) {
      const id: string = await this.#boss.work(
        queue,
        { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 2, includeMetadata: true },
        async (jobs: JobWithMetadata<unknown>[]) => {
          for (const job of jobs) await handle(job);
          // Where there was one there may be more: the next is fetched at once, not at the next poll.
          this.#boss.notifyWorker(id);
        },
      );
    }
  }

  /** Stops taking work; what is being worked has `graceMs` to end. */
  async close(graceMs: number): Promise<void> {
    await this.#boss.stop({ graceful: graceMs > 0, timeout: Math.max(1, graceMs), close: true });
  }
}
