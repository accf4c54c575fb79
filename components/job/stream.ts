import { isFinal } from '../../server/jobs/job.ts';
import type { JobError, JobEvent, JobProgress, JobState } from '../../server/jobs/job.ts';
import { Pace, ranFor } from './pace.ts';

/** What the event log lists: everything but figures. */
export type LogEntry = Exclude<JobEvent, { type: 'progress' }>;
export type StateEntry = Extract<JobEvent, { type: 'state' }>;

export interface JobStreamSnapshot {
  /** Number of the last event taken in; 0 before any. */
  lastSeq: number;
  state: JobState | null;
  error: JobError | null;
  figures: JobProgress | null;
  /** Oldest first. */
  log: readonly LogEntry[];
  /** The states that it came to, oldest first. */
  states: readonly StateEntry[];
  /** Bytes of rows a second over the last seconds; null while there is too little to tell. */
  rate: number | null;
  /** Of the whole, so much in a millisecond; null while there is too little to tell. */
  speed: number | null;
  /** When progress came in last, by this browser's clock; null before any. */
  heardAt: number | null;
}

/** Renders are at most this often, whatever arrives. */
const FLUSH_MS = 120;

const EMPTY: JobStreamSnapshot = {
  lastSeq: 0,
  state: null,
  error: null,
  figures: null,
  log: [],
  states: [],
  rate: null,
  speed: null,
  heardAt: null,
};

/**
 * A job's events as one picture. It takes each event once, by its number, however many connections bring it, and
 * outlives them: a new connection says `lastSeq` and goes on after it. Numbers may be missing: of old progress only
 * some is kept.
 */
export class JobStream {
  #lastSeq = 0;
  #state: JobState | null = null;
  #error: JobError | null = null;
  #figures: JobProgress | null = null;
  #log: readonly LogEntry[] = [];
  #states: readonly StateEntry[] = [];
  #heardAt: number | null = null;
  readonly #pace = new Pace();
  #snapshot = EMPTY;
  #flushing = false;
  readonly #listeners = new Set<() => void>();

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Takes in events, in order; answers how many of them were new. */
  take(events: readonly JobEvent[]): number {
    const lines: LogEntry[] = [];
    let taken = 0;
    for (const event of events) {
      if (event.seq <= this.#lastSeq) continue;
      this.#lastSeq = event.seq;
      taken += 1;
      if (event.type === 'progress') this.#takeProgress(event);
      else {
        lines.push(event);
        if (event.type === 'state') this.#takeState(event);
      }
    }
    if (lines.length > 0) this.#log = [...this.#log, ...lines];
    if (taken > 0 && !this.#flushing) {
      this.#flushing = true;
      setTimeout(this.#flush, FLUSH_MS);
    }
    return taken;
  }

  #takeState(event: StateEntry): void {
    this.#state = event.state;
    this.#error = event.error;
    this.#states = [...this.#states, event];
    if (event.state === 'running') this.#pace.rest(Date.parse(event.at));
  }

  #takeProgress(event: Extract<JobEvent, { type: 'progress' }>): void {
    const fraction = Math.max(event.fraction, this.#figures?.fraction ?? 0);
    const { rows, bytes, storedBytes, estimatedBytes, runningStatus } = event;
    this.#figures = { fraction, rows, bytes, storedBytes, estimatedBytes, runningStatus };
    this.#heardAt = Date.now();
    const at = Date.parse(event.at);
    this.#pace.take(at, bytes, fraction, ranFor(this.#states, at));
  }

  readonly #flush = () => {
    this.#flushing = false;
    const over = this.#state !== null && isFinal(this.#state);
    this.#snapshot = {
      lastSeq: this.#lastSeq,
      state: this.#state,
      error: this.#error,
      figures: this.#figures,
      log: this.#log,
      states: this.#states,
      rate: over ? null : this.#pace.rate,
      speed: over ? null : this.#pace.speed,
      heardAt: this.#heardAt,
    };
    for (const listener of this.#listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): JobStreamSnapshot => this.#snapshot;
}
