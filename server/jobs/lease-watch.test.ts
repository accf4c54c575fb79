import { once } from 'node:events';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { nodeId } from '../cluster/cluster.ts';
import { never } from '../cluster/conformance-tools.ts';
import { rowsAt } from '../cluster/simulated/contents.ts';
import { NOW, open, read, T1 } from '../cluster/simulated/testing.ts';
import { systemClock } from '../clock.ts';
import { addTasks } from './add-tasks.ts';
import { newExportTasks } from './backup-tasks.ts';
import { newJob } from './conformance-tools.ts';
import { LeaseMoves } from './lease-moves.ts';
import { followLeases, watchLeases } from './lease-watch.ts';
import type { ClaimedJob } from './ledger.ts';
import { AT_ONCE, Installation } from './simulation/installation.ts';
import { eventsOf, MemoryJobs } from './simulation/memory-jobs.ts';
import { MemoryTasks } from './simulation/memory-tasks.ts';
import { exportTaskSchema } from './spec.ts';
import { LEASES_MS } from './timing.ts';

const T2 = { ...T1, name: 't2' };

/** A backup of a simulated cluster whose leases move each minute, planned and in nobody's hands. */
async function planned(seed: number) {
  const { world, cluster, clock } = open({ seed, rows: 5_000, unrest: { leaseSeconds: 60 } });
  const there = new Installation(() => 0);
  const jobs = new MemoryJobs(there, AT_ONCE, systemClock);
  const tasks = new MemoryTasks(there, AT_ONCE, systemClock.now);
  const job = await jobs.claim(await jobs.create(newJob()), 'here', 60_000);
  if (job === null) throw new Error('the job is somebody else’s');
  await jobs.beginAttempt(job);
  const { nodes } = await cluster.describe();
  const planning = { cluster, tables: [T1, T2], moment: NOW, nodes, bytesATask: 20_000 };
  await addTasks(tasks, job, newExportTasks(planning, null), 'waiting');
  const lines = () =>
    eventsOf(recordOf(there, job)).flatMap((event) => (event.type === 'log' ? [event.message] : []));
  return { world, cluster, clock, jobs, tasks, job, lines };
}

function recordOf(there: Installation, job: ClaimedJob) {
  const record = there.jobs.get(job.id);
  if (record === undefined) throw new Error('no job');
  return record;
}

type Subject = Awaited<ReturnType<typeof planned>>;

/** What waits, in the words of the engine that will work it. */
async function waiting({ tasks, job }: Subject) {
  const found = await tasks.waiting(job, 0, 10_000);
  return found.map(({ id, node, body }) => ({ id, node, body: exportTaskSchema.parse(body) }));
}

/** How many bytes of a task each node leads now, by the cluster's own list of ranges. */
async function bytesByNode({ cluster }: Subject, { ranges, table }: Waiting['body']) {
  const bytes = new Map<string, number>();
  for await (const range of cluster.ranges(table, NOW, 1))
    for (const { start, end } of ranges) {
      const [first, last] = [Number(range.start ?? 0), Number(range.end ?? 5_000)];
      if (Number(start ?? 0) >= last || Number(end ?? 5_000) <= first) continue;
      bytes.set(range.leaseholder, (bytes.get(range.leaseholder) ?? 0) + range.estimatedBytes);
    }
  return bytes;
}
type Waiting = Awaited<ReturnType<typeof waiting>>[number];

/** The number of tasks that lines of the log tell of. */
function told(lines: readonly string[]): number {
  return lines
    .flatMap((line) => [...line.matchAll(/(\d+) (?:tasks? of|more)/g)])
    .reduce((sum, [, n]) => sum + Number(n), 0);
}

