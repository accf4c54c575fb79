import { type Bases, openBases, planLayer } from '../backup/bases.ts';
import { resolveTargets } from '../backup/check.ts';
import { tablesOf } from '../backup/plan.ts';
import { changesAsDone, manifestOf } from '../backup/seal.ts';
import { databasesOf } from '../backup/targets.ts';
import { planAllTasks, type PlannedLayer, taskBytes } from '../backup/tasks.ts';
import type { Cluster, TableChanges } from '../cluster/cluster.ts';
import { momentText } from '../cluster/moment.ts';
import { type ObjectName, printName } from '../cluster/names.ts';
import type { Moment } from '../cluster/moment.ts';
import { messageOf } from '../errors.ts';
import { CHECKPOINT_NAME, claim } from '../format/checkpoint.ts';
import { writeManifest } from '../format/manifest.ts';
import { FORMAT_VERSION, type Manifest } from '../format/manifest.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { StoreError } from '../storage/store.ts';
import type { Store } from '../storage/store.ts';
import { removeAllowed, removeFiles, sealedBefore, sweep } from './backup-files.ts';
import { awaitTasks, checkOnJob, shareDone } from './await-tasks.ts';
import { exportResultSchema } from './spec.ts';
import type { ExportContext, ExportTask } from './spec.ts';
import type { ClaimedJob } from './store.ts';
import type { NewTask } from './tasks.ts';
import type { EngineTools } from './tools.ts';

/** The bar stops short of full while the manifest, which makes it a backup, is being written. */
const EXPORT_SHARE = 0.97;

/**
 * Coordinates one attempt of a BACKUP: fixes the moment, hands out tasks, waits for them, writes the manifest.
 * Returns when the backup is complete; throws otherwise, with the destination as the tasks left it.
 */
export async function runBackup(
  job: ClaimedJob,
  statement: BackupStatement,
  tools: EngineTools,
): Promise<void> {
  const location = parseLocation(statement.to);
  const store = tools.openStore(location);
  try {
    if (job.attempt > 1 && (await sealedBefore(store, location, job))) return;
    const [cluster] = await Promise.all([
      tools.clusters.connect(job.cluster),
      occupy(job, store, location, tools),
    ]);
    const bases =
      statement.incrementalFrom.length === 0
        ? null
        : await openBases(statement.incrementalFrom, await cluster.describe(), tools.openStore);
    const held = await cluster.holdMoment(databasesOf(statement.targets), statement.asOf, {
      from: bases?.newest.moment ?? null,
    });
    try {
      await exportAt(job, statement, tools, { cluster, store, bases, moment: held.moment, lost: held.lost });
    } finally {
      await held.release();
    }
    await tend(job, cluster, { moment: held.moment, databases: databasesOf(statement.targets) }, tools);
  } catch (error) {
    throw error instanceof StoreError ? storeErrorToHoldfast(error, location) : error;
  } finally {
    await store.close();
  }
}

/** Makes the destination this job's: empty the first time, cleared of an earlier attempt's files after that. */
async function occupy(job: ClaimedJob, store: Store, location: Location, tools: EngineTools): Promise<void> {
  const checkpoint = {
    formatVersion: FORMAT_VERSION,
    jobId: job.id,
    attempt: job.attempt,
    startedAt: tools.now().toISOString(),
    statement: job.statement,
  } as const;
  if (job.attempt > 1) await removeFiles(job, store, tools);
  await claim(store, location, checkpoint);
}

