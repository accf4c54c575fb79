import type { BaseCandidate } from '../../server/backup/selection.ts';
import { printName } from '../../server/cluster/names.ts';
import { formatDuration, formatWindow, plural } from '../format.ts';

/** What speaks against building on a backup now, in words; null when nothing does. `now` is 0 while nobody knows it. */
export function drawbackOf({ problem, deadline }: BaseCandidate, now: number): string | null {
  if (problem !== null || deadline === null) return problem;
  const late = now - Date.parse(deadline.at);
  if (now === 0 || late < 0) return null;
  return `Too old: ${printName(deadline.table)} left its GC window (${formatWindow(deadline.seconds)}) ${late < 1000 ? 'just now' : `${formatDuration(late)} ago`}.`;
}

/** The one to build on unless somebody wants another: the least has changed since. */
export function newestUsable(candidates: readonly BaseCandidate[], now: number): BaseCandidate | undefined {
  return candidates.find((candidate) => drawbackOf(candidate, now) === null);
}

/** Why the chosen chain can't be built on any more, in words; null when it can, or nothing is chosen or known yet. */
export function lostBase(
  bases: readonly string[] | null,
  candidates: readonly BaseCandidate[] | undefined,
  now: number,
): string | null {
  const chosen = bases?.at(-1);
  if (chosen === undefined || candidates === undefined) return null;
  const found = candidates.find(({ url }) => url === chosen);
  return found === undefined
    ? `The backup at ${chosen} is not there any more, or can’t be read.`
    : drawbackOf(found, now);
}

/** Which of the selected tables a base has; the others are stored whole. */
export function tablesHeld({ tables, selected }: BaseCandidate): string {
  if (tables >= selected) {
    return selected === 1 ? 'Has the selected table.' : `Has all ${plural(selected, 'selected table')}.`;
  }
  const lacking = selected - tables;
  return `Lacks ${lacking} of the ${plural(selected, 'selected table')}, which will be stored whole.`;
}
