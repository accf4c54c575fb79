import { setTimeout as timer } from 'node:timers/promises';

/** The time that a simulated cluster goes by: a test may have one of its own. */
export interface Clock {
  now(): Date;
  /** Waits so many milliseconds; rejects with the signal's reason, at once, when it aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** This machine's. Nothing that sleeps by it keeps the process alive. */
export const CLOCK: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => timer(milliseconds, undefined, { signal, ref: false }),
};

/** Waits until the signal aborts, and rejects with its reason. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
