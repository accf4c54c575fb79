import { sql } from 'kysely';
import type { ExpressionBuilder, Transaction, UpdateObject } from 'kysely';
import { HoldfastError } from '../errors.ts';
import type { Metadata } from '../metadata/open.ts';
import type { MetadataTables } from '../metadata/schema.ts';
import { aimTasks, waitingTasks } from './aim.ts';
import type { JobError, JobId, TaskState } from './job.ts';
import type {
  AimedTask,
  ClaimedJob,
  NewTask,
  Picked,
  PickedTask,
  RecordedPlan,
  TaskLedger,
  TaskProgress,
  TaskTotals,
  TaskTry,
  Engine,
  WaitingTask,
} from './ledger.ts';
import type { Limits } from './limits.ts';
import { Superseded } from './outcome.ts';
import { pickTask } from './pick.ts';
import { SharedContexts } from './shared-contexts.ts';

type TaskUpdate = UpdateObject<MetadataTables, 'tasks'>;

/** The tasks of jobs' attempts, in the metadata store. */
export class TaskBoard implements TaskLedger {
  readonly #metadata: Metadata;
  readonly #now: () => Date;
  readonly #shared: SharedContexts;

  constructor(metadata: Metadata, now: () => Date) {
    this.#metadata = metadata;
    this.#now = now;
    this.#shared = new SharedContexts((job, attempt) => this.#context(job, attempt));
  }

