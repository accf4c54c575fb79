import type { TargetFacts } from './facts.ts';
import { DRILL_STALE_MS, VERIFY_STALE_MS } from './thresholds.ts';
import type { Reason } from './verdict.ts';
import { spanWords } from './words.ts';

/** What no drill and no verify has proved lately of the newest point. */
export function unprovenReasons(facts: TargetFacts, now: number): Reason[] {
  const url = facts.point?.parts[0]?.url;
  if (url === undefined) return [];
  const drill = undrilled(facts, now);
  const verify = unverified(facts, now);
  return [
    ...(drill === null
      ? []
      : [{ ...drill, level: 'unproven' as const, action: { kind: 'drill' as const, url } }]),
    ...(verify === null
      ? []
      : [{ ...verify, level: 'unproven' as const, action: { kind: 'verify' as const, url } }]),
  ];
}

type Lack = Pick<Reason, 'kind' | 'words'>;

/** A drill of any backup of the target counts: it proves that what is backed up in this way comes back. */
function undrilled({ drill }: TargetFacts, now: number): Lack | null {
  if (drill === null)
    return {
      kind: 'never-drilled',
      words: 'It has never been restored in a drill: that it can be is not proved.',
    };
  const age = now - Date.parse(drill.at);
  if (age <= DRILL_STALE_MS) return null;
  return {
    kind: 'drill-old',
    words: `The last drill was ${spanWords(age)} ago: it proves how things were then.`,
  };
}

/** A verify counts for the layers that it read only. */
function unverified({ verify, drill }: TargetFacts, now: number): Lack | null {
  // A drill of the newest layer has read every byte of the chain too, checksums and all.
  if (drill?.outcome === 'passed' && drill.ofNewest && now - Date.parse(drill.at) <= VERIFY_STALE_MS)
    return null;
  if (verify === null)
    return {
      kind: 'never-verified',
      words: 'Its files have never been verified: that they are whole is not proved.',
    };
  // That it found damage is told elsewhere.
  if (verify.outcome === 'damaged') return null;
  const age = now - Date.parse(verify.at);
  const last = `The last verify, ${spanWords(age)} ago,`;
  if (!verify.ofNewest)
    return {
      kind: 'verify-stale',
      words: `${last} was of ${verify.url}, not of the newest backup: that has not been read since it was made.`,
    };
  if (verify.depth === 'files')
    return {
      kind: 'verify-stale',
      words: `${last} looked for files and their sizes only: what is in them has not been read.`,
    };
  if (age <= VERIFY_STALE_MS) return null;
  return { kind: 'verify-stale', words: `${last} is more than 7 days old: files may have decayed since.` };
}
