import type { JobError, JobEvent, JobProgress, JobState } from '../../server/jobs/job.ts';

/** What the event log lists: everything but figures. */
export type LogEntry = Exclude<JobEvent, { type: 'progress' }>;

export interface JobStreamSnapshot {
  /** Number of the last event taken in; 0 before any. */
  lastSeq: number;
  state: JobState | null;
  error: JobError | null;
  figures: JobProgress | null;
  /** Oldest first. */
  log: readonly LogEntry[];
  /** Bytes of rows a second over the last seconds; null while there is too little to tell. */
  rate: number | null;
}

/** Over how long the current rate is taken, in milliseconds. */
const RATE_WINDOW = 15_000;

/** Renders are at most this often, whatever arrives: a page opened late gets thousands of events at once. */
const FLUSH_MS = 120;

const EMPTY: JobStreamSnapshot = { lastSeq: 0, state: null, error: null, figures: null, log: [], rate: null };

/**
 * A job's events as one picture. It takes each event once, by its number, however many connections bring it, and
 * outlives them: a new connection says `lastSeq` and goes on after it.
 */
export class JobStream {
  #lastSeq = 0;
  #state: JobState | null = null;
  #error: JobError | null = null;
  #figures: JobProgress | null = null;
  readonly #log: LogEntry[] = [];
  #samples: { at: number; bytes: number }[] = [];
  #snapshot = EMPTY;
  #flushing = false;
  readonly #listeners = new Set<() => void>();

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Takes an event in; false when it was known already. */
  take(event: JobEvent): boolean {
    if (event.seq <= this.#lastSeq) return false;
    this.#lastSeq = event.seq;
    if (event.type === 'progress') {
      const fraction = Math.max(event.fraction, this.#figures?.fraction ?? 0);
      const { rows, bytes, storedBytes, estimatedBytes, runningStatus } = event;
      this.#figures = { fraction, rows, bytes, storedBytes, estimatedBytes, runningStatus };
      this.#sample(Date.parse(event.at), bytes);
    } else {
      this.#log.push(event);
      if (event.type === 'state') {
        this.#state = event.state;
        this.#error = event.error;
      }
    }
    if (!this.#flushing) {
      this.#flushing = true;
      setTimeout(this.#flush, FLUSH_MS);
    }
    return true;
  }

  #sample(at: number, bytes: number) {
    const last = this.#samples.at(-1);
    // Fewer bytes than before: the job began anew with another moment.
    if (last !== undefined && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ at, bytes });
    this.#samples = this.#samples.filter((sample) => sample.at >= at - RATE_WINDOW);
  }

  #rate(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 500) return null;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  readonly #flush = () => {
    this.#flushing = false;
    this.#snapshot = {
      lastSeq: this.#lastSeq,
      state: this.#state,
      error: this.#error,
      figures: this.#figures,
      log: [...this.#log],
      rate: this.#rate(),
    };
    for (const listener of this.#listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): JobStreamSnapshot => this.#snapshot;
}

/** Milliseconds until the end at this rate; null when nobody can tell. */
export function timeLeft(figures: JobProgress, rate: number | null): number | null {
  const left = figures.estimatedBytes - figures.bytes;
  if (rate === null || rate <= 0 || left <= 0 || figures.fraction >= 1) return null;
  return (left / rate) * 1000;
}
