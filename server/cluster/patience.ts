import { setTimeout as sleep } from 'node:timers/promises';
import type { HoldfastError } from '../errors.ts';

/** Answers what `work` does, or throws `late()` after that time; the work itself goes on, and fails unheard. */
export async function withPatience<T>(
  work: Promise<T>,
  milliseconds: number,
  late: () => HoldfastError,
): Promise<T> {
  const answered = new AbortController();
  work.catch(() => undefined);
  const deadline = sleep(milliseconds, undefined, { signal: answered.signal }).then(() => {
    throw late();
  });
  // Told by the race, or of no interest any more.
  deadline.catch(() => undefined);
  try {
    return await Promise.race([work, deadline]);
  } finally {
    answered.abort();
  }
}
