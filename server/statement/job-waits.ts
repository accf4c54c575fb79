import { HoldfastError } from '../errors.ts';
import { isFinal } from '../jobs/job.ts';
import type { JobEvent, JobId, JobView } from '../jobs/job.ts';
import type { JobLog } from '../jobs/log.ts';
import { answerRows } from './answers.ts';
import type { Answer, RunContext } from './answers.ts';
import type { JobStatement, ShowJobsStatement } from './ast.ts';
import { jobRow, showJobsRow } from './rows.ts';

/** How long SHOW JOBS shows a job after its end: https://www.cockroachlabs.com/docs/v21.1/show-jobs */
const SHOW_JOBS_MS = 12 * 60 * 60 * 1000;

/** Waits for jobs, for clients that do. */
export class JobWaits {
  readonly #jobLog: JobLog;
  readonly #now: () => Date;

  constructor(jobLog: JobLog, now: () => Date) {
    this.#jobLog = jobLog;
    this.#now = now;
  }

  /** What a job's statement answers: once the job has ended, unless it is detached. Throws what the job failed of. */
  async answer(
    statement: JobStatement,
    id: JobId,
    context: RunContext,
    said: ReadonlySet<string>,
  ): Promise<Answer> {
    if (statement.options.detached) return answerRows(statement, [[id]]);
    const job = await this.#wait(id, context, said);
    if (job.state === 'succeeded') return answerRows(statement, [jobRow(job)]);
    if (!isFinal(job.state))
      throw new HoldfastError(
        job.error?.code ?? 'job-state',
        `job ${id} was paused before it completed${job.error === null ? '' : `: ${job.error.message}`}`,
        { hint: `RESUME JOB ${id} has it go on; CANCEL JOB ${id} removes what it wrote.` },
      );
    if (job.state === 'canceled') {
      throw new HoldfastError('canceled', `job ${id} was canceled`, {
        hint: statement.kind === 'verify' ? undefined : 'Everything that it wrote was removed.',
      });
    }
    throw new HoldfastError(job.error?.code ?? 'job-failed', job.error?.message ?? `job ${id} failed`, {
      hint: job.error?.hint ?? undefined,
    });
  }

  /** The job once it has ended, or, unless that is to be waited for, was paused. */
  async #wait(
    id: JobId,
    context: RunContext,
    said: ReadonlySet<string> = new Set(),
    { whilePaused = false } = {},
  ): Promise<JobView> {
    const reporter = progressNotices(id, context, said);
    try {
      return await (whilePaused
        ? this.#jobLog.ended(id, context.signal, reporter)
        : this.#jobLog.endedOrPaused(id, context.signal, reporter));
    } catch (error) {
      if (!context.signal.aborted) throw error;
      throw new HoldfastError('canceled', `canceled the wait for job ${id}; the job goes on`, {
        hint: `SHOW JOB ${id} shows it; CANCEL JOB ${id} stops it.`,
      });
    }
  }

  /** The rows of SHOW JOBS, one by one once they have ended where that is asked for. */
  async showJobs(statement: ShowJobsStatement, context: RunContext): Promise<(string | null)[][]> {
    if (statement.ids === null) {
      const jobs = await this.#jobLog.recent(new Date(this.#now().getTime() - SHOW_JOBS_MS));
      return jobs.map(showJobsRow);
    }
    const rows: (string | null)[][] = [];
    for (const id of statement.ids) {
      const job = await this.#find(id);
      // CockroachDB answers no row, and no error, for a job that isn't there.
      if (job === null) continue;
      rows.push(
        showJobsRow(
          statement.whenComplete && !isFinal(job.state)
            ? await this.#wait(job.id, context, new Set(), { whilePaused: true })
            : job,
        ),
      );
    }
    return rows;
  }

  async #find(id: string): Promise<JobView | null> {
    try {
      return await this.#jobLog.view(id);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'undefined-job') return null;
      throw error;
    }
  }
}

/** Tells a waiting client the job's number at once and its progress now and then. */
function progressNotices(
  id: JobId,
  context: RunContext,
  said: ReadonlySet<string>,
): (event: JobEvent) => void {
  const EVERY_MS = 5_000;
  let told = Date.now();
  context.notice(`job ${id} started`);
  return (event) => {
    if (event.type === 'log' && event.level === 'warning' && !said.has(event.message)) {
      context.notice(event.message, 'WARNING');
    }
    if (event.type !== 'progress' || Date.now() - told < EVERY_MS) return;
    told = Date.now();
    context.notice(`job ${id}: ${Math.floor(event.fraction * 100)} %, ${event.rows} rows`);
  };
}
