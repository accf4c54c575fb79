import { type Bases, openBases, planLayer } from '../backup/bases.ts';
import { type ResolvedTargets, resolveTargets } from '../backup/check.ts';
import { tablesOf } from '../backup/plan.ts';
import { databasesOf } from '../backup/targets.ts';
import { taskBytes } from '../backup/tasks.ts';
import type { Cluster, ClusterInfo, ClusterNode } from '../cluster/cluster.ts';
import { type HeldMoment, type Moment, momentText } from '../cluster/moment.ts';
import { HoldfastError, messageOf } from '../errors.ts';
import { claim } from '../format/checkpoint.ts';
import { FORMAT_VERSION } from '../format/manifest.ts';
import { isOutage } from '../metadata/outage.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { StoreError } from '../storage/store.ts';
import type { Store } from '../storage/store.ts';
import { addTasks } from './add-tasks.ts';
import { beginAttempt, goOn, recordedPlan } from './attempts.ts';
import { awaitTasks, checkOnJob, shareDone } from './await-tasks.ts';
import { removeFiles, sealedBefore } from './backup-files.ts';
import { logChanges, sealBackup } from './backup-seal.ts';
import { begun, newExportTasks } from './backup-tasks.ts';
import { clusterOf } from './job.ts';
import { watchLeases } from './lease-watch.ts';
import type { ClaimedJob } from './ledger.ts';
import { watchNodes } from './node-watch.ts';
import { isOrder, MomentLost, PauseRequested } from './outcome.ts';
import { waitWhilePaused } from './pause.ts';
import { type Remedy, remedy } from './remedy.ts';
import { type ExportContext, exportContextSchema } from './spec.ts';
import { RETRY_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** The bar stops short of full while the manifest, which makes it a backup, is being written. */
const EXPORT_SHARE = 0.97;

/** One claim of a BACKUP, with what it works on. */
export interface Backup {
  job: ClaimedJob;
  statement: BackupStatement;
  tools: EngineTools;
  cluster: Cluster;
  store: Store;
  bases: Bases | null;
}

/** What there is to do of a backup, and what is known of its cluster. */
export interface Planned {
  context: ExportContext;
  resolved: ResolvedTargets;
  info: ClusterInfo;
}

/**
 * Coordinates a BACKUP from wherever an earlier coordinator left it: fixes the moment, hands out tasks, waits for them, writes the
 * manifest. Returns when the backup is complete; throws otherwise, with the destination as the tasks left it.
 */
export async function runBackup(
  job: ClaimedJob,
  statement: BackupStatement,
  tools: EngineTools,
): Promise<void> {
  const location = parseLocation(statement.to);
  const store = tools.openStore(location);
  try {
    if (job.attempt > 0 && (await sealedBefore(store, location, job))) return;
    const cluster = await tools.clusters.connect(clusterOf(job));
    const plan = await recordedPlan(job, tools);
    const recorded = plan === null ? null : exportContextSchema.parse(plan.context);
    const held = recorded === null ? null : await holdAgain(job, tools, cluster, recorded.moment);
    if (recorded !== null && held === null)
      await tools.jobs.log(
        job.id,
        `${momentText(recorded.moment)} can’t be read any more: a new moment is taken.`,
        'warning',
      );
    if (recorded !== null && held !== null) {
      const bases = await basesOf(statement, cluster, tools);
      await resume({ job, statement, tools, cluster, store, bases }, recorded, held);
    } else await startOver(job, statement, tools, { cluster, store, location });
  } catch (error) {
    throw error instanceof StoreError ? storeErrorToHoldfast(error, location) : error;
  } finally {
    await store.close();
  }
}

/** Holds the moment of an earlier coordinator, which may be there still, or that of one of its deputies. */
async function holdAgain(
  job: ClaimedJob,
  tools: EngineTools,
  cluster: Cluster,
  moment: Moment,
): Promise<HeldMoment | null> {
  for (const known of [moment, ...(await tools.moments.offers({ jobId: job.id, attempt: job.attempt }))]) {
    const held = await cluster.holdAlso(known);
    if (held !== null) return held;
  }
  return null;
}

async function basesOf(
  statement: BackupStatement,
  cluster: Cluster,
  tools: EngineTools,
): Promise<Bases | null> {
  if (statement.incrementalFrom.length === 0) return null;
  return openBases(statement.incrementalFrom, await cluster.describe(), tools.openStore);
}

/** Goes on with what is planned: tasks that are done stay so. */
async function resume(backup: Backup, recorded: ExportContext, held: HeldMoment): Promise<void> {
  const { job, tools } = backup;
  // Its name may be another one now.
  const context: ExportContext = { ...recorded, moment: held.moment };
  await tools.tasks.share(job, context);
  await whileHeld(backup, held, async () => {
    const [resolved, info] = await Promise.all([resolveAt(backup, held.moment), backup.cluster.describe()]);
    await sendOutAgain(job, tools);
    await exportAndSeal(backup, held, { context, resolved, info });
  });
}

async function sendOutAgain(job: ClaimedJob, tools: EngineTools): Promise<void> {
  await tools.queue.sendTokens(await goOn(job, tools));
}

async function startOver(
  job: ClaimedJob,
  statement: BackupStatement,
  tools: EngineTools,
  at: { cluster: Cluster; store: Store; location: Location },
): Promise<void> {
  const { cluster, store, location } = at;
  const again = await beginAttempt(job, tools);
  const [bases] = await Promise.all([
    basesOf(statement, cluster, tools),
    occupy(job, store, location, tools, again),
  ]);
  const held = await cluster.holdMoment(databasesOf(statement.targets), statement.asOf, {
    from: bases?.newest.moment ?? null,
  });
  const backup: Backup = { job, statement, tools, cluster, store, bases };
  await whileHeld(backup, held, async () => {
    await exportAndSeal(backup, held, await planTasks(backup, held.moment));
  });
}

/** Does it while the moment is held; and looks after the cluster's past once the backup is one. */
async function whileHeld(backup: Backup, held: HeldMoment, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await held.release();
  }
  await tend(backup, held.moment);
}

