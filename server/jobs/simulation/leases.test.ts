import { expect, it } from 'vitest';
import { tablesIn } from '../../cluster/simulated/contents.ts';
import { smallWorld } from '../../cluster/simulated/small-world.ts';
import type { BackupStatement } from '../../statement/ast.ts';
import { printStatement } from '../../statement/print.ts';
import { isFinal } from '../job.ts';
import { AT_ONCE, Installation } from './installation.ts';
import { MemoryJobs } from './memory-jobs.ts';
import { MemoryQueue } from './memory-queue.ts';
import { Storage } from './memory-store.ts';
import { Process } from './process.ts';
import { Calls } from './service.ts';
import { SimulatedEngine } from './simulated-engine.ts';
import type { Site } from './site.ts';
import { Timeline } from './timeline.ts';
import { Verdict } from './verdict.ts';
import { drawClimate, Weather } from './weather.ts';

const TO = 'nodelocal://self/full';
const SPEC: BackupStatement = {
  kind: 'backup',
  targets: { kind: 'databases', names: ['small'] },
  to: TO,
  asOf: null,
  incrementalFrom: [],
  options: { detached: true },
};

/**
 * A backup by one engine, a task at a time, of nodes that are so slow that it takes some twenty minutes, while each range's lease
 * moves every ten minutes.
 */
async function slowBackup(seed: number) {
  const timeline = new Timeline(seed);
  const installation = new Installation(
    () => timeline.now,
    (count) => timeline.chance.between(0, count - 1),
  );
  const unrest = { slow: 1, slowMs: 8_000, leaseSeconds: 600 };
  const site: Site = {
    timeline,
    calls: new Calls(timeline, () => undefined),
    weather: new Weather({ ...drawClimate(timeline.chance), paceMs: 1 }, timeline),
    installation,
    storage: new Storage(),
    world: smallWorld({ seed, tables: 4, rows: 2_500, unrest }),
    limits: { node: 9, job: 9, all: 9 },
    tasksAtOnce: 1,
    patienceMs: 600_000,
    isTold: false,
    logged: (engine, line) => expect.fail(`${engine} logged ${line}`),
  };
  const console = new Process('console', timeline);
  const id = await new MemoryJobs(installation, AT_ONCE, console.clock).create({
    kind: 'BACKUP',
    cluster: 'default',
    user: 'root',
    location: TO,
    estimatedBytes: 10_000,
    statement: printStatement(SPEC),
    spec: SPEC,
  });
  await new MemoryQueue(installation, AT_ONCE, console, timeline.chance).sendJob(id);
  new SimulatedEngine('engine', site);
  const job = () => {
    const record = installation.jobs.get(id);
    if (record === undefined) throw new Error('no job');
    return record;
  };
  await timeline.runUntil(() => isFinal(job().state), 2 * 3_600_000);
  const verdict = new Verdict(site.world, site.storage.at(TO));
  await verdict.judge(TO, tablesIn(site.world), null, () => false);
  const lines = job().events.flatMap((event) => (event.type === 'log' ? [event.message] : []));
  return {
    state: job().state,
    digest: timeline.digest,
    minutes: timeline.now / 60_000,
    problems: verdict.problems,
    lines,
  };
}

it('a backup that takes its time tells of leases that move meanwhile, follows them, and equals the source', async () => {
  const course = await slowBackup(1);
  expect(course).toMatchObject({ state: 'succeeded', problems: [] });
  expect(course.minutes).toBeGreaterThan(10);
  const moves = course.lines.filter((line) => line.startsWith('Leases moved: '));
  expect(moves.length).toBeGreaterThan(1);
  // A look every two minutes, and a line a look at most.
  expect(moves.length).toBeLessThanOrEqual(course.minutes / 2);
  expect(await slowBackup(1)).toEqual(course);
  expect((await slowBackup(2)).digest).not.toBe(course.digest);
});
