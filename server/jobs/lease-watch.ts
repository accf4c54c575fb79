import { repeat, type Repeating } from '../clock.ts';
import type { Cluster, ClusterNode, NodeId } from '../cluster/cluster.ts';
import type { Moment } from '../cluster/moment.ts';
import { nameKey, type ObjectName } from '../cluster/names.ts';
import { countUp } from '../cluster/overlaps.ts';
import { recorded } from './backup-tasks.ts';
import { LeaseMoves } from './lease-moves.ts';
import type { AimedTask, ClaimedJob, WaitingTask } from './ledger.ts';
import { type ExportTask, exportTaskSchema } from './spec.ts';
import { LEASES_MS, LEASES_ONE_IN } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** So many tasks are looked at at once: some ten thousand ranges at most. */
const TASKS_AT_ONCE = 50;

/**
 * While a BACKUP runs, looks now and then who leads the ranges of tasks that nobody has begun, and aims at that node those that
 * were planned for another one. A look that is of no use costs nothing but itself: a read is right from any node, and faster from
 * the leaseholder.
 */
export function watchLeases(
  job: ClaimedJob,
  tools: Pick<EngineTools, 'clock' | 'jobs' | 'logger' | 'tasks'>,
  cluster: Cluster,
  at: Moment,
): Repeating {
  const { clock, logger } = tools;
  const over = new AbortController();
  let wait = LEASES_MS;
  const looking = repeat(
    clock,
    () => wait,
    async () => {
      const began = clock.elapsed();
      try {
        await followLeases(job, tools, cluster, at, over.signal);
      } catch (error) {
        if (!over.signal.aborted) logger.warn({ err: error, jobId: job.id }, 'leases could not be looked at');
      }
      wait = Math.max(LEASES_MS, LEASES_ONE_IN * (clock.elapsed() - began));
    },
  );
  return {
    stop: () => {
      over.abort();
      return looking.stop();
    },
  };
}

/** One look, and one line in the job's log where leases have moved. */
export async function followLeases(
  job: ClaimedJob,
  { jobs, tasks }: Pick<EngineTools, 'jobs' | 'tasks'>,
  cluster: Pick<Cluster, 'describe' | 'leaseholders'>,
  at: Moment,
  signal: AbortSignal,
): Promise<void> {
  const moves = new LeaseMoves();
  let nodes: readonly ClusterNode[] | null = null;
  try {
    for (let after = 0; ;) {
      const page = await tasks.waiting(job, after, TASKS_AT_ONCE);
      const last = page.at(-1);
      if (last === undefined || signal.aborted) break;
      after = last.id;
      nodes ??= (await cluster.describe()).nodes;
      const found = await misaimed(page, nodes, cluster, at, signal);
      if (found.length === 0) continue;
      const aimed = new Set(await tasks.aim(job, found));
      for (const task of page) {
        const to = found.find(({ id }) => id === task.id);
        if (to !== undefined && aimed.has(task.id)) moves.add(task.table, task.node, to.node);
      }
    }
  } finally {
    const line = moves.line();
    if (line !== null) await jobs.log(job.id, line);
  }
}

/** Those of the tasks that are aimed at a node that leads less of them than another one. */
async function misaimed(
  waiting: readonly WaitingTask[],
  nodes: readonly ClusterNode[],
  cluster: Pick<Cluster, 'leaseholders'>,
  at: Moment,
  signal: AbortSignal,
): Promise<AimedTask[]> {
  const localities = new Map<string, string>(
    nodes.flatMap(({ id, live, locality }) => (live ? [[id, locality] as const] : [])),
  );
  const tables = Map.groupBy(
    waiting.map(({ id, body }) => ({ id, ...exportTaskSchema.parse(body) })),
    ({ table }) => nameKey(table),
  );
  const found: AimedTask[] = [];
  for (const tasks of tables.values()) {
    const [first] = tasks;
    if (first === undefined || signal.aborted) continue;
    const leads = await leadsOf(tasks, first.table, cluster, at, signal);
    for (const { id, ...task } of tasks) {
      const aimed = aimedBy(task, leads, (node) => localities.has(node));
      if (aimed === null) continue;
      const locality = localities.get(aimed.node) ?? '';
      found.push({ id, node: aimed.node, locality, body: recorded(aimed) });
    }
  }
  return found;
}

type TaskPiece = ExportTask['ranges'][number];
type Leads = ReadonlyMap<TaskPiece, ReadonlyMap<NodeId, number>>;

/** Who leads the pieces of one table's tasks. */
async function leadsOf(
  tasks: readonly Pick<ExportTask, 'ranges'>[],
  table: ObjectName,
  cluster: Pick<Cluster, 'leaseholders'>,
  at: Moment,
  signal: AbortSignal,
): Promise<Leads> {
  const pieces = tasks.flatMap(({ ranges }) => ranges).sort((one, other) => one.index - other.index);
  const counts = await cluster.leaseholders(table, at, pieces, signal);
  return new Map(pieces.map((piece, place) => [piece, counts[place] ?? new Map<NodeId, number>()]));
}

/** The task as it is for the node that leads most of its bytes; null where that is the one that it is for, or not less by then. */
function aimedBy(task: ExportTask, leads: Leads, isThere: (node: NodeId) => boolean): ExportTask | null {
  const bytes = new Map<string, number>();
  const ranges = task.ranges.map((piece) => {
    const counts = [...(leads.get(piece) ?? [])].filter(([node]) => isThere(node));
    const count = counts.reduce((sum, [, each]) => sum + each, 0);
    // Where all are empty, too, one node leads most of them.
    for (const [node, each] of counts)
      countUp(bytes, node, (Math.max(1, piece.estimatedBytes) * each) / count);
    return { ...piece, leaseholder: most(counts) ?? piece.leaseholder };
  });
  const node = most([...bytes]);
  if (node === null || (bytes.get(node) ?? 0) <= (bytes.get(task.node) ?? 0)) return null;
  return { ...task, node, ranges };
}

/** Of what the count is highest, the first of several; null for none. */
function most<Node extends string>(counts: readonly [Node, number][]): Node | null {
  const [first] = counts.toSorted(([, one], [, other]) => other - one);
  return first?.[0] ?? null;
}