/** Makes the destination this job's: empty the first time, cleared of an earlier attempt's files after that. */
async function occupy(
  job: ClaimedJob,
  store: Store,
  location: Location,
  tools: EngineTools,
  again: boolean,
): Promise<void> {
  if (again) await removeFiles(job, store, tools);
  await claim(store, location, {
    formatVersion: FORMAT_VERSION,
    jobId: job.id,
    attempt: job.attempt,
    startedAt: tools.clock.now().toISOString(),
    statement: job.statement,
  });
}

/** What is backed up, as of the moment: what the tables were when the statement was checked doesn't count. */
async function resolveAt({ cluster, statement }: Backup, moment: Moment): Promise<ResolvedTargets> {
  const resolved = await resolveTargets(cluster, statement.targets, moment);
  const [problem] = resolved.problems;
  if (problem !== undefined) throw problem;
  return resolved;
}

/** Plans the backup as of the moment, and hands its tasks out as they come. */
async function planTasks(backup: Backup, moment: Moment): Promise<Planned> {
  const { job, tools, cluster, bases } = backup;
  const [resolved, info] = await Promise.all([
    resolveAt(backup, moment),
    cluster.describe(),
    tools.jobs.setMoment(job, moment.at),
    tools.jobs.log(job.id, `Consistent as of ${momentText(moment)}.`),
  ]);
  const tables = tablesOf(resolved);
  const planning = { cluster, tables, moment, nodes: info.nodes, bytesATask: taskBytes(job.estimatedBytes) };
  // The ranges of a full backup need not wait for what the tables look like.
  const fullTasks = bases === null ? begun(newExportTasks(planning, null)) : null;
  const descriptors = await cluster.descriptors(
    resolved.objects.map((object) => object.name),
    moment,
  );
  const changes = bases === null ? [] : await planLayer(cluster, bases, descriptors, moment);
  const from = bases?.newest.moment ?? null;
  const context: ExportContext = { kind: 'export', moment, from, descriptors, changes };
  await tools.tasks.share(job, context);
  const layer = from && { from, changes, descriptors };
  const tasks = fullTasks ?? newExportTasks(planning, layer);
  const count = await addTasks(tools.tasks, job, tasks, 'waiting', (added) => tools.queue.sendTokens(added));
  await tools.tasks.markPlanned(job);
  await tools.jobs.log(
    job.id,
    `Planned ${count} ${count === 1 ? 'task' : 'tasks'} for ${tables.length} ${tables.length === 1 ? 'table' : 'tables'}.`,
  );
  await logChanges(job, tools, changes);
  return { context, resolved, info };
}

