import { expect } from 'vitest';
import type { World } from '../../cluster/simulated/model.ts';
import { tablesIn } from '../../cluster/simulated/contents.ts';
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

/** A full backup of a world by one engine, a task at a time, while nothing happens but what does in that world. */
export async function backUp(world: World) {
  const timeline = new Timeline(world.seed);
  const installation = new Installation(
    () => timeline.now,
    (count) => timeline.chance.between(0, count - 1),
  );
  const site: Site = {
    timeline,
    calls: new Calls(timeline, () => undefined),
    weather: new Weather({ ...drawClimate(timeline.chance), paceMs: 1 }, timeline),
    installation,
    storage: new Storage(),
    world,
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
    ms: timeline.now,
    problems: verdict.problems,
    lines,
  };
}
