import { setTimeout as sleep } from 'node:timers/promises';
import type { Part, Processes } from './processes.ts';

export interface Killing {
  /** Numbers from 0 to 1, of a seed. */
  random: () => number;
  everyMs: number;
  /** How long until one takes the place of an engine that was killed. */
  awayMs: number;
  /** For so long at most. */
  forMs: number;
}

export interface Killed {
  engines: number;
  /** Of them, so many coordinated the job. */
  coordinators: number;
}

/**
 * Kills an engine at random again and again, each to be followed by another one, until the job has ended or the time is
 * over; answers once all that were started are there.
 */
export async function killEngines(processes: Processes, job: string, killing: Killing): Promise<Killed> {
  const killed: Killed = { engines: 0, coordinators: 0 };
  const successors: Promise<Part>[] = [];
  for (const until = performance.now() + killing.forMs; performance.now() < until;) {
    await sleep(killing.everyMs);
    if ((await processes.job(job)).state !== 'running') break;
    const engines = processes.engines();
    const victim = engines[Math.floor(killing.random() * engines.length)];
    if (victim === undefined) continue;
    if ((await processes.coordinator(job)) === victim) killed.coordinators++;
    killed.engines++;
    await victim.kill();
    successors.push(sleep(killing.awayMs).then(() => processes.startEngine()));
    // Awaited in the end.
    successors.at(-1)?.catch(() => undefined);
  }
  await Promise.all(successors);
  return killed;
}
