import { sql } from 'kysely';
import type { ObjectName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { Metadata } from '../metadata/open.ts';
import type { JobError, JobId, JobState } from './job.ts';

const INSERT_AT_A_TIME = 200;
const ATTEMPTS_KEPT = 4;

export interface NewTask {
  table: ObjectName;
  /** The node that is read from; null where rows are loaded. */
  node: string | null;
  estimatedBytes: number;
  /** What to do, in the shape of `spec.ts`. */
  body: object;
}

export interface TaskRow {
  id: number;
  table: ObjectName;
  body: unknown;
}

export interface TaskTotals {
  tasks: number;
  done: number;
  rows: number;
  bytes: number;
  storedBytes: number;
  /** Estimated bytes of the work that is done, running tasks in part. */
  doneEstimate: number;
  estimatedBytes: number;
  failure: JobError | null;
}

export interface TaskProgress {
  rows: number;
  bytes: number;
  storedBytes: number;
}

/** The tasks of jobs' attempts, in the metadata store: what is to do, how far it is, what came of it. */
export class TaskBoard {
  readonly #metadata: Metadata;
  readonly #now: () => Date;
  /** What the attempts that this process works for share, latest last: thousands of tasks read the same. */
  readonly #shared = new Map<string, Promise<unknown>>();

  constructor(metadata: Metadata, now: () => Date) {
    this.#metadata = metadata;
    this.#now = now;
  }

  /** Records what all tasks of an attempt share, in place of what was recorded before. */
  async share(job: JobId, attempt: number, context: object): Promise<void> {
    await this.#metadata.db
      .insertInto('job_attempts')
      .values({ job_id: job, attempt, context: JSON.stringify(context) })
      .onConflict((conflict) =>
        conflict.columns(['job_id', 'attempt']).doUpdateSet({ context: JSON.stringify(context) }),
      )
      .execute();
  }

  /** What `share` recorded first, kept for the next task of the attempt. */
  shared(job: JobId, attempt: number): Promise<unknown> {
    const key = `${job} ${attempt}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const reading = this.#readShared(job, attempt);
    this.#shared.set(key, reading);
    reading.catch(() => this.#shared.delete(key));
    const [oldest] = this.#shared.keys();
    if (this.#shared.size > ATTEMPTS_KEPT && oldest !== undefined) this.#shared.delete(oldest);
    return reading;
  }

  async #readShared(job: JobId, attempt: number): Promise<unknown> {
    const row = await this.#metadata.db
      .selectFrom('job_attempts')
      .select('context')
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .executeTakeFirstOrThrow();
    return row.context;
  }

  /** What every attempt of the job recorded by `share`, the latest first. */
  async sharedByAll(job: JobId): Promise<unknown[]> {
    const rows = await this.#metadata.db
      .selectFrom('job_attempts')
      .select('context')
      .where('job_id', '=', job)
      .orderBy('attempt', 'desc')
      .execute();
    return rows.map((row) => row.context);
  }

  /** Records an attempt's tasks, numbered from 1 in the order given; answers how many. Holds a batch at a time. */
  async add(
    job: JobId,
    attempt: number,
    tasks: AsyncIterable<NewTask>,
    added: (ids: number[]) => Promise<void>,
  ): Promise<number> {
    let count = 0;
    let batch: NewTask[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return;
      const now = this.#now();
      const rows = batch.map((task) => ({
        job_id: job,
        attempt,
        id: ++count,
        state: 'waiting' as const,
        table_name: JSON.stringify(task.table),
        node: task.node,
        body: JSON.stringify(task.body),
        estimated_bytes: task.estimatedBytes,
        files: '[]',
        result: null,
        error: null,
        engine: null,
        modified_at: now,
      }));
      batch = [];
      await this.#metadata.db.insertInto('tasks').values(rows).execute();
      await added(rows.map((row) => row.id));
    };
    for await (const task of tasks) {
      batch.push(task);
      if (batch.length === INSERT_AT_A_TIME) await flush();
    }
    await flush();
    return count;
  }

  /** A task that is still to do, or null when it is done or its attempt is over. */
  async take(job: JobId, attempt: number, id: number, engine: string): Promise<TaskRow | null> {
    const row = await this.#metadata.db
      .updateTable('tasks')
      .set({ engine, modified_at: this.#now() })
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .where('id', '=', id)
      .where('state', '=', 'waiting')
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('jobs')
            .select('jobs.id')
            .where('jobs.id', '=', job)
            .where('jobs.attempt', '=', attempt)
            .where('jobs.state', '=', 'running'),
        ),
      )
      .returning(['id', 'table_name', 'body'])
      .executeTakeFirst();
    return row === undefined ? null : { id: row.id, table: row.table_name, body: row.body };
  }

  /** Records the name of a file before anything is written under it, so that a revert knows it. */
  async willWrite(job: JobId, attempt: number, id: number, file: string): Promise<void> {
    await this.#metadata.db
      .updateTable('tasks')
      .set({ files: sql`files || ${JSON.stringify([file])}::jsonb` })
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .where('id', '=', id)
      .execute();
  }

  /** Records how far a task is; answers whether its attempt still runs. */
  async progress(job: JobId, attempt: number, id: number, progress: TaskProgress): Promise<boolean> {
    await this.#metadata.db
      .updateTable('tasks')
      .set({
        rows: progress.rows,
        bytes: progress.bytes,
        stored_bytes: progress.storedBytes,
        modified_at: this.#now(),
      })
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .where('id', '=', id)
      .where('state', '=', 'waiting')
      .execute();
    const row = await this.#metadata.db
      .selectFrom('jobs')
      .select(['state', 'attempt'])
      .where('id', '=', job)
      .executeTakeFirst();
    const running: JobState = 'running';
    return row !== undefined && row.attempt === attempt && row.state === running;
  }

  /** Records what came of a task; answers false when another try was first, and this one doesn't count. */
  async finish(
    job: JobId,
    attempt: number,
    id: number,
    progress: TaskProgress,
    result: object,
  ): Promise<boolean> {
    const updated = await this.#metadata.db
      .updateTable('tasks')
      .set({
        state: 'done',
        rows: progress.rows,
        bytes: progress.bytes,
        stored_bytes: progress.storedBytes,
        result: JSON.stringify(result),
        modified_at: this.#now(),
      })
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .where('id', '=', id)
      .where('state', '=', 'waiting')
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /** Gives a task up: the job fails with this error. */
  async fail(job: JobId, attempt: number, id: number, error: JobError): Promise<void> {
    await this.#metadata.db
      .updateTable('tasks')
      .set({ state: 'failed', error: JSON.stringify(error), modified_at: this.#now() })
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .where('id', '=', id)
      .where('state', '=', 'waiting')
      .execute();
  }

  async totals(job: JobId, attempt: number): Promise<TaskTotals> {
    const { rows } = await sql<{
      tasks: string;
      done: string;
      rows: string;
      bytes: string;
      stored_bytes: string;
      done_estimate: string;
      estimated_bytes: string;
      failure: JobError | null;
    }>`
      SELECT count(*) AS tasks,
             count(*) FILTER (WHERE state = 'done') AS done,
             coalesce(sum(rows), 0) AS rows,
             coalesce(sum(bytes), 0) AS bytes,
             coalesce(sum(stored_bytes), 0) AS stored_bytes,
             coalesce(sum(CASE WHEN state = 'done' THEN estimated_bytes ELSE least(bytes, estimated_bytes) END), 0) AS done_estimate,
             coalesce(sum(estimated_bytes), 0) AS estimated_bytes,
             (SELECT error FROM tasks WHERE job_id = ${job} AND attempt = ${attempt} AND state = 'failed' ORDER BY id LIMIT 1) AS failure
        FROM tasks WHERE job_id = ${job} AND attempt = ${attempt}`.execute(this.#metadata.db);
    const row = rows[0];
    if (row === undefined)
      throw new HoldfastError('internal', 'The metadata store answered nothing to a count.');
    return {
      tasks: Number(row.tasks),
      done: Number(row.done),
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      storedBytes: Number(row.stored_bytes),
      doneEstimate: Number(row.done_estimate),
      estimatedBytes: Number(row.estimated_bytes),
      failure: row.failure,
    };
  }

  /** The results of an attempt's tasks, in the order of the plan. */
  async results(job: JobId, attempt: number): Promise<unknown[]> {
    const rows = await this.#metadata.db
      .selectFrom('tasks')
      .select('result')
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .where('state', '=', 'done')
      .orderBy('id')
      .execute();
    return rows.map((row) => row.result);
  }

  /** What an attempt may leave over: every file that tasks with more than one of them began to write. */
  async leftovers(job: JobId, attempt: number): Promise<string[]> {
    const rows = await this.#metadata.db
      .selectFrom('tasks')
      .select('files')
      .where('job_id', '=', job)
      .where('attempt', '=', attempt)
      .where(sql<boolean>`jsonb_array_length(files) > 1`)
      .execute();
    return rows.flatMap((row) => row.files);
  }

  /** Every file that any try of any attempt of the job began to write. */
  async files(job: JobId): Promise<string[]> {
    const rows = await this.#metadata.db
      .selectFrom('tasks')
      .select('files')
      .where('job_id', '=', job)
      .execute();
    return rows.flatMap((row) => row.files);
  }
}
