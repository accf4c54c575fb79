import { databasesOf } from '../../backup/targets.ts';
import type { JobLog } from '../../jobs/log.ts';
import type { Targets } from '../../statement/ast.ts';
import type { RunningFacts } from './facts.ts';
import { targetsOf } from './known.ts';

/** Jobs that are looked at. */
const MOST = 200;

/** A job that hasn't ended, and what it is about. */
export interface ActiveWork extends RunningFacts {
  cluster: string | null;
  /** Redacted URL. */
  location: string;
  /** Of a backup: what it is asked for. */
  targets: Targets | null;
}

export async function activeWork(jobs: Pick<JobLog, 'page' | 'view'>): Promise<ActiveWork[]> {
  const { jobs: active } = await jobs.page({ state: 'active', limit: MOST });
  return Promise.all(
    active.map(async ({ id, kind, state, cluster, location, statement }) => {
      const common = { jobId: id, kind, state, cluster, location };
      if (kind !== 'BACKUP') return { ...common, targets: null };
      // Lists have the beginning of long statements.
      const whole = statement.endsWith('…') ? (await jobs.view(id)).statement : statement;
      return { ...common, targets: targetsOf(whole) };
    }),
  );
}

/** Those that back the database up, or read one of its backups. */
export function runningOn(
  active: readonly ActiveWork[],
  cluster: string,
  database: string,
  urls: ReadonlySet<string>,
): RunningFacts[] {
  return active
    .filter((job) =>
      job.kind === 'BACKUP'
        ? job.cluster === cluster && job.targets !== null && databasesOf(job.targets).includes(database)
        : urls.has(job.location),
    )
    .map(({ jobId, kind, state }) => ({ jobId, kind, state }));
}
