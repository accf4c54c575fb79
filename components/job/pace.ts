import type { JobEvent, JobState } from '../../server/jobs/job.ts';

/** Over how long the current rate is taken, in milliseconds. */
const RATE_MS = 10_000;
/** With less than this the rate would jump. */
const LEAST_RATE_MS = 500;
/** Where nothing has come for so long, the pace that it had says nothing of the end. */
const STILL_MS = 30_000;
/** How long a change of pace takes to show in the time that is left, in milliseconds: calm. */
const CALM_MS = 60_000;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How fast a job gets on, by its progress events: now, and smoothed for the time that is left. Times are in milliseconds. */
export class Pace {
  #samples: { at: number; bytes: number }[] = [];
  #last: { at: number; fraction: number } | null = null;
  /** Sums of an exponentially weighted average; their quotient is the fraction done in a millisecond. */
  #progress = 0;
  #time = 0;

  /** Takes in a progress event. `ranMs`, how long the job has run by then, gives the first its weight. */
  take(at: number, bytes: number, fraction: number, ranMs: number): void {
    const newest = this.#samples.at(-1);
    // Fewer bytes than before: the job began anew with another moment.
    if (newest !== undefined && bytes < newest.bytes) this.#samples = [];
    this.#samples.push({ at, bytes });
    this.#samples = this.#samples.filter((sample) => sample.at >= at - RATE_MS);
    if (this.#last === null) {
      // What came before counts for at most a minute, and for nothing where it took no time.
      const weight = ranMs < LEAST_RATE_MS ? 0 : Math.min(1, CALM_MS / ranMs);
      this.#progress = fraction * weight;
      this.#time = ranMs * weight;
    } else {
      this.#pass(Math.max(0, at - this.#last.at), Math.max(0, fraction - this.#last.fraction));
    }
    this.#last = { at, fraction };
  }

  /** The job rested until then: that counts for nothing. */
  rest(at: number): void {
    this.#samples = [];
    if (this.#last !== null) this.#last.at = at;
  }

  #pass(time: number, progress: number): void {
    const kept = Math.exp(-time / CALM_MS);
    this.#time = this.#time * kept + time;
    this.#progress = this.#progress * kept + progress;
  }

  /** Bytes a second over the last seconds; null while there is too little to tell. */
  get rate(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < LEAST_RATE_MS) return null;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  /** Of the whole, so much in a millisecond, as the last minute or so went; null while there is too little to tell. */
  get speed(): number | null {
    return this.#time < LEAST_RATE_MS || this.#progress <= 0 ? null : this.#progress / this.#time;
  }
}

/** Milliseconds until the end when nothing has come for `silentMs`; null when nobody can tell. */
export function timeLeft(fraction: number, speed: number | null, silentMs = 0): number | null {
  if (speed === null || fraction >= 1 || silentMs > STILL_MS) return null;
  return (1 - fraction) / speed;
}

/** The rate that holds when nothing has come for `silentMs`: progress is told only where there is some. */
export function rateNow(rate: number | null, silentMs: number): number | null {
  return rate !== null && silentMs > RATE_MS ? 0 : rate;
}

/** A time that is left, no more exact than anybody can know: `about 12 min`. Null is too long or unknown. */
export function roughly(milliseconds: number | null): string | null {
  if (milliseconds === null || milliseconds > 30 * 24 * HOUR) return null;
  if (milliseconds < MINUTE) return 'under 1 min';
  if (milliseconds < HOUR) return `about ${Math.round(milliseconds / MINUTE)} min`;
  if (milliseconds < 10 * HOUR) {
    const tens = Math.round(milliseconds / (10 * MINUTE));
    const minutes = (tens % 6) * 10;
    return `about ${Math.floor(tens / 6)} h${minutes === 0 ? '' : ` ${minutes} min`}`;
  }
  if (milliseconds < 48 * HOUR) return `about ${Math.round(milliseconds / HOUR)} h`;
  return `about ${Math.round(milliseconds / (24 * HOUR))} days`;
}

/** While it is in one of these a job moves rows. */
const RUNS: ReadonlySet<JobState> = new Set(['running', 'pause-requested', 'cancel-requested']);

/** How long a job has run until then, by its state events, oldest first, in milliseconds; pauses don't count. */
export function ranFor(
  events: readonly Pick<JobEvent & { type: 'state' }, 'at' | 'state'>[],
  until: number,
): number {
  let ran = 0;
  let since: number | null = null;
  for (const { at, state } of events) {
    const time = Date.parse(at);
    if (RUNS.has(state)) since ??= time;
    else if (since !== null) {
      ran += Math.max(0, time - since);
      since = null;
    }
  }
  return since === null ? ran : ran + Math.max(0, until - since);
}
