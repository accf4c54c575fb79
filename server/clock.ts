import { setTimeout as timer } from 'node:timers/promises';

/** What time it is, and waiting for it: injected, so that tests have a time of their own. */
export interface Clock {
  /** The time of day. May jump, and differs between machines: for people, never to measure or to compare by. */
  now: () => Date;
  /** Milliseconds since some beginning; never jumps. */
  elapsed: () => number;
  /** Resolves after so many milliseconds, or once the signal aborts. Never rejects. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => timer(ms, undefined, signal && { signal }).catch(() => undefined),
};

/** Something that is done over and over. */
export interface Repeating {
  /** No further time; resolves once the one that is under way has ended. */
  stop(): Promise<void>;
}

/**
 * Does something every `ms` milliseconds, one time after the other; the first time after `ms`, which is asked for anew each time
 * where it is a function. The work must not throw.
 */
export function repeat(clock: Clock, ms: number | (() => number), work: () => Promise<void>): Repeating {
  const over = new AbortController();
  const going = (async () => {
    for (;;) {
      await clock.sleep(typeof ms === 'number' ? ms : ms(), over.signal);
      if (over.signal.aborted) return;
      await work();
    }
  })();
  return {
    stop: () => {
      over.abort();
      return going;
    },
  };
}
