import type { Clock } from '../clock.ts';
import { isOutage } from '../metadata/outage.ts';

/** How long who asks waits for a metadata store that is away: its restart should cost nobody's work. */
const ENDURED_MS = 90_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/**
 * The same ledger, whose methods wait for the metadata store while it is away, and ask again. All of them may be asked again: what was
 * done, and only couldn't be answered, isn't done twice.
 */
export function enduring<T extends object>(ledger: T, clock: Clock): T {
  return new Proxy(ledger, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        const ask = (): unknown => Reflect.apply(value, target, given);
        const answer = ask();
        return answer instanceof Promise ? answered(answer, ask, clock) : answer;
      };
    },
  });
}

async function answered(first: Promise<unknown>, ask: () => unknown, clock: Clock): Promise<unknown> {
  const until = clock.elapsed() + ENDURED_MS;
  let answer: unknown = first;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await answer;
    } catch (error) {
      if (!isOutage(error) || clock.elapsed() + wait > until) throw error;
      await clock.sleep(wait);
      answer = ask();
    }
  }
}
