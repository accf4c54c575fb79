import { statesOf } from '../../server/jobs/job.ts';
import type { JobFilter, JobView } from '../../server/jobs/job.ts';

/**
 * One list, newest first and each job once, of pages loaded at different times. `newest` and `running` are the
 * latest answers and win. A job that isn't in `pages` yet is taken from `newest` alone: `running` isn't filtered.
 * What has left the states of the filter is left out.
 */
export function mergeJobs(
  pages: readonly (readonly JobView[])[],
  newest: readonly JobView[],
  running: readonly JobView[],
  filter: JobFilter | undefined,
): JobView[] {
  const byId = new Map<string, JobView>();
  for (const page of pages) for (const job of page) byId.set(job.id, job);
  for (const job of running) if (byId.has(job.id)) byId.set(job.id, job);
  for (const job of newest) byId.set(job.id, further(byId.get(job.id), job));
  const jobs = [...byId.values()].sort((a, b) => compareIds(b.id, a.id));
  return filter === undefined ? jobs : jobs.filter(({ state }) => statesOf(filter).includes(state));
}

function further(known: JobView | undefined, job: JobView): JobView {
  return known !== undefined && known.finishedAt === null && known.fraction > job.fraction ? known : job;
}

/** Job numbers are decimal 64-bit integers, past what a double holds. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
