import { PgBoss } from 'pg-boss';
import type { Job } from 'pg-boss';
import type { Logger } from 'pino';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { metadataBackend } from '../metadata/backend.ts';
import { Seldom } from '../seldom.ts';
import type { JobId } from './job.ts';

/** pg-boss needs at least ten seconds; a dead engine's work is taken over within twice that. */
const HEARTBEAT_SECONDS = 10;
const A_WEEK_SECONDS = 7 * 24 * 60 * 60;
const INSERT_AT_A_TIME = 500;

/** Tasks that an engine has in hand beside those that move rows. */
const TASKS_BESIDE = 2;

/** What is wrong with the queue is not logged again for so long. */
const SAME_NEWS_MS = 30_000;

const JOBS = 'jobs';
const TOKENS = 'task-tokens';

const jobSchema = z.object({ jobId: z.string() });

/** What engines are told through: that a job wants a coordinator, and that there are tasks. */
export interface WorkQueue {
  /** Some engine is to coordinate the job. That it is told so more often does no harm, and so does that it isn't there. */
  sendJob(jobId: JobId): Promise<void>;
  /** There are so many more tasks, each for whoever has its token. */
  sendTokens(count: number): Promise<void>;
  /** Coordinates jobs with `handle`, as many at once as `concurrency`. It must not throw. */
  workJobs(concurrency: number, handle: (jobId: JobId) => Promise<void>): Promise<void>;
  /**
   * Gives tokens to `handle`, for `concurrency` tasks that move rows at once: some more are in hand, which begin or end
   * meanwhile. Who throws, or dies, has the token given out again.
   */
  workTokens(concurrency: number, handle: (token: string) => Promise<void>): Promise<void>;
  /** Stops taking work; what is being worked has `graceMs` to end. */
  close(graceMs: number): Promise<void>;
}

/** Carries work from consoles and coordinators to engines, through the metadata store, by pg-boss. */
export class BossQueue implements WorkQueue {
  readonly #boss: PgBoss;

  private constructor(boss: PgBoss) {
    this.#boss = boss;
  }

  /** `role` says whether this process works (and supervises the queue) or only sends. */
  static async open(metadataUrl: string, role: 'console' | 'engine', logger: Logger): Promise<BossQueue> {
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
    const seldom = new Seldom(SAME_NEWS_MS, systemClock);
    // Not the error itself: it brings the driver's connection, with all that it knows. While the metadata store is away each worker
    // says so twice a second, and who it is.
    boss.on('error', ({ message }) => {
      if (seldom.isDue(message.replace(/ \(Queue: .*\)$/, ''))) logger.warn({ reason: message }, 'queue');
    });
    await boss.start();
    const common = {
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: 24 * 60 * 60 - 1,
      retentionSeconds: A_WEEK_SECONDS,
      deleteAfterSeconds: A_WEEK_SECONDS,
      notify: true,
    };
    // Of several words that a job wants a coordinator, one is enough; and whether it has one is told by its lease.
    await boss.createQueue(JOBS, { ...common, policy: 'short', retryLimit: 0 });
    await boss.createQueue(TOKENS, {
      ...common,
      // What can't be done for long is ended by the job, not by its tokens.
      retryLimit: 1_000_000,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 15,
    });
    return new BossQueue(boss);
  }

  async sendJob(jobId: JobId): Promise<void> {
    await this.#boss.send(JOBS, { jobId }, { singletonKey: jobId });
  }

  async sendTokens(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += INSERT_AT_A_TIME) {
      const batch = Math.min(INSERT_AT_A_TIME, count - sent);
      await this.#boss.insert(
        TOKENS,
        Array.from({ length: batch }, () => ({ data: {} })),
      );
    }
  }

  async workJobs(concurrency: number, handle: (jobId: JobId) => Promise<void>): Promise<void> {
    await this.#work(JOBS, concurrency, (job) => handle(jobSchema.parse(job.data).jobId as JobId));
  }

  async workTokens(concurrency: number, handle: (token: string) => Promise<void>): Promise<void> {
    await this.#work(TOKENS, concurrency + TASKS_BESIDE, (job) => handle(job.id));
  }

  async #work(
    queue: string,
    concurrency: number,
    handle: (job: Job<unknown>) => Promise<void>,
  ): Promise<void> {
    for (let worker = 0; worker < concurrency; worker++) {
      const id: string = await this.#boss.work(
        queue,
        { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 2 },
        async (jobs: Job<unknown>[]) => {
          for (const job of jobs) await handle(job);
          // Where there was one there may be more: the next is fetched at once, not at the next poll.
          this.#boss.notifyWorker(id);
        },
      );
    }
  }

  async close(graceMs: number): Promise<void> {
    await this.#boss.stop({ graceful: graceMs > 0, timeout: Math.max(1, graceMs), close: true });
  }
}
