import { sql } from 'kysely';
import { type Moment, momentSchema } from '../cluster/moment.ts';
import type { Metadata } from '../metadata/open.ts';
import type { JobId } from './job.ts';
import type { AttemptOf, Engine, MomentOffers, WantedMoment } from './ledger.ts';
import { ENGINE_SILENCE_MS } from './limits.ts';

/** So many engines hold a job's moment beside its coordinator. */
const DEPUTIES = 2;

/** Whether an engine should hold the moment of the job `j`: it neither coordinates it nor holds it, and too few others do. */
function isWanted(name: string) {
  return sql<boolean>`
    j.coordinator <> ${name}
    AND NOT EXISTS (SELECT 1 FROM held_moments h WHERE h.job_id = j.id AND h.attempt = j.attempt AND h.engine = ${name})
    AND (SELECT count(*) FROM held_moments h JOIN engines e ON e.name = h.engine
          WHERE h.job_id = j.id AND h.attempt = j.attempt
            AND e.seen_at > now() - ${ENGINE_SILENCE_MS} * interval '1 millisecond') < ${DEPUTIES}`;
}

/** Which engines hold which job's moment, in the metadata store. */
export class StoredMomentOffers implements MomentOffers {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  async wanted({ name }: Engine): Promise<WantedMoment[]> {
    const { rows } = await sql<{ id: JobId; attempt: number; cluster: string; moment: unknown }>`
      SELECT j.id, j.attempt, j.cluster, a.context->'moment' AS moment
        FROM jobs j JOIN job_attempts a ON a.job_id = j.id AND a.attempt = j.attempt
       WHERE j.state IN ('running', 'pause-requested', 'paused', 'resuming') AND j.lease_until > now()
         AND j.cluster IS NOT NULL
         AND a.context->'moment'->>'kind' = 'snapshot'
         AND ${isWanted(name)}`.execute(this.#metadata.db);
    return rows.map(({ id, moment, ...rest }) => ({
      jobId: id,
      ...rest,
      moment: momentSchema.parse(moment),
    }));
  }

  async reserve({ jobId, attempt }: AttemptOf, { name }: Engine): Promise<boolean> {
    const { rows } = await sql`
      INSERT INTO held_moments (job_id, attempt, engine)
      SELECT j.id, j.attempt, ${name}::text FROM jobs j
       WHERE j.id = ${jobId} AND j.attempt = ${attempt} AND ${isWanted(name)}
      ON CONFLICT DO NOTHING RETURNING engine`.execute(this.#metadata.db);
    return rows.length === 1;
  }

  async offer({ jobId, attempt }: AttemptOf, { name }: Engine, moment: Moment): Promise<void> {
    await this.#metadata.db
      .updateTable('held_moments')
      .set({ moment: JSON.stringify(moment) })
      .where('job_id', '=', jobId)
      .where('attempt', '=', attempt)
      .where('engine', '=', name)
      .execute();
  }

  async offers({ jobId, attempt }: AttemptOf): Promise<Moment[]> {
    const rows = await this.#metadata.db
      .selectFrom('held_moments')
      .select('moment')
      .where('job_id', '=', jobId)
      .where('attempt', '=', attempt)
      .where('moment', 'is not', null)
      .execute();
    return rows.map(({ moment }) => momentSchema.parse(moment));
  }

  async withdraw({ jobId, attempt }: AttemptOf, { name }: Engine): Promise<void> {
    await this.#metadata.db
      .deleteFrom('held_moments')
      .where('job_id', '=', jobId)
      .where('attempt', '=', attempt)
      .where('engine', '=', name)
      .execute();
  }
}
