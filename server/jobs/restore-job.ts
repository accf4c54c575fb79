import type { Cluster } from '../cluster/cluster.ts';
import { momentText } from '../cluster/moment.ts';
import { HoldfastError } from '../errors.ts';
import { type BackupChain, openChain } from '../restore/chain.ts';
import { restorePhases } from '../restore/phases.ts';
import { checkRestore } from '../restore/plan.ts';
import type { RestoreCheck, RestoreItem } from '../restore/plan.ts';
import type { RestoreStatement } from '../statement/ast.ts';
import { beginAttempt, goOn, recordedPlan } from './attempts.ts';
import { checkOnJob } from './await-tasks.ts';
import { clusterOf } from './job.ts';
import type { ClaimedJob } from './ledger.ts';
import { notePhases, runPhases } from './load-phases.ts';
import { NotAsNoted, RestoreWork, LOAD_SHARE } from './restore-work.ts';
import { undoRestore } from './restore-undo.ts';
import { type LoadContext, loadContextSchema } from './spec.ts';
import type { EngineTools } from './tools.ts';

/** One claim of a RESTORE, with what it works on. */
interface Restore {
  job: ClaimedJob;
  tools: EngineTools;
  cluster: Cluster;
  chain: BackupChain;
}

/**
 * Coordinates a RESTORE from wherever an earlier coordinator left it: objects, rows by tasks, then keys, indexes, foreign keys, views
 * and sequences' values. Returns when all of it is there; throws otherwise, with the ledger telling what is to undo.
 */
export async function runRestore(
  job: ClaimedJob,
  statement: RestoreStatement,
  tools: EngineTools,
): Promise<void> {
  const cluster = await tools.clusters.connect(clusterOf(job));
  if (await resume(job, statement, tools, cluster)) return;
  if (job.attempt > 0 && (await undoRestore(job, tools)) === 'complete') return;
  await beginAttempt(job, tools);
  const chain = await openChain(statement.from, tools.openStore);
  await begin({ job, tools, cluster, chain }, await checkRestore(cluster, statement, chain));
}

async function begin(restore: Restore, check: RestoreCheck): Promise<void> {
  const { job, tools, cluster } = restore;
  const [problem] = check.problems;
  if (problem !== undefined) throw problem;
  const databases = targetDatabases(check);
  const context: LoadContext = {
    kind: 'load',
    descriptors: check.items.map((item) => item.descriptor),
    targets: check.items.map((item) => item.target),
    present: [...check.present],
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
  for (const warning of check.warnings) await tools.jobs.log(job.id, warning, 'warning');
  const work = new RestoreWork(job, tools, cluster, check);
  await work.createObjects(check, databases);
  const phases = restorePhases(check.chain, check.items);
  await notePhases(job, tools, phases);
  await tools.tasks.markPlanned(job);
  await runPhases(job, tools, phases, LOAD_SHARE);
  await finish(restore, context, work, { built: 0, goingOn: false });
}

/** Goes on where an earlier coordinator left it, if what there is to do is noted; answers whether all of it is done then. */
async function resume(
  job: ClaimedJob,
  statement: RestoreStatement,
  tools: EngineTools,
  cluster: Cluster,
): Promise<boolean> {
  const plan = await recordedPlan(job, tools);
  if (plan === null) return false;
  const context = loadContextSchema.parse(plan.context);
  if (context.plan.complete) return false;
  const restore: Restore = { job, tools, cluster, chain: await openChain(statement.from, tools.openStore) };
  const items = itemsOf(context);
  await goOn(job, tools);
  await runPhases(job, tools, restorePhases(restore.chain, items), LOAD_SHARE);
  const work = new RestoreWork(job, tools, cluster, { items, present: new Set(context.present) });
  try {
    await finish(restore, context, work, { built: plan.built, goingOn: true });
    return true;
  } catch (error) {
    if (!(error instanceof NotAsNoted)) throw error;
    await tools.jobs.log(job.id, `It can’t be told how far it was (${error.message})`, 'warning');
    return false;
  }
}

function itemsOf({ descriptors, targets }: LoadContext): RestoreItem[] {
  return descriptors.map((descriptor, index) => {
    const target = targets[index];
    if (target === undefined) throw new HoldfastError('internal', 'the plan lacks a target');
    return { descriptor, target };
  });
}

/** Everything after the rows; then the ledgers, which say whose it is, are closed. */
async function finish(
  { job, tools, cluster }: Restore,
  context: LoadContext,
  work: RestoreWork,
  { built, goingOn }: { built: number; goingOn: boolean },
): Promise<void> {
  await work.buildRest(built, goingOn);
  await checkOnJob(job, tools);
  await tools.tasks.share(job, { ...context, plan: { ...context.plan, complete: true } });
  for (const database of context.plan.databases) await cluster.closeLedger(database, job.id);
}

function fromLayers({ chain }: RestoreCheck): string {
  const { length } = chain.layers;
  return length === 1 ? '' : `, from a chain of ${length} backups`;
}

function targetDatabases(check: RestoreCheck): string[] {
  return [...new Set([...check.createsDatabases, ...check.items.map((item) => item.target.database)])];
}
