import { isFinal, type JobId } from '../job.ts';
import type { Installation, JobRecord } from './installation.ts';
import type { Limits } from '../limits.ts';
import { MANIFEST_NAME } from '../../format/manifest.ts';
import type { Storage } from './memory-store.ts';

/** What was seen of a job when it was looked at last. */
interface Seen {
  fraction: number;
  events: number;
  epoch: number;
  state: string;
  attempt: number;
  /** Of the tasks of the attempt: results by their numbers, and how often tasks were begun in all. */
  results: Map<number, string>;
  tries: number;
}

/** Looks after each call whether anything has become what it never must. */
export class Monitor {
  readonly problems: string[] = [];
  readonly #there: Installation;
  readonly #storage: Storage;
  readonly #limits: Limits;
  readonly #seen = new Map<JobId, Seen>();
  readonly #manifests = new Map<string, Buffer>();
  #running = 0;

  constructor(there: Installation, storage: Storage, limits: Limits) {
    this.#there = there;
    this.#storage = storage;
    this.#limits = limits;
  }

  look(): void {
    let running = 0;
    for (const job of this.#there.jobs.values()) {
      const seen = this.#seen.get(job.id);
      if (seen !== undefined) this.#compare(job, seen);
      running += this.#note(job, seen);
      this.#lookAtManifest(job);
    }
    if (running > this.#running && running > this.#limits.all)
      this.problems.push(`${running} tasks run at once, where ${this.#limits.all} may`);
    this.#running = running;
  }

  #compare(job: JobRecord, seen: Seen): void {
    const wrong = (what: string) => this.problems.push(`job ${job.id}: ${what}`);
    if (job.progress.fraction < seen.fraction)
      wrong(`went back from ${seen.fraction} to ${job.progress.fraction}`);
    if (job.lastEvent < seen.events) wrong('lost events');
    if (job.epoch < seen.epoch) wrong('went back to an earlier claim');
    if (isFinal(seen.state as JobRecord['state']) && job.state !== seen.state)
      wrong(`was ${seen.state}, and is ${job.state}`);
    if (job.attempt !== seen.attempt) return;
    for (const task of this.#there.tasks(job.id, job.attempt)) {
      const result = seen.results.get(task.id);
      if (result !== undefined && (task.state !== 'done' || task.result !== result))
        wrong(`task ${task.id} was done, and is done again`);
    }
    if (job.state === 'paused' && seen.state === 'paused' && this.#tries(job) > seen.tries)
      wrong('a task was begun while it was paused');
  }

  /** Answers how many of its tasks run. */
  #note(job: JobRecord, seen: Seen | undefined): number {
    const results = seen?.attempt === job.attempt ? seen.results : new Map<number, string>();
    const tasks = this.#there.tasks(job.id, job.attempt);
    for (const task of tasks)
      if (task.state === 'done' && task.result !== null) results.set(task.id, task.result);
    this.#seen.set(job.id, {
      fraction: job.progress.fraction,
      events: job.lastEvent,
      epoch: job.epoch,
      state: job.state,
      attempt: job.attempt,
      results,
      tries: this.#tries(job),
    });
    return job.state === 'running' ? tasks.filter(({ state }) => state === 'running').length : 0;
  }

  #tries(job: JobRecord): number {
    return this.#there.tasks(job.id, job.attempt).reduce((sum, { tries }) => sum + tries, 0);
  }

  #lookAtManifest({ location }: JobRecord): void {
    const now = this.#storage.at(location).get(MANIFEST_NAME);
    const before = this.#manifests.get(location);
    if (before !== undefined && now !== before)
      this.problems.push(`${MANIFEST_NAME} of ${location} was ${now === undefined ? 'removed' : 'changed'}`);
    if (now !== undefined) this.#manifests.set(location, now);
  }
}
