import type { TargetFacts } from './facts.ts';
import { fullBackup } from './restorable.ts';
import { DEADLINE_NEAR_MS, LATE_MS, VERY_LATE_MS } from './thresholds.ts';
import type { Action, Reason } from './verdict.ts';
import { minuteWords, spanWords } from './words.ts';

/** What would be lost now, and what stands in the way of losing less. */
export function currencyReasons(facts: TargetFacts, now: number): Reason[] {
  return [
    ...lateReason(facts, now),
    ...deadlineReason(facts, now),
    ...writableReason(facts),
    ...sourceReason(facts),
  ];
}

function lateReason(facts: TargetFacts, now: number): Reason[] {
  const { point, source, present } = facts;
  // Nothing is lost any more of what isn't there; and nobody can say of what isn't known here.
  if (point === null || source.state === 'gone' || present === false) return [];
  const age = now - Date.parse(point.at);
  if (age <= LATE_MS) return [];
  const very = age > VERY_LATE_MS;
  const oldest = point.parts.length > 1 ? ' The oldest of its tables’ newest backups counts.' : '';
  return [
    {
      level: very ? 'at-risk' : 'due',
      kind: very ? 'very-late' : 'late',
      words: `The newest point is ${spanWords(age)} old: whatever has been written since would be lost.${oldest}`,
      action: newBackup(facts, now),
    },
  ];
}

/** The cheapest backup that makes the newest point new: an incremental one where that is possible. */
export function newBackup(facts: TargetFacts, now: number): Action | null {
  const whole = fullBackup(facts);
  const base = baseOf(facts, now);
  if (whole === null || base === null) return whole;
  return { kind: 'incremental', cluster: facts.cluster, ...base };
}

/** The backup that an incremental one of this target can build on; null where none can, or that isn't known. */
export function baseOf(
  { point, deadline, source }: TargetFacts,
  now: number,
): { url: string; before: string | null } | null {
  const [newest, ...others] = point?.parts ?? [];
  if (newest === undefined || others.length > 0 || source.state !== 'up') return null;
  if (deadline.kind === 'unlimited') return { url: newest.url, before: null };
  return deadline.kind === 'at' && Date.parse(deadline.at) > now
    ? { url: newest.url, before: deadline.at }
    : null;
}

function deadlineReason(facts: TargetFacts, now: number): Reason[] {
  const { deadline } = facts;
  if (facts.source.state !== 'up' || facts.present === false || facts.point === null) return [];
  const next = { kind: 'next-is-full', level: 'note', action: null } as const;
  if (deadline.kind === 'impossible')
    return [{ ...next, words: `The next backup must be a full one: ${deadline.why}` }];
  if (deadline.kind !== 'at') return [];
  const left = Date.parse(deadline.at) - now;
  if (left <= 0)
    return [
      {
        ...next,
        words: `The next backup must be a full one: ${deadline.table} left its GC window at ${minuteWords(deadline.at)}.`,
      },
    ];
  if (left > DEADLINE_NEAR_MS) return [];
  return [
    {
      level: 'due',
      kind: 'deadline-near',
      words: `An incremental backup is possible for ${spanWords(left)} more: then ${deadline.table} leaves its GC window, and the next must be a full one.`,
      action: newBackup(facts, now),
    },
  ];
}

function writableReason({ destination }: TargetFacts): Reason[] {
  if (destination?.writable !== false) return [];
  const saved = destination.saved?.name ?? null;
  return [
    {
      level: 'due',
      kind: 'not-writable',
      words: `The last test of the destination ${saved === null ? destination.url : `“${saved}”`} failed: the next backup will not get there.`,
      action: { kind: 'mend-destination', url: destination.url, saved },
    },
  ];
}

function sourceReason({ source, present, cluster, database }: TargetFacts): Reason[] {
  if (source.state === 'down')
    return [
      {
        level: 'unknown',
        kind: 'source-down',
        words: `The cluster ${cluster} doesn’t answer: what it has that no backup has can’t be told, and no new backup can be made.`,
        action: { kind: 'mend-cluster', cluster },
      },
    ];
  if (source.state === 'gone')
    return [
      {
        level: 'note',
        kind: 'source-gone',
        words: `No registered cluster is the one that this is a backup of (${cluster}): it can be restored into another, and nothing newer can be made from here.`,
        action: null,
      },
    ];
  if (present === false)
    return [
      {
        level: 'note',
        kind: 'database-gone',
        words: `The cluster has no database ${database} any more: the backups are all that is left of it.`,
        action: null,
      },
    ];
  return [];
}
