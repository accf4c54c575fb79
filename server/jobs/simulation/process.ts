import type { Clock } from '../../clock.ts';
import type { Timeline } from './timeline.ts';

/** 2026-01-01, when all simulations begin. */
export const BEGINNING = Date.UTC(2026, 0, 1);

/** Timers are late by up to so many milliseconds. */
const LATE_MS = 5;

/** A process, whose code runs here: nothing that it waits for comes any more once it was killed, nor while it is frozen. */
export class Process {
  readonly name: string;
  /** Its own: the time of day may be wrong, and jump. */
  readonly clock: Clock;
  alive = true;
  frozenUntil = 0;
  /** What its time of day is wrong by. */
  skewMs = 0;

  constructor(name: string, timeline: Timeline) {
    this.name = name;
    this.clock = {
      now: () => new Date(BEGINNING + timeline.now + this.skewMs),
      elapsed: () => timeline.now,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) return resolve();
          const late = timeline.chance.next() * LATE_MS;
          const done = () => {
            cancel();
            signal?.removeEventListener('abort', done);
            resolve();
          };
          const cancel = timeline.after(ms + late, 'wakes', done, this);
          signal?.addEventListener('abort', done);
        }),
    };
  }
}
