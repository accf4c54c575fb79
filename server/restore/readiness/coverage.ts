import { baseOf } from './currency.ts';
import type { TargetFacts, UnprotectedDatabases } from './facts.ts';
import { fullBackup } from './restorable.ts';
import type { Reason } from './verdict.ts';
import { countWords, listWords } from './words.ts';

/** What is in no backup, and what backups lack to be restored by themselves. */
export function coverageReasons(facts: TargetFacts, now: number): Reason[] {
  if (facts.source.state !== 'up' || facts.present === false) return missingReason(facts);
  return [...unprotectedReason(facts, now), ...missingReason(facts), ...presenceReason(facts)];
}

function unprotectedReason(facts: TargetFacts, now: number): Reason[] {
  const { unprotected, database, cluster, point, chain } = facts;
  // That nothing can be restored, or that a backup has not been read yet, is told by itself.
  if (point === null || chain?.layers.some(({ state }) => state === 'unread') === true) return [];
  if (unprotected.kind === 'unknown')
    return [
      {
        level: 'unknown',
        kind: 'not-learnt',
        words: `Whether all tables of ${database} are in a backup could not be learnt: ${unprotected.why}`,
        action: null,
      },
    ];
  const reasons: Reason[] = [];
  const { tables, unsupported } = unprotected;
  const broken = chain?.layers.some(({ state }) => state !== 'readable') === true;
  if (tables.length > 0)
    reasons.push({
      level: 'incomplete',
      kind: 'unprotected-tables',
      words: `${countWords(tables.length, 'table')} in ${database} ${tables.length === 1 ? 'is' : 'are'} in no backup${broken ? ' that can be restored' : ''}: ${listWords(tables)}.`,
      action: {
        kind: 'add-tables',
        cluster,
        database,
        on: baseOf(facts, now)?.url ?? null,
        tables: tables.length,
      },
    });
  if (unsupported.length > 0)
    reasons.push({
      level: 'note',
      kind: 'cannot-be-backed-up',
      words: `${countWords(unsupported.length, 'table')} in ${database} can’t be backed up: ${listWords(unsupported.map(({ name, why }) => `${name} (${why})`))}.`,
      action: null,
    });
  return reasons;
}

/** Told one by one on the page; the reason has the first. */
function missingReason(facts: TargetFacts): Reason[] {
  const [first, ...others] = facts.missing;
  if (first === undefined) return [];
  return [
    {
      level: 'incomplete',
      kind: 'missing-dependencies',
      words: `The backup lacks what it needs to be restored by itself: ${first}${others.length > 0 ? ` And ${countWords(others.length, 'more such thing')}.` : ''}`,
      action: fullBackup(facts),
    },
  ];
}

function presenceReason({ present, database, cluster }: TargetFacts): Reason[] {
  if (present !== null) return [];
  return [
    {
      level: 'unknown',
      kind: 'not-learnt',
      words: `Whether ${cluster} still has the database ${database} could not be learnt in time.`,
      action: null,
    },
  ];
}

/** What to say of databases that are in no backup at all. */
export function databasesReason({ cluster, databases, unknown }: UnprotectedDatabases): Reason {
  if (unknown !== null)
    return {
      level: 'unknown',
      kind: 'source-down',
      words: `No known backup is of the cluster ${cluster}, and what it has can’t be told: ${unknown}`,
      action: { kind: 'mend-cluster', cluster },
    };
  const names = databases.map(({ name, tables }) =>
    tables === null ? name : `${name} (${countWords(tables, 'table')})`,
  );
  return {
    level: 'unprotected',
    kind: 'unprotected-databases',
    words: `${countWords(databases.length, 'database')} of ${cluster} ${databases.length === 1 ? 'is' : 'are'} in no backup: ${listWords(names)}.`,
    action: { kind: 'full-backup', cluster, databases: databases.map(({ name }) => name) },
  };
}
