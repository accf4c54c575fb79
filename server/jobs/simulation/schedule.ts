import { tablesIn } from '../../cluster/simulated/contents.ts';
import type { World } from '../../cluster/simulated/model.ts';
import { smallWorld } from '../../cluster/simulated/small-world.ts';
import { CALM } from '../../cluster/simulated/unrest.ts';
import { HoldfastError } from '../../errors.ts';
import { type Manifest, MANIFEST_NAME } from '../../format/manifest.ts';
import type { BackupStatement } from '../../statement/ast.ts';
import { printStatement } from '../../statement/print.ts';
import { isFinal, type JobError, type JobId, type JobState } from '../job.ts';
import type { JobRequest } from '../requests.ts';
import { AT_ONCE, Installation, type JobRecord } from './installation.ts';
import { MemoryJobs } from './memory-jobs.ts';
import { MemoryQueue } from './memory-queue.ts';
import { Storage } from './memory-store.ts';
import { Monitor } from './monitor.ts';
import { Process } from './process.ts';
import { Calls } from './service.ts';
import { SimulatedEngine } from './simulated-engine.ts';
import type { Site } from './site.ts';
import { Timeline } from './timeline.ts';
import { Verdict } from './verdict.ts';
import { drawClimate, Weather } from './weather.ts';

/** Once nothing goes wrong any more, every job ends within that. */
const SETTLED_WITHIN_MS = 2 * 60 * 60_000;
/** What a job takes that was left by its engine to be gone on with, as long as there is another. */
const TAKEN_OVER_WITHIN_MS = 30_000;
const PAUSED_WITHIN_MS = 60_000;
/** Of one schedule; then no more are started but for one that is needed. */
const MOST_ENGINES = 12;
const MOST_RESUMES = 30;
/** Calls that take no longer are of no weight beside the times above. */
const BRISK_MS = 50;
const DAY_MS = 24 * 60 * 60_000;

/** What came of a schedule. */
export interface Course {
  seed: number;
  /** A sentence each; none where all went as it must. */
  problems: string[];
  /** Of all that happened: the same for the same seed. */
  digest: string;
  /** How each of its jobs ended, with the attempts that took. */
  ends: { state: JobState; attempts: number }[];
  engines: number;
  /** What is there then. */
  site: Site;
}

/** Runs the schedule of a seed; `tell` gets a line for all that happens. */
export async function runSchedule(
  seed: number,
  tell: ((line: string) => void) | null = null,
): Promise<Course> {
  return new Schedule(seed, tell).run();
}

class Schedule {
  readonly #seed: number;
  readonly #timeline: Timeline;
  readonly #weather: Weather;
  readonly #site: Site;
  readonly #monitor: Monitor;
  readonly #console: Process;
  readonly #desk: MemoryJobs;
  readonly #queue: MemoryQueue;
  readonly #engines: SimulatedEngine[] = [];
  readonly #problems: string[] = [];
  readonly #canceled = new Set<JobId>();
  readonly #resuming = new Set<JobId>();
  #resumes = 0;
  #kills = 0;
  /** When an engine was killed, stopped or frozen last. */
  #disturbedAt = 0;

  constructor(seed: number, tell: ((line: string) => void) | null) {
    this.#seed = seed;
    const timeline = new Timeline(seed, tell);
    const { chance } = timeline;
    this.#timeline = timeline;
    const climate = drawClimate(chance);
    this.#weather = new Weather(climate, timeline);
    const installation = new Installation(
      () => timeline.now,
      (count) => chance.between(0, count - 1),
    );
    const storage = new Storage();
    const limits = { node: chance.between(1, 4), job: chance.between(1, 8), all: chance.between(1, 8) };
    this.#monitor = new Monitor(installation, storage, limits);
    this.#console = new Process('console', timeline);
    this.#desk = new MemoryJobs(installation, AT_ONCE, this.#console.clock);
    this.#queue = new MemoryQueue(installation, AT_ONCE, this.#console, chance);
    this.#site = {
      timeline,
      calls: new Calls(timeline, (process) => this.#afterCall(process)),
      weather: this.#weather,
      installation,
      storage,
      world: drawWorld(seed, timeline),
      limits,
      tasksAtOnce: chance.between(1, 3),
      patienceMs: chance.scale(20_000, 200_000),
      isTold: tell !== null,
      logged: (engine, line) => {
        timeline.remark(() => `${engine} logs ${line.trim()}`);
        if (line.includes('"level":50')) this.#problems.push(`${engine} logged an error: ${line.trim()}`);
      },
    };
  }