async function exportAt(
  job: ClaimedJob,
  statement: BackupStatement,
  tools: EngineTools,
  at: { cluster: Cluster; store: Store; bases: Bases | null; moment: Moment; lost: AbortSignal },
): Promise<void> {
  const { cluster, store, bases, moment } = at;
  const [resolved] = await Promise.all([
    // Again, at the moment: what the tables were when the statement was checked doesn't count.
    resolveTargets(cluster, statement.targets, moment),
    tools.jobs.setMoment(job.id, moment.at),
    tools.jobs.log(job.id, `Consistent as of ${momentText(moment)}.`),
  ]);
  const [problem] = resolved.problems;
  if (problem !== undefined) throw problem;
  const tables = tablesOf(resolved);
  const bytesATask = taskBytes(job.estimatedBytes);
  // The ranges of a full backup need not wait for what the tables look like.
  const fullTasks = bases === null ? begun(newTasks(cluster, tables, moment, bytesATask, null)) : null;
  const descriptors = await cluster.descriptors(
    resolved.objects.map((object) => object.name),
    moment,
  );
  const changes = bases === null ? [] : await planLayer(cluster, bases, descriptors, moment);
  const from = bases?.newest.moment ?? null;
  const context: ExportContext = { kind: 'export', moment, from, descriptors };
  await tools.tasks.share(job.id, job.attempt, context);
  const layer = from && { from, changes, descriptors };
  const count = await tools.tasks.add(
    job.id,
    job.attempt,
    fullTasks ?? newTasks(cluster, tables, moment, bytesATask, layer),
    (ids) => tools.queue.sendTasks(job.id, job.attempt, ids),
  );
  await tools.jobs.log(
    job.id,
    `Planned ${count} ${count === 1 ? 'task' : 'tasks'} for ${tables.length} ${tables.length === 1 ? 'table' : 'tables'}.`,
  );
  await logChanges(job, tools, changes);
  // While rows are read already, and close to the moment.
  const [info, users] = await Promise.all([cluster.describe(), cluster.users()]);
  await awaitTasks(job, tools, {
    lost: at.lost,
    fractionOf: (totals) => EXPORT_SHARE * shareDone(totals),
    runningStatus: 'exporting',
  });

  const results = (await tools.tasks.results(job.id, job.attempt)).map((result) =>
    exportResultSchema.parse(result),
  );
  const files = results.flatMap((result) => result.files);
  const done = changesAsDone(
    changes,
    results.flatMap(({ compared }) => compared ?? []),
  );
  await logChanges(
    job,
    tools,
    done.filter((change) => !changes.includes(change)),
  );
  await sweep(job, store, tools, files);
  const manifest = manifestOf({
    jobId: job.id,
    statement: job.statement,
    cluster: { name: job.cluster, info },
    moment,
    startedAt: job.createdAt,
    finishedAt: tools.now(),
    wholeDatabases: resolved.wholeDatabases,
    objects: resolved.objects.map((object) => object.name),
    descriptors,
    files,
    chain: bases?.chain ?? [],
    changes: done.flatMap(changesEntry),
    users,
    leftOut: [
      ...(resolved.leftOut.length === 0 ? [] : [{ object: null, what: resolved.leftOut }]),
      ...resolved.objects
        .filter((object) => object.leftOut.length > 0)
        .map((object) => ({ object: object.name, what: object.leftOut })),
    ],
  });
  await checkOnJob(job, tools);
  // First, so that a reader of the directory finds one or the other; where that isn't allowed, the manifest outranks it.
  await removeAllowed(job, store, tools, [CHECKPOINT_NAME]);
  await writeManifest(store, manifest);
}

/**
 * Looks after what the cluster's past is kept with: its databases are ones that are backed up, and what no incremental
 * backup may build on any more is let go. Never throws: the backup is one whatever becomes of this.
 */
async function tend(
  job: ClaimedJob,
  cluster: Cluster,
  backup: { moment: Moment; databases: string[] },
  tools: EngineTools,
): Promise<void> {
  try {
    // Others keep their past by themselves.
    if (backup.moment.kind === 'snapshot')
      await tools.clusters.retention.noteBackedUp(job.cluster, backup.databases);
    for (const sentence of await cluster.tend(backup)) await tools.jobs.log(job.id, sentence);
  } catch (error) {
    tools.logger.warn({ err: error, jobId: job.id }, 'tending');
    const message = `What is kept for later backups could not be seen to: ${messageOf(error)}`;
    await tools.jobs.log(job.id, message, 'warning').catch(() => undefined);
  }
}

/** What an incremental backup is made of, for the job's log: why tables are not simply followed. */
async function logChanges(
  job: ClaimedJob,
  tools: EngineTools,
  changes: readonly TableChanges[],
): Promise<void> {
  for (const { table, method, reason } of changes) {
    if (reason === null) continue;
    const how = method === 'whole' ? 'is stored whole' : 'is compared with the base';
    await tools.jobs.log(job.id, `${printName(table)} ${how}: ${reason}`);
  }
}

function changesEntry({ table, method, reason }: TableChanges): Manifest['changes'] {
  return method === 'whole' ? [] : [{ table, method, reason }];
}

/** Asks for the first item at once, whenever it is taken. */
function begun<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const first = items.next();
  // Whoever takes it gets to know.
  first.catch(() => undefined);
  return (async function* () {
    const { value, done } = await first;
    if (done === true) return;
    yield value;
    yield* items;
  })();
}

async function* newTasks(
  cluster: Cluster,
  tables: ObjectName[],
  moment: Moment,
  bytesATask: number,
  layer: PlannedLayer | null,
): AsyncGenerator<NewTask, void> {
  for await (const { table, method, node, ranges, estimatedBytes } of planAllTasks(
    cluster,
    tables,
    moment,
    bytesATask,
    layer,
  )) {
    const body: ExportTask = { kind: 'export', table, method, node, ranges };
    yield { table, node, estimatedBytes, body };
  }
}
