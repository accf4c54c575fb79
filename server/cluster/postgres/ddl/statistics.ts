import type { DdlStep } from '../../descriptor.ts';
import type { Session } from '../session.ts';
import { commentStep, qualified, step } from './sql.ts';

/** An object made by CREATE STATISTICS. */
export interface StatisticsRow {
  owner: number;
  schema: string;
  name: string;
  definition: string;
  target: number | null;
  comment: string | null;
}

export async function readStatistics(session: Session, oids: number[]): Promise<StatisticsRow[]> {
  return session.rows<StatisticsRow>(
    'read statistics objects',
    `SELECT s.stxrelid AS owner, n.nspname AS schema, s.stxname AS name, pg_get_statisticsobjdef(s.oid) AS definition,
            nullif(s.stxstattarget, -1)::int AS target, obj_description(s.oid, 'pg_statistic_ext') AS comment
     FROM pg_statistic_ext s
     JOIN pg_namespace n ON n.oid = s.stxnamespace
     WHERE s.stxrelid = ANY ($1::oid[])
     ORDER BY s.stxrelid, s.stxname`,
    [oids],
  );
}

export function statisticsSteps(statistics: StatisticsRow[]): DdlStep[] {
  return statistics.flatMap(({ schema, name, definition, target, comment }) => [
    step('finish', definition),
    ...(target === null
      ? []
      : [step('finish', `ALTER STATISTICS ${qualified(schema, name)} SET STATISTICS ${target}`)]),
    ...commentStep(`STATISTICS ${qualified(schema, name)}`, comment),
  ]);
}
