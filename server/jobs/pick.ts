import { sql, type Transaction } from 'kysely';
import type { MetadataTables } from '../metadata/schema.ts';
import type { JobId } from './job.ts';
import type { Engine, Picked, PickedTask } from './ledger.ts';
import { choices, type Choice, type Limits, mayBeginAgain, placesOf, type Running } from './limits.ts';

type Tx = Transaction<MetadataTables>;

interface Asking {
  token: string;
  engine: Engine;
  limits: Limits;
  now: Date;
}

interface OpenRow {
  jobId: JobId;
  attempt: number;
  epoch: number;
  cluster: string | null;
}

interface Found extends OpenRow {
  id: number;
  node: string | null;
  /** Who had it, and could not end it. */
  formerEngine: string | null;
}

/** Implements TaskLedger.pick. One asks at a time, over all engines: so the limits hold. */
export async function pickTask(tx: Tx, asking: Asking): Promise<Picked> {
  await tx.selectFrom('turnstile').select('id').forUpdate().execute();
  const bound = await boundTo(tx, asking.token);
  if (bound === 'over') return { kind: 'nothing' };
  const running = await runningTasks(tx);
  if (bound !== null) {
    return mayBeginAgain(bound, running, asking.limits) ? take(tx, bound, asking) : { kind: 'later' };
  }
  const jobs = await jobsWithTasks(tx);
  if (jobs.length === 0) return { kind: 'nothing' };
  for (const choice of choices(jobs, running, asking.limits)) {
    const found = await nearest(tx, choice, asking.engine);
    if (found !== null) return take(tx, found, asking);
  }
  return { kind: 'later' };
}

/** The task that the token stands for; `over` where that needs nothing more. */
async function boundTo(tx: Tx, token: string): Promise<(Found & { running: boolean }) | 'over' | null> {
  const row = await tx
    .selectFrom('tasks')
    .innerJoin('jobs', 'jobs.id', 'tasks.job_id')
    .select([
      'tasks.job_id',
      'tasks.attempt',
      'tasks.id',
      'tasks.node',
      'tasks.state',
      'tasks.engine',
      'jobs.epoch',
      'jobs.cluster',
      'jobs.state as job_state',
      'jobs.attempt as job_attempt',
    ])
    .where('tasks.token', '=', token)
    .executeTakeFirst();
  if (row === undefined) return null;
  const counts = row.job_state === 'running' && row.job_attempt === row.attempt;
  if (!counts || (row.state !== 'waiting' && row.state !== 'running')) return 'over';
  const { attempt, id, node, epoch, cluster } = row;
  const running = row.state === 'running';
  const formerEngine = running ? row.engine : null;
  return { jobId: row.job_id as JobId, attempt, id, node, epoch, cluster, running, formerEngine };
}

async function runningTasks(tx: Tx): Promise<Running[]> {
  const rows = await tx
    .selectFrom('jobs')
    .innerJoin('tasks', (join) =>
      join.onRef('tasks.job_id', '=', 'jobs.id').onRef('tasks.attempt', '=', 'jobs.attempt'),
    )
    .select((eb) => ['jobs.id', 'jobs.cluster', 'tasks.node', eb.fn.countAll<string>().as('count')])
    .where('jobs.state', '=', 'running')
    .where('tasks.state', '=', 'running')
    .groupBy(['jobs.id', 'jobs.cluster', 'tasks.node'])
    .execute();
  return rows.map(({ id, cluster, node, count }) => ({ jobId: id, cluster, node, count: Number(count) }));
}

async function jobsWithTasks(tx: Tx): Promise<OpenRow[]> {
  const rows = await tx
    .selectFrom('jobs')
    .select(['id', 'attempt', 'epoch', 'cluster'])
    .where('state', '=', 'running')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('tasks')
          .select('tasks.id')
          .whereRef('tasks.job_id', '=', 'jobs.id')
          .whereRef('tasks.attempt', '=', 'jobs.attempt')
          .where('tasks.state', '=', 'waiting')
          .where('tasks.token', 'is', null),
      ),
    )
    .execute();
  return rows.map(({ id, ...rest }) => ({ ...rest, jobId: id as JobId }));
}

/** The job's first task among those of the nodes that are nearest to the engine. */
async function nearest(
  tx: Tx,
  { job, fullNodes }: Choice<OpenRow>,
  { locality }: Engine,
): Promise<Found | null> {
  let select = tx
    .selectFrom('tasks')
    .select(['id', 'node'])
    .where('job_id', '=', job.jobId)
    .where('attempt', '=', job.attempt)
    .where('state', '=', 'waiting')
    .where('token', 'is', null);
  if (fullNodes.length > 0)
    select = select.where((eb) => eb.or([eb('node', 'is', null), eb('node', 'not in', fullNodes)]));
  const places = placesOf(locality);
  if (places.length > 0) {
    const isIn = (place: string) => sql`substr(locality || ',', 1, ${place.length + 1}) = ${`${place},`}`;
    const cases = places.map((place, index) => sql`WHEN ${isIn(place)} THEN ${sql.lit(index)}`);
    select = select.orderBy(sql`CASE ${sql.join(cases, sql` `)} ELSE ${sql.lit(places.length)} END`);
  }
  const row = await select.orderBy('id').limit(1).executeTakeFirst();
  return row === undefined ? null : { ...job, ...row, formerEngine: null };
}

async function take(tx: Tx, found: Found, { token, engine, now }: Asking): Promise<Picked> {
  const { jobId, attempt, id, epoch, formerEngine } = found;
  const row = await tx
    .updateTable('tasks')
    .set({
      state: 'running',
      token,
      engine: engine.name,
      tries: sql`tries + 1`,
      started_at: now,
      modified_at: now,
      rows: 0,
      bytes: 0,
      stored_bytes: 0,
      progressed_at: sql`now()`,
    })
    .where('job_id', '=', jobId)
    .where('attempt', '=', attempt)
    .where('id', '=', id)
    .returning(['tries', 'table_name', 'node', 'body'])
    .executeTakeFirstOrThrow();
  const task: PickedTask = {
    jobId,
    attempt,
    id,
    epoch,
    formerEngine,
    tries: row.tries,
    table: row.table_name,
    node: row.node,
    body: row.body,
  };
  return { kind: 'task', task };
}
