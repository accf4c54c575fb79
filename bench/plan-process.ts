/** A process of its own that lists the ranges of a cluster, plans a backup of them or records that too. Answers in JSON. */
import { packRanges } from '../server/backup/packed-ranges.ts';
import { planAllTasks, taskBytes } from '../server/backup/tasks.ts';
import { openCluster } from '../server/cluster/open.ts';
import type { JobId } from '../server/jobs/job.ts';
import { type NewTask, TaskBoard } from '../server/jobs/tasks.ts';
import { openMetadata } from '../server/metadata/open.ts';
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
  for await (const task of planAllTasks(cluster, tables, moment, taskBytes(bytes), null)) {
    const { table, method, node, estimatedBytes } = task;
    const body = { kind: 'export', table, method, node, ranges: packRanges(node, task.ranges) };
    tasks += 1;
    for (const { count } of task.ranges) ranges += count;
    bodyBytes += JSON.stringify(body).length;
    yield { table, node, estimatedBytes, body };
  }
}

async function record(): Promise<void> {
  const metadata = openMetadata(metadataUrl);
  const job = '1' as JobId;
  await metadata.db
    .insertInto('jobs')
    .values({
      id: job,
      kind: 'BACKUP',
      state: 'running',
      running_status: null,
      cluster: 'default',
      statement: '',
      user_name: 'root',
      location: '',
      moment: null,
      spec_sealed: '',
      coordinator: null,
      created_at: new Date(),
      started_at: null,
      finished_at: null,
      modified_at: new Date(),
      estimated_bytes: bytes,
      error: null,
    })
    .execute();
  await new TaskBoard(metadata, () => new Date()).add(job, 1, newTasks(), () => Promise.resolve());
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
