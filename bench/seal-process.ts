/**
 * A process of its own that makes the manifest of a backup whose tasks are all done, as a coordinator does, or reads it back.
 * Answers in JSON.
 */
import { resolveTargets } from '../server/backup/check.ts';
import { manifestOf } from '../server/backup/seal.ts';
import { openCluster } from '../server/cluster/open.ts';
import { readManifest, writeManifest } from '../server/format/manifest.ts';
import type { ClaimedJob } from '../server/jobs/ledger.ts';
import { exportResultsOf } from '../server/jobs/backup-seal.ts';
import { TaskBoard } from '../server/jobs/tasks.ts';
import { openMetadata } from '../server/metadata/open.ts';
import { parseLocation } from '../server/storage/location.ts';
import { openStore } from '../server/storage/open.ts';
import { timed } from './measure.ts';

export interface Sealed {
  seconds: number;
  files: number;
  ranges: number;
  peakMib: number;
}

const [what = '', clusterUrl = '', metadataUrl = '', externDir = ''] = process.argv.slice(2);
const location = parseLocation('nodelocal://self/plan');
const store = openStore(location, { externDir });
let files = 0;
let ranges = 0;

async function seal(): Promise<void> {
  const metadata = openMetadata(metadataUrl);
  const cluster = openCluster(clusterUrl);
  const { id, statement } = await metadata.db
    .selectFrom('jobs')
    .select(['id', 'statement'])
    .executeTakeFirstOrThrow();
  const results = await new TaskBoard(metadata, () => new Date()).results({ id, attempt: 1 } as ClaimedJob);
  const databases = (await cluster.databases()).map(({ name }) => name);
  const held = await cluster.holdMoment(databases, null);
  const { moment } = held;
  const resolved = await resolveTargets(cluster, { kind: 'databases', names: databases }, moment);
  const objects = resolved.objects.map(({ name }) => name);
  const manifest = manifestOf({
    jobId: id,
    statement,
    cluster: { name: 'default', info: await cluster.describe() },
    moment,
    startedAt: new Date(),
    finishedAt: new Date(),
    wholeDatabases: resolved.wholeDatabases,
    objects,
    descriptors: await cluster.descriptors(objects, moment),
    files: exportResultsOf(results).flatMap((result) => result.files),
    chain: [],
    changes: [],
    users: [],
    leftOut: [],
  });
  await writeManifest(store, manifest);
  files = manifest.files.length;
  await held.release();
  await cluster.close();
  await metadata.close();
}

async function read(): Promise<void> {
  const manifest = await readManifest(store, location);
  files = manifest.files.length;
  for (const file of manifest.files) ranges += file.ranges.length;
}

const seconds = await timed(what === 'seal' ? seal : read);
await store.close();
const sealed: Sealed = { seconds, files, ranges, peakMib: Math.round(process.resourceUsage().maxRSS / 1024) };
process.stdout.write(JSON.stringify(sealed));