describe('a look at the leases of a job’s waiting tasks', () => {
  it('finds nothing to tell where they are as planned', async () => {
    const subject = await planned(1);
    const before = await waiting(subject);
    await followLeases(subject.job, subject, subject.cluster, NOW, never);
    expect(await waiting(subject)).toEqual(before);
    expect(subject.lines()).toEqual([]);
  });

  it('aims each at the node that leads most of it by then, tells so in one line, and no row is lost', async () => {
    const subject = await planned(2);
    const { cluster, clock, jobs, job, tasks, world, lines } = subject;
    const before = await waiting(subject);
    expect(before.length).toBeGreaterThan(20);
    clock.time += 180_000;
    await followLeases(job, { jobs, tasks }, cluster, NOW, never);
    const after = await waiting(subject);
    let moved = 0;
    for (const [place, task] of after.entries()) {
      const bytes = await bytesByNode(subject, task.body);
      const most = Math.max(...bytes.values());
      // A piece's bytes are taken to be spread evenly over its ranges, which they are about.
      expect(bytes.get(task.node ?? '') ?? 0, `task ${task.id}`).toBeGreaterThan(0.8 * most);
      expect(task.body.node).toBe(task.node);
      if (task.node !== before[place]?.node) moved += 1;
    }
    expect(moved).toBeGreaterThan(5);
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatch(
      /^Leases moved: \d+ tasks of small\.public\.t\d go to node \d now, from node \d; /,
    );
    expect(told(lines())).toBe(moved);
    for (const table of [T1, T2]) {
      const rows: string[] = [];
      for (const { body } of after.filter((task) => task.body.table.name === table.name))
        for (const range of body.ranges)
          rows.push(
            ...(await read(cluster, { ...range, leaseholder: nodeId(range.leaseholder) }))
              .split('\n')
              .filter(Boolean),
          );
      expect(rows.sort()).toEqual(rowsAt(world, table, NOW).toSorted());
    }
    await followLeases(job, { jobs, tasks }, cluster, NOW, never);
    expect(lines()).toHaveLength(1);
  });

  it('leaves alone what an engine has, and goes no further once it is told to stop', async () => {
    const subject = await planned(3);
    const { cluster, clock, jobs, job, tasks, lines } = subject;
    const stopped = AbortSignal.abort();
    clock.time += 180_000;
    await followLeases(job, { jobs, tasks }, cluster, NOW, stopped);
    expect(lines()).toEqual([]);
    const picked = await tasks.pick('t1', { name: 'here', locality: '' }, { node: 9, job: 9, all: 9 });
    if (picked.kind !== 'task') throw new Error('no task');
    await followLeases(job, { jobs, tasks }, cluster, NOW, never);
    expect(lines()).toHaveLength(1);
    await tasks.giveBack(picked.task);
    expect((await waiting(subject))[0]).toMatchObject({ id: 1, node: picked.task.node });
  });
});

describe('looks at leases', () => {
  it('are two minutes apart, and a hundred times as long as the last one took', async () => {
    const there = new Installation(() => 0);
    const jobs = new MemoryJobs(there, AT_ONCE, systemClock);
    const job = await jobs.claim(await jobs.create(newJob()), 'here', 60_000);
    if (job === null) throw new Error('the job is somebody else’s');
    const took = [0, 500, 5_000, 10];
    const slept: number[] = [];
    let elapsed = 0;
    const over = new AbortController();
    const tasks = new MemoryTasks(
      there,
      {
        transact: async (_, work) => {
          elapsed += took[slept.length - 1] ?? 0;
          return work();
        },
      },
      systemClock.now,
    );
    const clock = {
      ...systemClock,
      elapsed: () => elapsed,
      sleep: async (ms: number, signal?: AbortSignal) => {
        slept.push(ms);
        if (slept.length <= took.length) return;
        over.abort();
        await systemClock.sleep(60_000, signal);
      },
    };
    const { cluster } = open({ seed: 1 });
    const watching = watchLeases(
      job,
      { jobs, tasks, clock, logger: pino({ level: 'silent' }) },
      cluster,
      NOW,
    );
    await once(over.signal, 'abort');
    await watching.stop();
    expect(slept).toEqual([LEASES_MS, LEASES_MS, LEASES_MS, 500_000, LEASES_MS]);
  });
});

describe('what a look found', () => {
  const found = (...moves: [table: string, from: string, to: string, tasks: number][]) => {
    const all = new LeaseMoves();
    for (const [name, from, to, count] of moves)
      for (let nth = 0; nth < count; nth++) all.add({ database: 'bank', schema: 'public', name }, from, to);
    return all.line();
  };

  it('is one line, however much it is', () => {
    expect(found()).toBeNull();
    expect(found(['orders', '1', '3', 1])).toBe(
      'Leases moved: 1 task of bank.public.orders goes to node 3 now, from node 1.',
    );
    expect(
      found(
        ['a', '1', '3', 2],
        ['b', '1', '3', 12],
        ['a', '2', '3', 1],
        ['c', '2', '1', 1],
        ['d', '2', '1', 1],
      ),
    ).toBe(
      'Leases moved: 12 tasks of bank.public.b go to node 3 now, from node 1; 2 tasks of bank.public.a go to node 3 now, from node 1; ' +
        '1 task of bank.public.a goes to node 3 now, from node 2; 2 more to other nodes than before.',
    );
  });
});
