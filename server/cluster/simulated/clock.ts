import { setTimeout as timer } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';

/** The time that a simulated cluster goes by: a test may have one of its own. */
export type SimulationClock = Pick<Clock, 'now' | 'sleep'>;

/** This machine's. What sleeps by it doesn't keep the process alive: a moment is held for hours. */
export const CLOCK: SimulationClock = {
  now: () => new Date(),
  sleep: (ms, signal) => timer(ms, undefined, { signal, ref: false }).catch(() => undefined),
};

/** Waits so many milliseconds; rejects with the signal's reason as soon as it aborts. */
export async function wait(clock: SimulationClock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await clock.sleep(ms, signal);
  signal.throwIfAborted();
}

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