  async run(): Promise<Course> {
    const { chance } = this.#timeline;
    this.#timeline.remark(() => JSON.stringify({ ...this.#weather.climate, ...this.#site.world.unrest }));
    const engines = chance.between(1, 4);
    for (let count = 0; count < engines; count++) this.#startLater(chance.next() * 3_000);
    const full = await this.#create('nodelocal://self/full', []);
    const beside = chance.happens(0.25) ? await this.#create('nodelocal://self/beside', []) : null;
    await this.#phase();
    const base = await this.#judge(full, null);
    if (beside !== null) await this.#judge(beside, null);
    this.#site.world.unrest.hangs = 0;
    if (base !== null && chance.happens(0.5)) {
      const layer = await this.#create('nodelocal://self/layer', ['nodelocal://self/full']);
      await this.#phase();
      await this.#judge(layer, base);
    }
    const jobs = [...this.#site.installation.jobs.values()];
    return {
      seed: this.#seed,
      problems: [...this.#problems, ...this.#monitor.problems],
      digest: this.#timeline.digest,
      ends: jobs.map(({ state, attempt }) => ({ state, attempts: attempt })),
      engines: this.#engines.length,
      site: this.#site,
    };
  }

  /** It gets rough, then calm; and goes on until all jobs have ended. */
  async #phase(): Promise<void> {
    const timeline = this.#timeline;
    const { chance } = timeline;
    const { climate } = this.#weather;
    const rough = { ...this.#site.world.unrest };
    this.#kills = 0;
    this.#weather.begin(this.#engines.map(({ process }) => process.name));
    const sometime = (what: string, happen: () => void) =>
      timeline.after(climate.roughMs * chance.next() ** 2, what, happen);
    const someEngine = () => {
      const there = this.#there();
      return there[chance.between(0, Math.max(0, there.length - 1))];
    };
    for (let count = 0; count < climate.requests; count++) {
      const request = chance.of<JobRequest>(['pause', 'pause', 'pause', 'resume', 'resume', 'cancel']);
      sometime(`root would ${request}`, () => void this.#request(request));
    }
    for (let count = 0; count < climate.stops; count++)
      sometime('an engine is to stop', () => void this.#stop(someEngine()));
    for (let count = 0; count < climate.freezes; count++)
      sometime('an engine freezes', () => this.#freeze(someEngine()));
    for (let count = 0; count < climate.jumps; count++)
      sometime('a clock jumps', () => {
        const engine = someEngine();
        if (engine !== undefined) engine.process.skewMs += chance.of([-1, 1]) * chance.scale(1_000, DAY_MS);
      });
    const calmAt = timeline.now + climate.roughMs;
    await timeline.runUntil(() => this.#allEnded(), calmAt);
    Object.assign(this.#site.world.unrest, { ...CALM, gcSeconds: rough.gcSeconds });
    if (this.#there().length === 0) this.#startLater(0);
    timeline.note('it is calm');
    for (const job of this.#site.installation.jobs.values())
      if (job.state === 'paused') this.#resumeLater(job);
    if (!(await timeline.runUntil(() => this.#allEnded(), calmAt + SETTLED_WITHIN_MS)))
      this.#problems.push(
        `not all jobs ended: ${[...this.#site.installation.jobs.values()].map(({ state }) => state).join(', ')}`,
      );
    Object.assign(this.#site.world.unrest, rough);
  }

  #there(): SimulatedEngine[] {
    return this.#engines.filter((engine) => engine.isThere);
  }

  #jobs(): JobRecord[] {
    return [...this.#site.installation.jobs.values()];
  }

  #allEnded(): boolean {
    return this.#jobs().every(({ state }) => isFinal(state));
  }

  #startLater(ms: number): void {
    this.#timeline.after(ms, 'an engine starts', () => {
      if (this.#engines.length >= MOST_ENGINES && this.#there().length > 0) return;
      this.#engines.push(new SimulatedEngine(`engine-${this.#engines.length + 1}`, this.#site));
    });
  }

  #afterCall(process: Process): void {
    this.#monitor.look();
    const { chance } = this.#timeline;
    const { climate, isRough } = this.#weather;
    if (!isRough) {
      for (const job of this.#jobs()) if (job.state === 'paused') this.#resumeLater(job);
      return;
    }
    if (this.#kills >= climate.kills || !chance.happens(climate.killed)) return;
    const engine = this.#engines.find((each) => each.process === process);
    if (engine?.process.alive !== true) return;
    this.#kills += 1;
    this.#timeline.note(`${process.name} is killed`);
    engine.kill();
    this.#disturbed();
    this.#expectTakenOver(process);
    this.#startLater(chance.scale(100, 60_000));
  }

  async #stop(engine: SimulatedEngine | undefined): Promise<void> {
    if (engine === undefined) return;
    this.#disturbed();
    await engine.stop();
    this.#startLater(this.#timeline.chance.scale(100, 60_000));
  }

  #freeze(engine: SimulatedEngine | undefined): void {
    if (engine === undefined) return;
    this.#disturbed();
    engine.process.frozenUntil = this.#timeline.now + this.#timeline.chance.scale(1_000, 60_000);
  }

  #disturbed(): void {
    this.#disturbedAt = this.#timeline.now;
  }

  /** Whether nothing but what was done at that time kept engines from their work since then. */
  #undisturbedSince(time: number): boolean {
    const { climate } = this.#weather;
    const { refused, unanswered, paceMs, outages, freezes } = climate;
    return (
      this.#disturbedAt <= time &&
      refused + unanswered + outages + freezes === 0 &&
      paceMs < BRISK_MS &&
      this.#engines.some((engine) => engine.isThere && engine.startedAt < time)
    );
  }

  #expectTakenOver(process: Process): void {
    const { now } = this.#timeline;
    for (const job of this.#jobs()) {
      const { epoch, coordinator, leaseUntil } = job;
      if (coordinator !== process.name || (leaseUntil ?? 0) <= now) continue;
      this.#timeline.after(TAKEN_OVER_WITHIN_MS, `is job ${job.id} taken over?`, () => {
        if (job.epoch > epoch || isFinal(job.state) || job.state === 'paused') return;
        if (this.#undisturbedSince(now)) this.#problems.push(`job ${job.id} was not taken over in time`);
      });
    }
  }

  /** What a person does at the console. */
  async #request(request: JobRequest): Promise<void> {
    const { chance, now } = this.#timeline;
    const job = this.#jobs().at(chance.between(0, this.#jobs().length - 1));
    if (job === undefined) return;
    try {
      await this.#desk.request(job.id, request);
      if (request !== 'pause') await this.#queue.sendJob(job.id);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'job-state') throw error;
      this.#timeline.note(error.message);
      return;
    }
    this.#timeline.note(`root asked job ${job.id} to ${request}: ${job.state}`);
    if (request === 'cancel') this.#canceled.add(job.id);
    if (job.state !== 'pause-requested') return;
    const { lastEvent } = job;
    this.#timeline.after(PAUSED_WITHIN_MS, `is job ${job.id} paused?`, () => {
      const states = job.events.filter(({ type, seq }) => type === 'state' && seq > lastEvent);
      if (states.length === 0 && this.#undisturbedSince(now))
        this.#problems.push(`job ${job.id} was not paused in time`);
    });
  }

  /** Somebody sees to why it paused, and has it go on. */
  #resumeLater(job: JobRecord): void {
    if (this.#resuming.has(job.id)) return;
    this.#resuming.add(job.id);
    this.#resumes += 1;
    if (this.#resumes > MOST_RESUMES) {
      this.#problems.push(`job ${job.id} pauses again and again: ${job.error?.message}`);
      return;
    }
    this.#timeline.after(this.#timeline.chance.scale(100, 20_000), `root resumes job ${job.id}`, () => {
      this.#resuming.delete(job.id);
      if (job.state !== 'paused') return;
      void this.#desk.request(job.id, 'resume').then(() => this.#queue.sendJob(job.id));
    });
  }

  async #create(to: string, incrementalFrom: string[]): Promise<JobId> {
    const spec: BackupStatement = {
      kind: 'backup',
      targets: { kind: 'databases', names: ['small'] },
      to,
      asOf: null,
      incrementalFrom,
      options: { detached: true },
    };
    const statement = printStatement(spec);
    const job = {
      kind: 'BACKUP',
      cluster: 'default',
      user: 'root',
      location: to,
      estimatedBytes: 10_000,
    } as const;
    const id = await this.#desk.create({ ...job, statement, spec });
    await this.#queue.sendJob(id);
    return id;
  }

  /** Looks at what a job has left; answers the manifest where it made a backup. */
  async #judge(id: JobId, base: Manifest | null): Promise<Manifest | null> {
    const job = this.#site.installation.jobs.get(id);
    if (job === undefined || !isFinal(job.state)) return null;
    const { state, location, error, events } = job;
    const wrong = (what: string) => this.#problems.push(`job ${id}, which ${state}: ${what}`);
    const files = this.#site.storage.at(location);
    const logged = (what: RegExp) => events.some((event) => event.type === 'log' && what.test(event.message));
    const mayGiveUp = this.#weather.climate.roughMs > this.#site.patienceMs;
    const said =
      logged(/could not be removed and may stay/) ||
      (mayGiveUp && logged(/^Not everything could be removed/));
    if (state === 'succeeded') {
      const verdict = new Verdict(this.#site.world, files);
      const manifest = await verdict.judge(location, tablesIn(this.#site.world), base, () => said);
      verdict.problems.forEach(wrong);
      if (job.progress.fraction !== 1) wrong(`it ends at ${job.progress.fraction}`);
      return manifest;
    }
    if (files.has(MANIFEST_NAME)) wrong('there is a manifest');
    if (files.size > 0 && !said) wrong(`there is still ${[...files.keys()].join(', ')}`);
    if (state === 'canceled' && !this.#canceled.has(id)) wrong('nobody canceled it');
    if (state === 'failed' && !this.#mayFail(error)) wrong(`${error?.code}: ${error?.message}`);
    return null;
  }

  #mayFail(error: JobError | null): boolean {
    switch (error?.code) {
      case 'storage-full':
      case 'storage-denied':
        return this.#weather.climate.closures > 0;
      case 'unreadable-moment':
        return this.#site.world.unrest.gcSeconds < CALM.gcSeconds;
      default:
        return false;
    }
  }
}

function drawWorld(seed: number, { chance }: Timeline): World {
  const sometimes = <T>(share: number, value: () => T, none: T): T =>
    chance.happens(share) ? value() : none;
  const share = () => chance.scale(0.01, 0.4);
  return smallWorld({
    seed,
    nodes: chance.between(1, 6),
    tables: chance.between(1, 3),
    rows: chance.between(0, 150),
    rangeBytes: chance.between(1_000, 4_000),
    changes: sometimes(
      0.8,
      () => ({ stepSeconds: chance.between(1, 20), cycleSteps: chance.between(2, 20) }),
      null,
    ),
    unrest: {
      leaseSeconds: sometimes(0.5, () => chance.between(5, 120), null),
      splitSeconds: sometimes(0.5, () => chance.between(5, 120), null),
      gcSeconds: sometimes(0.15, () => chance.between(60, 600), CALM.gcSeconds),
      spellSeconds: chance.between(3, 60),
      down: sometimes(0.3, share, 0),
      slow: sometimes(0.4, share, 0),
      slowMs: chance.between(50, 5_000),
      faults: sometimes(0.4, share, 0),
      // Of a full backup: what reads changes may hand out nothing for long.
      hangs: sometimes(0.2, share, 0),
      timeouts: sometimes(0.2, share, 0),
    },
  });
}
