import { coverageReasons, databasesReason } from './coverage.ts';
import { currencyReasons } from './currency.ts';
import type { RunningFacts, TargetFacts, UnprotectedDatabases } from './facts.ts';
import { restorableReasons } from './restorable.ts';
import { unprovenReasons } from './unproven.ts';
import {
  type Action,
  LEVEL_WORDS,
  type Level,
  rankOf,
  type ReadinessEntry,
  type Reason,
  type Verdict,
} from './verdict.ts';
import { minuteWords, spanWords } from './words.ts';

/** Could it be restored now, to when, and how is that known: what the facts of a target come to. Pure. */
export function judgeTarget(facts: TargetFacts, now: number): Verdict {
  const reasons = [
    ...restorableReasons(facts, now),
    ...coverageReasons(facts, now),
    ...currencyReasons(facts, now),
    ...unprovenReasons(facts, now),
  ];
  const verdict = verdictOf(reasons, facts.running);
  if (verdict.level !== 'ready' || facts.point === null) return verdict;
  return {
    ...verdict,
    words: `It can be restored as of ${minuteWords(facts.point.at)}, ${spanWords(now - Date.parse(facts.point.at))} ago, and ${facts.verify?.ofNewest === true ? 'a drill and a verify have' : 'a drill has'} proved it.`,
  };
}

/** What databases come to that no backup has. Pure. */
export function judgeDatabases(facts: UnprotectedDatabases): Verdict {
  return verdictOf([databasesReason(facts)], facts.running);
}

function verdictOf(all: readonly Reason[], running: readonly RunningFacts[]): Verdict {
  const reasons = all
    .toSorted((one, other) => rankOf(one.level) - rankOf(other.level))
    .map((reason) => ({ ...reason, action: underWay(reason.action, running) }));
  const [worst] = reasons;
  const level: Level = worst === undefined || worst.level === 'note' ? 'ready' : worst.level;
  return {
    level,
    name: LEVEL_WORDS[level].name,
    words: level === 'ready' ? LEVEL_WORDS.ready.meaning : (worst?.words ?? ''),
    reasons,
    action: reasons.find((reason) => reason.action !== null)?.action ?? null,
  };
}

/** What is being done already is watched, not begun once more. */
function underWay(action: Action | null, running: readonly RunningFacts[]): Action | null {
  if (action === null) return null;
  const kind = DONE_BY[action.kind];
  const job = running.find((one) => one.kind === kind);
  return job === undefined ? action : { kind: 'see-job', jobId: job.jobId, why: 'running' };
}

const DONE_BY: Partial<Record<Action['kind'], RunningFacts['kind']>> = {
  'full-backup': 'BACKUP',
  incremental: 'BACKUP',
  'add-tables': 'BACKUP',
  verify: 'VERIFY',
  drill: 'DRILL',
};

/** The worst first; of one level, the longest unprotected. */
export function worstFirst(entries: readonly ReadinessEntry[]): ReadinessEntry[] {
  const at = (entry: ReadinessEntry): string =>
    entry.kind === 'target' ? (entry.facts.point?.at ?? '') : '';
  const name = ({ kind, facts }: ReadinessEntry): string =>
    JSON.stringify([facts.cluster, kind === 'target' ? facts.database : '']);
  return entries.toSorted(
    (one, other) =>
      rankOf(one.verdict.level) - rankOf(other.verdict.level) ||
      compare(at(one), at(other)) ||
      compare(name(one), name(other)),
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
