import type { Cluster } from '../cluster/cluster.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { clusterOf } from './job.ts';
import type { ClaimedJob } from './ledger.ts';
import { type LoadContext, restorePlanSchema } from './spec.ts';
import type { EngineTools } from './tools.ts';

/**
 * Undoes what earlier attempts of this restore created: exactly what their ledgers name, schemas and databases
 * that they created and that are empty then. Answers `complete`, and undoes nothing, when an earlier attempt
 * had finished and only could not say so any more. May be repeated.
 */
export async function undoRestore(job: ClaimedJob, tools: EngineTools): Promise<'undone' | 'complete'> {
  const cluster = await tools.clusters.connect(clusterOf(job));
  for (const { context } of await tools.tasks.plans(job.id)) {
    const { plan } = restorePlanSchema.parse(context);
    if (plan.complete) {
      for (const database of plan.databases) await cluster.closeLedger(database, job.id);
      return 'complete';
    }
    await undoPlan(cluster, job, plan);
  }
  return 'undone';
}

/** Undoes all that these plans set out to create, finished or not. May be repeated. */
export async function undoAll(
  job: ClaimedJob,
  tools: EngineTools,
  plans: readonly LoadContext['plan'][],
): Promise<void> {
  const cluster = await tools.clusters.connect(clusterOf(job));
  for (const plan of plans) await undoPlan(cluster, job, plan);
}

async function undoPlan(cluster: Cluster, job: ClaimedJob, plan: LoadContext['plan']): Promise<void> {
  for (const database of plan.databases) await undoDatabase(cluster, job, plan, database);
}

async function undoDatabase(
  cluster: Cluster,
  job: ClaimedJob,
  plan: LoadContext['plan'],
  database: string,
): Promise<void> {
  const ours = await cluster.undoLedger(database, job.id);
  if (plan.createsDatabases.includes(database)) {
    const foreign = ours ? (await cluster.catalog(database)).objects[0] : undefined;
    if (foreign === undefined) {
      await cluster.dropDatabase(database, job.id);
      return;
    }
    await cluster.closeLedger(database, job.id);
    throw new HoldfastError(
      'job-failed',
      `database "${database}" is not removed: it has ${printName(foreign.name)}, which this restore did not create`,
      { hint: 'Drop the database yourself when nothing in it is needed.' },
    );
  }
  if (ours) await cluster.closeLedger(database, job.id);
}
