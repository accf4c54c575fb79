import { type Expression, sql, type Transaction } from 'kysely';
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

interface OpenJobRow {
  jobId: JobId;
  attempt: number;
  epoch: number;
  cluster: string | null;
}

interface JobRow extends OpenJobRow {
  /** It has tasks that no token stands for. */
  open: boolean;
  running: { node: string | null; count: number }[];
}

interface BoundRow extends OpenJobRow {
  id: number;
  node: string | null;
  running: boolean;
  engine: string | null;
  /** Not where its job or its attempt is over, or itself. */
  counts: boolean;
}

interface Bound extends BoundRow {
  /** Who had it, and could not end it. */
  formerEngine: string | null;
}

/**
 * Implements TaskLedger.pick. One asks at a time, over all engines: so the limits hold. Who has a turn keeps all others waiting for as
 * long as its questions take to go and come: they are as few as can be.
 */
export async function pickTask(tx: Tx, asking: Asking): Promise<Picked> {
  await tx.selectFrom('turnstile').select('id').forUpdate().execute();
  const { bound, running, jobs } = await lookAround(tx, asking.token);
  if (bound !== null) {
    if (!bound.counts) return { kind: 'nothing' };
    if (!mayBeginAgain(bound, running, asking.limits)) return { kind: 'later' };
    const task = await take(tx, bound, sql`${bound.id}`, asking);
    return task === null ? { kind: 'nothing' } : { kind: 'task', task };
  }
  if (jobs.length === 0) return { kind: 'nothing' };
  for (const choice of choices(jobs, running, asking.limits)) {
    const unbound = { ...choice.job, formerEngine: null };
    const task = await take(tx, unbound, nearest(tx, choice, asking.engine), asking);
    if (task !== null) return { kind: 'task', task };
  }
  return { kind: 'later' };
}

/** What there is for a token: the task that it stands for, what runs, and the jobs that have tasks for any token. */
async function lookAround(
  tx: Tx,
  token: string,
): Promise<{ bound: Bound | null; running: Running[]; jobs: OpenJobRow[] }> {
  const { rows } = await sql<{ bound: BoundRow | null; jobs: JobRow[] }>`
    SELECT (SELECT jsonb_build_object(
                     'jobId', t.job_id::text, 'attempt', t.attempt, 'id', t.id, 'node', t.node,
                     'running', t.state = 'running', 'engine', t.engine, 'epoch', j.epoch, 'cluster', j.cluster,
                     'counts', j.state = 'running' AND j.attempt = t.attempt AND t.state IN ('waiting', 'running'))
              FROM tasks t JOIN jobs j ON j.id = t.job_id
             WHERE t.token = ${token}) AS bound,
           coalesce((
             SELECT jsonb_agg(jsonb_build_object(
                      'jobId', j.id::text, 'attempt', j.attempt, 'epoch', j.epoch, 'cluster', j.cluster,
                      'open', EXISTS (SELECT 1 FROM tasks t
                                       WHERE t.job_id = j.id AND t.attempt = j.attempt
                                         AND t.state = 'waiting' AND t.token IS NULL),
                      'running', coalesce((
                        SELECT jsonb_agg(jsonb_build_object('node', r.node, 'count', r.count))
                          FROM (SELECT t.node, count(*) AS count FROM tasks t
                                 WHERE t.job_id = j.id AND t.attempt = j.attempt AND t.state = 'running'
                                 GROUP BY t.node) r), '[]')))
               FROM jobs j WHERE j.state = 'running'), '[]') AS jobs`.execute(tx);
  const [{ bound, jobs } = { bound: null, jobs: [] }] = rows;
  return {
    bound: bound === null ? null : { ...bound, formerEngine: bound.running ? bound.engine : null },
    running: jobs.flatMap(({ jobId, cluster, running }) =>
      running.map(({ node, count }) => ({ jobId, cluster, node, count })),
    ),
    jobs: jobs.filter(({ open }) => open),
  };
}

/** The job's first task among those of the nodes that are nearest to the engine. */
function nearest(tx: Tx, { job, fullNodes }: Choice<OpenJobRow>, { locality }: Engine): Expression<number> {
  let select = tx
    .selectFrom('tasks')
    .select('id')
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
  return sql`(${select.orderBy('id').limit(1)})`;
}

/** Takes the task of this number for the token; null where there is none. */
async function take(
  tx: Tx,
  { jobId, attempt, epoch, formerEngine }: OpenJobRow & { formerEngine: string | null },
  id: Expression<number>,
  { token, engine, now }: Asking,
): Promise<PickedTask | null> {
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
    .returning(['id', 'tries', 'table_name', 'node', 'body'])
    .executeTakeFirst();
  if (row === undefined) return null;
  const { tries, node, body } = row;
  return { jobId, attempt, id: row.id, epoch, formerEngine, tries, table: row.table_name, node, body };
}