/** Waits for the tasks and writes the manifest, whatever it takes as long as the moment would be gone otherwise. */
async function exportAndSeal(backup: Backup, held: HeldMoment, planned: Planned): Promise<void> {
  const { job, statement, tools, cluster, store } = backup;
  const location = parseLocation(statement.to);
  // While rows are read already, and close to the moment.
  const users = await cluster.users();
  for (let again = false; ; again = true) {
    try {
      if (again && (await sealedBefore(store, location, job))) return;
      await awaitExport(backup, held, planned.info.nodes);
      return await sealBackup(backup, planned, held.moment, users);
    } catch (thrown) {
      const error = thrown instanceof StoreError ? storeErrorToHoldfast(thrown, location) : thrown;
      if (held.moment.kind !== 'snapshot' || !(await waitsOut(job, error, tools, held.lost))) throw error;
    }
  }
}

/** Waits until the job can go on in spite of what ended its run, if it can, so that nobody lets go of the moment meanwhile. */
async function waitsOut(
  job: ClaimedJob,
  error: unknown,
  tools: EngineTools,
  lost: AbortSignal,
): Promise<boolean> {
  if (error instanceof MomentLost || (isOrder(error) && !(error instanceof PauseRequested))) return false;
  const found = await remedyHere(job, error, tools);
  if (found === 'none') return false;
  if (found === 'retry') await tools.clock.sleep(RETRY_MS, tools.stopping);
  else {
    await waitWhilePaused(job, tools, lost);
    await sendOutAgain(job, tools);
  }
  return true;
}

async function remedyHere(job: ClaimedJob, error: unknown, tools: EngineTools): Promise<Remedy> {
  if (error instanceof PauseRequested) return 'pause';
  if (!isOutage(error)) return remedy(job, error, tools);
  // As long as the metadata store is away, nobody can take the job over, nor be told of it.
  tools.logger.warn({ err: error, jobId: job.id }, 'job waits for the metadata store');
  return 'retry';
}

async function awaitExport(
  { job, tools, cluster }: Backup,
  held: HeldMoment,
  nodes: readonly ClusterNode[],
): Promise<void> {
  const watching = [watchNodes(job.id, tools, cluster, nodes)];
  // One node leads everything.
  if (nodes.length > 1) watching.push(watchLeases(job, tools, cluster, held.moment));
  try {
    await awaitTasks(job, tools, {
      lost: held.lost,
      fractionOf: (totals) => EXPORT_SHARE * shareDone(totals),
      runningStatus: 'exporting',
    });
    await checkOnJob(job, tools);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'unreadable-moment') throw new MomentLost(error);
    throw error;
  } finally {
    await Promise.all(watching.map((each) => each.stop()));
  }
}

/**
 * Looks after what the cluster's past is kept with: its databases are ones that are backed up, and what no incremental
 * backup may build on any more is let go. Never throws: the backup is one whatever becomes of this.
 */
async function tend({ job, statement, tools, cluster }: Backup, moment: Moment): Promise<void> {
  const databases = databasesOf(statement.targets);
  try {
    // Others keep their past by themselves.
    if (moment.kind === 'snapshot') await tools.clusters.retention.noteBackedUp(clusterOf(job), databases);
    for (const sentence of await cluster.tend({ moment, databases })) await tools.jobs.log(job.id, sentence);
  } catch (error) {
    tools.logger.warn({ err: error, jobId: job.id }, 'tending');
    const message = `What is kept for later backups could not be seen to: ${messageOf(error)}`;
    await tools.jobs.log(job.id, message, 'warning').catch(() => undefined);
  }
}
