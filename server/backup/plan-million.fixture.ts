/** A process of its own that plans a simulated cluster with very many ranges. Answers in JSON. */
import { openCluster } from '../cluster/open.ts';
import { nameKey } from '../cluster/names.ts';
import { planAllTasks, taskBytes } from './tasks.ts';

const [url = ''] = process.argv.slice(2);
const cluster = openCluster(url);
const databases = (await cluster.databases()).map(({ name }) => name);
const held = await cluster.holdMoment(databases, null);
const objects = (await Promise.all(databases.map((name) => cluster.catalog(name, held.moment)))).flatMap(
  (catalog) => catalog.objects,
);
const tables = objects.flatMap(({ kind, name }) => (kind === 'table' ? [name] : []));
const bytes = objects.reduce((sum, object) => sum + (object.bytes ?? 0), 0);

/** For each table, for each range, in how many tasks it is. */
const seen = new Map(tables.map((table) => [nameKey(table), new Uint8Array(1_100_000)]));
let tasks = 0;
let mixed = 0;
for await (const task of planAllTasks(cluster, tables, held.moment, taskBytes(bytes), null)) {
  tasks += 1;
  if (task.ranges.some(({ leaseholder }) => leaseholder !== task.node)) mixed += 1;
  const times = seen.get(nameKey(task.table));
  for (const { index, count } of task.ranges)
    for (let part = index; part < index + count; part++)
      if (times !== undefined) times[part] = (times[part] ?? 0) + 1;
}
let [ranges, wrong] = [0, 0];
for (const [position, table] of tables.entries()) {
  let count = 0;
  for await (const range of cluster.ranges(table, held.moment, 1)) {
    if (seen.get(nameKey(table))?.[range.index] !== 1) wrong += 1;
    count += 1;
  }
  ranges += count;
  if (
    seen
      .get(nameKey(tables[position] ?? table))
      ?.subarray(count)
      .some((times) => times > 0) === true
  )
    wrong += 1;
}
await held.release();
await cluster.close();
const peakMib = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ tasks, mixed, ranges, wrong, peakMib }));
