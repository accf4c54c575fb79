/** A process of its own that lists the ranges of a cluster, plans a backup of them or records that too. Answers in JSON. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSecrets } from '../server/accounts/secrets.ts';
import { taskBytes } from '../server/backup/tasks.ts';
import { openCluster } from '../server/cluster/open.ts';
import { addTasks } from '../server/jobs/add-tasks.ts';
import { newExportTasks } from '../server/jobs/backup-tasks.ts';
import type { ClaimedJob, NewTask } from '../server/jobs/ledger.ts';
import type { RecordedExportTask } from '../server/jobs/spec.ts';
import { JobStore } from '../server/jobs/store.ts';
import { TaskBoard } from '../server/jobs/tasks.ts';
import { type Metadata, openMetadata } from '../server/metadata/open.ts';
import { timed } from './measure.ts';

export interface Planned {
  seconds: number;
  ranges: number;
  tasks: number;
  /** What the tasks are in the metadata store, as JSON. */
  bodyBytes: number;
  peakMib: number;
}

const [what = '', clusterUrl = '', metadataUrl = ''] = process.argv.slice(2);
const cluster = openCluster(clusterUrl);
const databases = (await cluster.databases()).map(({ name }) => name);
const held = await cluster.holdMoment(databases, null);
const { moment } = held;
const catalogs = await Promise.all(databases.map((database) => cluster.catalog(database, moment)));
const objects = catalogs.flatMap((catalog) => catalog.objects);
const tables = objects.flatMap(({ kind, name }) => (kind === 'table' ? [name] : []));
const bytes = objects.reduce((sum, object) => sum + (object.bytes ?? 0), 0);
let [ranges, tasks, bodyBytes] = [0, 0, 0];

async function list(): Promise<void> {
  for (const table of tables)
    for await (const range of cluster.ranges(table, moment, taskBytes(bytes))) if (range.index >= 0) ranges++;
}

async function* newTasks(): AsyncGenerator<NewTask, void> {
  const { nodes } = await cluster.describe();
  const planning = { cluster, tables, moment, nodes, bytesATask: taskBytes(bytes) };
  for await (const task of newExportTasks(planning, null)) {
    tasks += 1;
    for (const { count = 1 } of (task.body as RecordedExportTask).ranges) ranges += count;
    if (what === 'plan') bodyBytes += JSON.stringify(task.body).length;
    yield task;
  }
}

/** A job that an engine has begun, and no other one knows. */
async function begunJob(metadata: Metadata): Promise<ClaimedJob> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const jobs = new JobStore(metadata, await openSecrets(directory), () => new Date());
  await rm(directory, { recursive: true });
  const to = 'nodelocal://self/plan';
  const id = await jobs.create({
    kind: 'BACKUP',
    cluster: 'default',
    statement: `BACKUP DATABASE ${databases.join(', ')} TO '${to}'`,
    user: 'root',
    location: to,
    spec: {
      kind: 'backup',
      targets: { kind: 'databases', names: databases },
      to,
      asOf: null,
      incrementalFrom: [],
      options: { detached: false },
    },
    estimatedBytes: bytes,
  });
  const job = await jobs.claim(id, 'bench', 60_000);
  if (job === null) throw new Error('the job is somebody else’s');
  await jobs.beginAttempt(job);
  return job;
}

async function record(): Promise<void> {
  const metadata = openMetadata(metadataUrl);
  const job = await begunJob(metadata);
  await addTasks(new TaskBoard(metadata, () => new Date()), job, newTasks(), 'waiting');
  await metadata.close();
}

const seconds = await timed(async () => {
  if (what === 'list') return list();
  if (what === 'record') return record();
  for await (const _ of newTasks());
});
await held.release();
await cluster.close();
const peakMib = Math.round(process.resourceUsage().maxRSS / 1024);
const planned: Planned = { seconds, ranges, tasks, bodyBytes, peakMib };
process.stdout.write(JSON.stringify(planned));
