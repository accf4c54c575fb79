import { LEVEL_WORDS, LEVELS, type Level } from '../../server/restore/readiness/verdict.ts';
import type { ReadinessEntry } from './use-readiness.ts';

/** How many there are of each verdict, the worst first. */
export function countsOf(
  entries: readonly ReadinessEntry[],
): { level: Level; name: string; count: number }[] {
  return LEVELS.flatMap((level) => {
    const count = entries.filter(({ verdict }) => verdict.level === level).length;
    return count === 0 ? [] : [{ level, name: LEVEL_WORDS[level].name.toLowerCase(), count }];
  });
}
