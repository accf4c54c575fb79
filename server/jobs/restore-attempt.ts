import type { Cluster } from '../cluster/cluster.ts';
import { momentText } from '../cluster/moment.ts';
import { HoldfastError } from '../errors.ts';
import { type BackupChain, openChain } from '../restore/chain.ts';
import { MERGE_BYTES, planMerge } from '../restore/merge/plan.ts';
import { restorePhases } from '../restore/phases.ts';
import { checkRestore } from '../restore/plan.ts';
import type { RestoreAim, RestoreCheck, RestoreItem } from '../restore/plan.ts';
import { beginAttempt, goOn, recordedPlan } from './attempts.ts';
import { shareDone } from './await-tasks.ts';
import { clusterOf } from './job.ts';
import type { ClaimedJob, NewTask, TaskTotals } from './ledger.ts';
import { noteSteps, phasesToNote, runPhases } from './load-phases.ts';
import { NotAsNoted, RestoreWork } from './restore-work.ts';
import { type LoadContext, loadContextSchema } from './spec.ts';
import type { EngineTools } from './tools.ts';

/** What is restored, and on behalf of what. */
export interface RestoreOrder {
  /** The chain's URLs, oldest to newest. */
  from: readonly string[];
  aim: (chain: BackupChain) => RestoreAim;
  /** Takes the print of all rows that are loaded. */
  prints: boolean;
  /** What is to be done once everything is there: noted with the rest, and held. */
  after: (items: readonly RestoreItem[]) => NewTask[];
  /** How much of the bar the rows take, and where it is when all else is there too. */
  bar: { rows: number; end: number };
  /** Undoes what earlier attempts did; `complete` where one of them had finished. */
  undo: (job: ClaimedJob, tools: EngineTools) => Promise<'complete' | 'undone'>;
}

/** Everything is in its place; the ledgers still say whose it is. */
export interface Restored {
  cluster: Cluster;
  context: LoadContext;
  items: RestoreItem[];
  /** What it took, in milliseconds; null where an earlier coordinator did some of it. */
  tookMs: number | null;
}

/** One claim of a restoring job, with what it works on. */
interface Attempt {
  job: ClaimedJob;
  order: RestoreOrder;
  tools: EngineTools;
  cluster: Cluster;
}

/**
 * Restores, from wherever an earlier coordinator left it: objects, rows by tasks, then keys, indexes, foreign keys, views and
 * sequences' values. Null where an earlier attempt had finished. Throws with the ledger telling what is to undo.
 */
export async function restoreAll(
  job: ClaimedJob,
  order: RestoreOrder,
  tools: EngineTools,
): Promise<Restored | null> {
  const cluster = await tools.clusters.connect(clusterOf(job));
  const attempt: Attempt = { job, order, tools, cluster };
  const resumed = await resume(attempt);
  if (resumed !== null) return resumed;
  if (job.attempt > 0 && (await order.undo(job, tools)) === 'complete') return null;
  await beginAttempt(job, tools);
  const chain = await openChain(order.from, tools.openStore);
  return begin(attempt, await checkRestore(cluster, order.aim(chain), chain));
}

async function begin(attempt: Attempt, check: RestoreCheck): Promise<Restored> {
  const { job, order, tools, cluster } = attempt;
  const began = tools.clock.elapsed();
  const [problem] = check.problems;
  if (problem !== undefined) throw problem;
  const databases = targetDatabases(check);
  const merge = planMerge(check.chain, check.items, tools.mergeBytes ?? MERGE_BYTES);
  const phases = restorePhases(check.chain, check.items, merge);
  const context: LoadContext = {
    kind: 'load',
    descriptors: check.items.map((item) => item.descriptor),
    targets: check.items.map((item) => item.target),
    present: [...check.present],
    layers: check.chain.layers.map(({ manifest }) => manifest.id),
    phases: phasesToNote(phases),
    prints: order.prints,
    databases: Object.fromEntries(
      check.items.map((item) => [item.descriptor.name.database, item.target.database]),
    ),
    plan: {
      createsDatabases: check.createsDatabases,
      databases,
      complete: false,
    },
  };
  // Noted before anything is created: what is in here and has this restore's ledger is this restore's to undo.
  await tools.tasks.share(job, context);
  await tools.jobs.log(
    job.id,
    `Restoring ${check.items.length} objects as of ${momentText(check.chain.last.manifest.moment)}${fromLayers(check)}.`,
  );
  for (const note of merge.notes) await tools.jobs.log(job.id, note);
  for (const warning of check.warnings) await tools.jobs.log(job.id, warning, 'warning');
  const work = new RestoreWork(job, tools, cluster, check);
  await work.createObjects(check, databases);
  await noteSteps(job, tools, phases, order.after(check.items));
  await tools.tasks.markPlanned(job);
  await finish(attempt, work, context.phases, { built: 0, goingOn: false });
  return { cluster, context, items: check.items, tookMs: tools.clock.elapsed() - began };
}

/** Goes on where an earlier coordinator left it, if what there is to do is noted; null where it has to be begun anew. */
async function resume(attempt: Attempt): Promise<Restored | null> {
  const { job, tools, cluster } = attempt;
  const plan = await recordedPlan(job, tools);
  if (plan === null) return null;
  const read = loadContextSchema.safeParse(plan.context);
  // Recorded by another version, which went about it in another way.
  if (!read.success) return null;
  const context = read.data;
  if (context.plan.complete) return null;
  const items = itemsOf(context);
  await goOn(job, tools);
  const work = new RestoreWork(job, tools, cluster, { items, present: new Set(context.present) });
  try {
    await finish(attempt, work, context.phases, { built: plan.built, goingOn: true });
    return { cluster, context, items, tookMs: null };
  } catch (error) {
    if (!(error instanceof NotAsNoted)) throw error;
    await tools.jobs.log(job.id, `It can’t be told how far it was (${error.message})`, 'warning');
    return null;
  }
}

/** The rows, and everything after them. */
async function finish(
  { job, order, tools }: Attempt,
  work: RestoreWork,
  phases: LoadContext['phases'],
  { built, goingOn }: { built: number; goingOn: boolean },
): Promise<void> {
  const { bar } = order;
  await runPhases(job, tools, phases, (totals: TaskTotals) => bar.rows * shareDone(totals));
  await work.buildRest(built, goingOn, { from: bar.rows, to: bar.end });
}

function itemsOf({ descriptors, targets }: LoadContext): RestoreItem[] {
  return descriptors.map((descriptor, index) => {
    const target = targets[index];
    if (target === undefined) throw new HoldfastError('internal', 'the plan lacks a target');
    return { descriptor, target };
  });
}

function fromLayers({ chain }: RestoreCheck): string {
  const { length } = chain.layers;
  return length === 1 ? '' : `, from a chain of ${length} backups`;
}

function targetDatabases(check: RestoreCheck): string[] {
  return [...new Set([...check.createsDatabases, ...check.items.map((item) => item.target.database)])];
}