  async share(job: ClaimedJob, context: object): Promise<void> {
    const text = JSON.stringify(context);
    await this.#ifClaimed(job, (tx) =>
      tx
        .insertInto('job_attempts')
        .values({ job_id: job.id, attempt: job.attempt, context: text })
        .onConflict((conflict) => conflict.columns(['job_id', 'attempt']).doUpdateSet({ context: text }))
        .execute(),
    );
  }

  shared(task: PickedTask): Promise<unknown> {
    return this.#shared.of(task);
  }

  async #context(job: JobId, attempt: number): Promise<unknown> {
    const row = await this.#metadata.db
      .selectFrom('job_attempts')
      .select('context')
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .executeTakeFirstOrThrow();
    return row.context;
  }

  async plans(job: JobId): Promise<RecordedPlan[]> {
    return this.#metadata.db
      .selectFrom('job_attempts')
      .select(['attempt', 'context', 'planned', 'built'])
      .where('job_id', '=', job)
      .orderBy('attempt', 'desc')
      .execute();
  }

  async add(
    job: ClaimedJob,
    tasks: readonly NewTask[],
    first: number,
    state: TaskState & ('waiting' | 'held'),
  ): Promise<void> {
    const now = this.#now();
    const rows = tasks.map((task, index) => ({
      job_id: job.id,
      attempt: job.attempt,
      id: first + index,
      state,
      table_name: JSON.stringify(task.table),
      node: task.node,
      locality: task.locality,
      body: JSON.stringify(task.body),
      estimated_bytes: task.estimatedBytes,
      files: '[]',
      result: null,
      error: null,
      engine: null,
      modified_at: now,
    }));
    await this.#ifClaimed(job, (tx) =>
      tx
        .insertInto('tasks')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  markPlanned(job: ClaimedJob): Promise<void> {
    return this.#note(job, { planned: true });
  }

  noteBuilt(job: ClaimedJob, steps: number): Promise<void> {
    return this.#note(job, { built: steps });
  }

  async #note(job: ClaimedJob, what: UpdateObject<MetadataTables, 'job_attempts'>): Promise<void> {
    await this.#ifClaimed(job, (tx) =>
      tx
        .updateTable('job_attempts')
        .set(what)
        .where('job_id', '=', job.id)
        .where('attempt', '=', job.attempt)
        .execute(),
    );
  }

  async unhold(job: ClaimedJob, upTo: number): Promise<number> {
    const { numUpdatedRows } = await this.#ifClaimed(job, (tx) =>
      tx
        .updateTable('tasks')
        .set({ state: 'waiting' })
        .where('job_id', '=', job.id)
        .where('attempt', '=', job.attempt)
        .where('id', '<=', upTo)
        .where('state', '=', 'held')
        .executeTakeFirst(),
    );
    return Number(numUpdatedRows);
  }

  async reclaim(job: ClaimedJob, silenceMs: number): Promise<number> {
    const { numUpdatedRows } = await this.#ifClaimed(job, (tx) =>
      tx
        .updateTable('tasks')
        .set({ state: 'waiting', token: null, modified_at: this.#now() })
        .where('job_id', '=', job.id)
        .where('attempt', '=', job.attempt)
        .where((eb) =>
          eb.or([
            eb.and([eb('state', '=', 'waiting'), eb('token', 'is not', null)]),
            eb.and([
              eb('state', '=', 'running'),
              eb.not(
                eb.exists(
                  eb
                    .selectFrom('engines')
                    .select('engines.name')
                    .whereRef('engines.name', '=', 'tasks.engine')
                    .where(sql<boolean>`engines.seen_at > now() - ${silenceMs} * interval '1 ms'`),
                ),
              ),
            ]),
          ]),
        )
        .executeTakeFirst(),
    );
    return Number(numUpdatedRows);
  }

  async reopen(job: ClaimedJob): Promise<number> {
    await this.#ifClaimed(job, (tx) =>
      tx
        .updateTable('tasks')
        .set({ state: 'waiting', token: null, error: null, modified_at: this.#now() })
        .where('job_id', '=', job.id)
        .where('attempt', '=', job.attempt)
        .where((eb) =>
          eb.or([
            eb('state', 'in', ['running', 'failed']),
            eb.and([eb('state', '=', 'waiting'), eb('token', 'is not', null)]),
          ]),
        )
        .execute(),
    );
    const { count } = await this.#metadata.db
      .selectFrom('tasks')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .where('job_id', '=', job.id)
      .where('attempt', '=', job.attempt)
      .where('state', '=', 'waiting')
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  waiting(job: ClaimedJob, after: number, most: number): Promise<WaitingTask[]> {
    return waitingTasks(this.#metadata, job, after, most);
  }

  aim(job: ClaimedJob, tasks: readonly AimedTask[]): Promise<number[]> {
    return this.#ifClaimed(job, (tx) => aimTasks(tx, job, tasks));
  }

  /** Does what only the job's latest claim may do, while nobody can take another. Throws Superseded where somebody has. */
  #ifClaimed<T>(
    { id, epoch }: ClaimedJob,
    work: (tx: Transaction<MetadataTables>) => Promise<T>,
  ): Promise<T> {
    return this.#metadata.db.transaction().execute(async (tx) => {
      const claim = await tx
        .selectFrom('jobs')
        .select('id')
        .where('id', '=', id)
        .where('epoch', '=', epoch)
        .forShare()
        .executeTakeFirst();
      if (claim === undefined) throw new Superseded();
      return work(tx);
    });
  }

  pick(token: string, engine: Engine, limits: Limits): Promise<Picked> {
    return this.#metadata.db
      .transaction()
      .execute((tx) => pickTask(tx, { token, engine, limits, now: this.#now() }));
  }

  async willWrite(task: TaskTry, file: string): Promise<boolean> {
    return this.#updateIfCounting(task, { files: sql`files || ${JSON.stringify([file])}::jsonb` });
  }

  async progress(task: TaskTry, { rows, bytes, storedBytes }: TaskProgress): Promise<boolean> {
    return this.#updateIfCounting(task, {
      rows,
      bytes,
      stored_bytes: storedBytes,
      modified_at: this.#now(),
      progressed_at: sql`CASE WHEN bytes <> ${bytes} OR stored_bytes <> ${storedBytes} THEN now() ELSE progressed_at END`,
    });
  }

  /** Changes a task for a try that still counts: the latest one, of a job that runs. Answers whether it does. */
  async #updateIfCounting(task: TaskTry, update: TaskUpdate): Promise<boolean> {
    const { numUpdatedRows } = await this.#metadata.db
      .updateTable('tasks')
      .set(update)
      .where('job_id', '=', task.jobId)
      .where('attempt', '=', task.attempt)
      .where('id', '=', task.id)
      .where('state', '=', 'running')
      .where('tries', '=', task.tries)
      .where((eb) => eb.exists(ofAttempt(eb, task).where('jobs.state', '=', 'running')))
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async finish(task: TaskTry, progress: TaskProgress, result: object): Promise<boolean> {
    const { numUpdatedRows } = await this.#metadata.db
      .updateTable('tasks')
      .set({
        state: 'done',
        rows: progress.rows,
        bytes: progress.bytes,
        stored_bytes: progress.storedBytes,
        result: JSON.stringify(result),
        trouble: null,
        modified_at: this.#now(),
        progressed_at: sql`now()`,
        finished_at: this.#now(),
      })
      .where('job_id', '=', task.jobId)
      .where('attempt', '=', task.attempt)
      .where('id', '=', task.id)
      // Of an earlier try, too: its file is as good as any. Not of an earlier attempt, whose files are removed.
      .where('state', 'in', ['running', 'waiting'])
      .where((eb) => eb.exists(ofAttempt(eb, task)))
      .executeTakeFirst();
    return numUpdatedRows === 1n || this.#hasResult(task, result);
  }

  /** Whether it was this try that was first, and only was not answered. */
  async #hasResult(task: TaskTry, result: object): Promise<boolean> {
    const row = await this.#metadata.db
      .selectFrom('tasks')
      .select('id')
      .where('job_id', '=', task.jobId)
      .where('attempt', '=', task.attempt)
      .where('id', '=', task.id)
      .where('state', '=', 'done')
      .where(sql<boolean>`result = ${JSON.stringify(result)}::jsonb`)
      .executeTakeFirst();
    return row !== undefined;
  }

  trouble(task: TaskTry, error: JobError): Promise<void> {
    return this.#end(task, { state: 'waiting', trouble: JSON.stringify(error) });
  }

  giveBack(task: TaskTry): Promise<void> {
    return this.#end(task, { state: 'waiting', token: null });
  }

  fail(task: TaskTry, error: JobError): Promise<void> {
    return this.#end(task, { state: 'failed', error: JSON.stringify(error) });
  }

  /** Ends the latest try, which has not done it. */
  async #end(task: TaskTry, update: TaskUpdate): Promise<void> {
    await this.#metadata.db
      .updateTable('tasks')
      .set({ ...update, rows: 0, bytes: 0, stored_bytes: 0, modified_at: this.#now() })
      .where('job_id', '=', task.jobId)
      .where('attempt', '=', task.attempt)
      .where('id', '=', task.id)
      .where('state', '=', 'running')
      .where('tries', '=', task.tries)
      .execute();
  }

  async totals({ id, attempt }: ClaimedJob): Promise<TaskTotals> {
    const { rows } = await sql<{
      tasks: string;
      done: string;
      running: string;
      unpicked: string;
      rows: string;
      bytes: string;
      stored_bytes: string;
      done_estimate: string;
      estimated_bytes: string;
      failure: JobError | null;
      trouble: JobError | null;
    }>`
      SELECT count(*) AS tasks,
             count(*) FILTER (WHERE state = 'done') AS done,
             count(*) FILTER (WHERE state = 'running') AS running,
             count(*) FILTER (WHERE state = 'waiting' AND token IS NULL) AS unpicked,
             coalesce(sum(rows), 0) AS rows,
             coalesce(sum(bytes), 0) AS bytes,
             coalesce(sum(stored_bytes), 0) AS stored_bytes,
             coalesce(sum(CASE WHEN state = 'done' THEN estimated_bytes ELSE least(bytes, estimated_bytes) END), 0) AS done_estimate,
             coalesce(sum(estimated_bytes), 0) AS estimated_bytes,
             (SELECT error FROM tasks WHERE job_id = ${id} AND attempt = ${attempt} AND state = 'failed' ORDER BY id LIMIT 1) AS failure,
             (SELECT trouble FROM tasks WHERE job_id = ${id} AND attempt = ${attempt} AND state <> 'done' AND trouble IS NOT NULL ORDER BY modified_at DESC LIMIT 1) AS trouble
        FROM tasks WHERE job_id = ${id} AND attempt = ${attempt}`.execute(this.#metadata.db);
    const [row] = rows;
    if (row === undefined)
      throw new HoldfastError('internal', 'The metadata store answered nothing to a count.');
    return {
      tasks: Number(row.tasks),
      done: Number(row.done),
      running: Number(row.running),
      unpicked: Number(row.unpicked),
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      storedBytes: Number(row.stored_bytes),
      doneEstimate: Number(row.done_estimate),
      estimatedBytes: Number(row.estimated_bytes),
      failure: row.failure,
      trouble: row.trouble,
    };
  }

  async results({ id, attempt }: ClaimedJob): Promise<unknown[]> {
    const rows = await this.#metadata.db
      .selectFrom('tasks')
      .select('result')
      .where('job_id', '=', id)
      .where('attempt', '=', attempt)
      .where('state', '=', 'done')
      .orderBy('id')
      .execute();
    return rows.map((row) => row.result);
  }

  async leftovers({ id, attempt }: ClaimedJob): Promise<string[]> {
    const rows = await this.#metadata.db
      .selectFrom('tasks')
      .select('files')
      .where('job_id', '=', id)
      .where((eb) =>
        eb.or([
          eb.and([eb('attempt', '=', attempt), sql<boolean>`jsonb_array_length(files) > 1`]),
          eb.and([eb('attempt', '<', attempt), eb('state', '=', 'running')]),
        ]),
      )
      .execute();
    return rows.flatMap((row) => row.files);
  }

  async files(job: JobId): Promise<string[]> {
    const rows = await this.#metadata.db
      .selectFrom('tasks')
      .select('files')
      .where('job_id', '=', job)
      .execute();
    return rows.flatMap((row) => row.files);
  }
}

/** The task's job, as long as it is in the attempt that the task is of. */
function ofAttempt(eb: ExpressionBuilder<MetadataTables, 'tasks'>, { jobId, attempt }: TaskTry) {
  return eb
    .selectFrom('jobs')
    .select('jobs.id')
    .where('jobs.id', '=', jobId)
    .where('jobs.attempt', '=', attempt);
}
