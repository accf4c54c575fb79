import type { JobProgress } from './job.ts';

const FIGURES = ['fraction', 'rows', 'bytes', 'storedBytes'] as const;

/**
 * How far a job is by what is told of it now: no figure goes back, since what a try had done that is repeated will be done
 * again. And whether any has moved.
 */
export function further(
  before: Pick<JobProgress, (typeof FIGURES)[number]>,
  told: JobProgress,
): { next: JobProgress; moved: boolean } {
  const next = { ...told, fraction: Math.min(1, told.fraction) };
  for (const figure of FIGURES) next[figure] = Math.max(before[figure], next[figure]);
  return { next, moved: FIGURES.some((figure) => next[figure] !== before[figure]) };
}
