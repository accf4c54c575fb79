import { tablesOf } from '../backup/plan.ts';
import { changesAsDone, manifestOf } from '../backup/seal.ts';
import type { ClusterUser, TableChanges } from '../cluster/cluster.ts';
import type { Moment } from '../cluster/moment.ts';
import { printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { CHECKPOINT_NAME } from '../format/checkpoint.ts';
import { type Manifest, writeManifest } from '../format/manifest.ts';
import { checkOnJob } from './await-tasks.ts';
import { removeAllowed, sweep } from './backup-files.ts';
import type { Backup, Planned } from './backup-job.ts';
import { clusterOf } from './job.ts';
import type { ClaimedJob } from './ledger.ts';
import { type ExportResult, exportResultSchema } from './spec.ts';
import type { EngineTools } from './tools.ts';

/** Makes a backup of what the tasks have written: removes what is not part of it, and writes its manifest. */
export async function sealBackup(
  { job, tools, store, bases }: Backup,
  { context: { changes, descriptors }, resolved, info }: Planned,
  moment: Moment,
  users: ClusterUser[],
): Promise<void> {
  const results = exportResultsOf(await tools.tasks.results(job));
  // Each table has one at least, be it empty: better no backup than one that lacks a table.
  if (results.length < tablesOf(resolved).length)
    throw new HoldfastError('internal', 'this backup has fewer tasks than tables', {
      hint: 'The backup was not finished. This is an error in Holdfast: please report it.',
    });
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
    cluster: { name: clusterOf(job), info },
    moment,
    startedAt: job.createdAt,
    finishedAt: tools.clock.now(),
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

/** What the tasks answered, taken out of what was recorded: of a million ranges there shouldn't be two of each. */
export function exportResultsOf(recorded: unknown[]): ExportResult[] {
  return recorded.map((result, place) => {
    recorded[place] = null;
    return exportResultSchema.parse(result);
  });
}

/** What an incremental backup is made of, for the job's log: why tables are not simply followed. */
export async function logChanges(
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
