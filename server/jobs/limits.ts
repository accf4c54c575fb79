/** How many tasks may run at once, over all engines. */
export interface Limits {
  /** That read from one node. */
  node: number;
  /** Of one job. */
  job: number;
  /** Of all jobs. */
  all: number;
}

/** For how long an engine that isn't heard of is believed to be there. */
export const ENGINE_SILENCE_MS = 20_000;

export interface Running {
  jobId: string;
  cluster: string | null;
  /** Null for tasks that load rows: any node takes those. */
  node: string | null;
  count: number;
}

export interface OpenJob {
  jobId: string;
  cluster: string | null;
}

export interface Choice<J extends OpenJob> {
  job: J;
  /** Nodes that enough is read from. */
  fullNodes: string[];
}

/**
 * Which jobs a task may be picked from, the best first: that with the fewest running tasks, so that a small job doesn't wait
 * for a large one, of several the oldest. Empty where the limits let nothing more begin.
 */
export function choices<J extends OpenJob>(
  jobs: readonly J[],
  running: readonly Running[],
  limits: Limits,
): Choice<J>[] {
  const count = (of: (each: Running) => boolean): number =>
    running.reduce((sum, each) => (of(each) ? sum + each.count : sum), 0);
  if (count(() => true) >= limits.all) return [];
  return jobs
    .map((job) => ({ job, running: count(({ jobId }) => jobId === job.jobId) }))
    .filter((each) => each.running < limits.job)
    .sort((a, b) => a.running - b.running || compareIds(a.job.jobId, b.job.jobId))
    .map(({ job }) => ({ job, fullNodes: fullNodes(job.cluster, running, limits.node) }));
}

/**
 * Whether a task that was begun before may be begun again. One that is still counted as running, by an engine that is gone, is
 * not in its own way.
 */
export function mayBeginAgain(
  task: OpenJob & { node: string | null; running: boolean },
  running: readonly Running[],
  limits: Limits,
): boolean {
  const beside = running.map((each) =>
    task.running && each.jobId === task.jobId && each.node === task.node
      ? { ...each, count: each.count - 1 }
      : each,
  );
  const [choice] = choices([task], beside, limits);
  return choice !== undefined && !(task.node !== null && choice.fullNodes.includes(task.node));
}

function fullNodes(cluster: string | null, running: readonly Running[], limit: number): string[] {
  const counts = new Map<string, number>();
  for (const each of running)
    if (each.cluster === cluster && each.node !== null)
      counts.set(each.node, (counts.get(each.node) ?? 0) + each.count);
  return [...counts].filter(([, count]) => count >= limit).map(([node]) => node);
}

function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * The places that an engine is in, from the small to the large: `region=eu,zone=b`, then `region=eu`. A node is the nearer the
 * earlier the place that it is in too: https://www.cockroachlabs.com/docs/v21.1/cockroach-start#locality
 */
export function placesOf(locality: string): string[] {
  const tiers = locality === '' ? [] : locality.split(',');
  return tiers.map((_, index) => tiers.slice(0, tiers.length - index).join(','));
}
