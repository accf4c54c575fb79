import { describe, expect, it } from 'vitest';
import type { LayerFacts, LayerState, Part, TargetFacts } from './facts.ts';
import { judgeDatabases, judgeTarget, worstFirst } from './judge.ts';
import { LEVEL_WORDS, type Reason } from './verdict.ts';

const NOW = Date.parse('2026-11-27T12:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ago = (milliseconds: number) => new Date(NOW - milliseconds).toISOString();

const FULL = 's3://backups/bank-full';
const MONDAY = 's3://backups/bank-monday';

function part(other: Partial<Part> = {}): Part {
  const tables = ['public.accounts', 'public.customers'];
  return {
    url: MONDAY,
    type: 'incremental',
    at: ago(HOUR),
    jobId: '7',
    whole: true,
    tables,
    bytes: 1000,
    ...other,
  };
}

function pointOf(...parts: Part[]): TargetFacts['point'] {
  const at = parts.map((one) => one.at).sort()[0] ?? '';
  return { at, parts, bytes: 1000 };
}

function layers(...states: LayerState[]): LayerFacts[] {
  return states.map((state, place) => ({
    url: place === states.length - 1 && place > 0 ? MONDAY : place === 0 ? FULL : `${FULL}-${place}`,
    type: place === 0 ? 'full' : 'incremental',
    at: ago(HOUR),
    state,
    why: state === 'readable' ? null : `it is ${state}`,
  }));
}

/** A target that all is well with, but for what is said. */
function target(other: Partial<TargetFacts> = {}): TargetFacts {
  return {
    key: 'bank',
    cluster: 'prod',
    database: 'bank',
    source: { state: 'up' },
    present: true,
    point: pointOf(part()),
    chain: { url: MONDAY, newest: true, layers: layers('readable', 'readable') },
    pace: null,
    missing: [],
    verify: {
      jobId: '8',
      url: MONDAY,
      at: ago(30 * MINUTE),
      ofNewest: true,
      findings: 0,
      depth: 'checksums',
      outcome: 'sound',
    },
    drill: {
      jobId: '9',
      url: MONDAY,
      at: ago(2 * DAY),
      ofNewest: false,
      findings: 0,
      outcome: 'passed',
      on: 'prod',
    },
    deadline: { kind: 'at', at: ago(-20 * HOUR), table: 'bank.public.accounts', seconds: 90_000 },
    unprotected: { kind: 'known', tables: [], unsupported: [] },
    destination: {
      url: MONDAY,
      saved: { id: 'd', name: 'Nightly' },
      reachable: true,
      writable: true,
      testedAt: ago(DAY),
      why: null,
    },
    running: [],
    ...other,
  };
}

const verify = (other: object) => {
  const { verify: one } = target();
  if (one === null) throw new Error('it has one');
  return { ...one, ...other };
};
const drill = (other: object) => {
  const { drill: one } = target();
  if (one === null) throw new Error('it has one');
  return { ...one, ...other };
};

const INCREMENTAL = { kind: 'incremental', cluster: 'prod', url: MONDAY, before: ago(-20 * HOUR) };
const FULL_BACKUP = { kind: 'full-backup', cluster: 'prod', databases: ['bank'] };
const GONE = { source: { state: 'gone' } } as const;
const DOWN = { source: { state: 'down', why: 'nobody answers' }, present: null } as const;
const UNKNOWN = { kind: 'unknown', why: 'its cluster is not there to be asked.' } as const;

const cases: [string, Partial<TargetFacts>, string, string, unknown][] = [
  [
    'all is well',
    {},
    'ready',
    'It can be restored as of 2026-11-27 11:00 UTC, 60 minutes ago, and a drill and a verify have proved it.',
    null,
  ],
  [
    'the only backup is lost',
    { point: null, chain: { url: FULL, newest: true, layers: layers('lost') } },
    'lost',
    `Nothing can be restored: the backup ${FULL} is not where it was made (it is lost).`,
    FULL_BACKUP,
  ],
  [
    'the only backup is lost, and so is its cluster',
    { ...GONE, point: null, chain: { url: FULL, newest: true, layers: layers('lost') } },
    'lost',
    `Nothing can be restored: the backup ${FULL} is not where it was made (it is lost).`,
    { kind: 'restore-layer', url: FULL, layer: FULL },
  ],
  [
    'the destination is dead',
    { point: null, chain: { url: MONDAY, newest: true, layers: layers('unreachable', 'unreachable') } },
    'lost',
    `Nothing can be restored: layer 1 of the 2 of its chain, ${FULL}, can’t be reached (it is unreachable).`,
    { kind: 'mend-destination', url: FULL, saved: 'Nightly' },
  ],
  [
    'the destination is slow',
    { point: null, chain: { url: FULL, newest: true, layers: layers('unread') } },
    'unknown',
    `Not all of it has been read: the backup ${FULL} has not been answered for in time (it is unread).`,
    null,
  ],
  [
    'a layer is missing',
    {
      point: pointOf(part({ url: FULL, type: 'full', at: ago(26 * HOUR) })),
      chain: { url: MONDAY, newest: true, layers: layers('readable', 'lost', 'readable') },
    },
    'at-risk',
    `The newest backup can’t be restored: layer 2 of the 3 of its chain, ${FULL}-1, is not where it was made (it is lost). What can be is as of 2026-11-26 10:00 UTC, 26 hours ago.`,
    FULL_BACKUP,
  ],
  [
    'what is lost counts for more than what has not been read',
    { chain: { url: MONDAY, newest: true, layers: layers('unread', 'damaged') } },
    'at-risk',
    `The newest backup can’t be restored: layer 2 of the 2 of its chain, ${MONDAY}, is damaged (it is damaged). What can be is as of 2026-11-27 11:00 UTC, 60 minutes ago.`,
    FULL_BACKUP,
  ],
  [
    'the backup of some tables is lost',
    { chain: { url: FULL, newest: false, layers: layers('lost') } },
    'at-risk',
    `The newest backup of some of its tables can’t be restored: the backup ${FULL} is not where it was made (it is lost). What can be is as of 2026-11-27 11:00 UTC, 60 minutes ago.`,
    FULL_BACKUP,
  ],
  [
    'a verify found damage',
    { verify: verify({ outcome: 'damaged', findings: 2 }) },
    'at-risk',
    `The last verify, 30 minutes ago, found 2 things wrong with ${MONDAY}: a restore of it stops there.`,
    FULL_BACKUP,
  ],
  [
    'a verify found damage, and there is no cluster to make a new backup of',
    { ...GONE, verify: verify({ outcome: 'damaged', findings: 1 }) },
    'at-risk',
    `The last verify, 30 minutes ago, found 1 thing wrong with ${MONDAY}: a restore of it stops there.`,
    { kind: 'see-job', jobId: '8', why: 'failed' },
  ],
  [
    'a drill failed',
    { drill: drill({ outcome: 'failed', findings: 3 }) },
    'at-risk',
    `The last drill, of ${MONDAY}, failed: 3 things did not come back as it was.`,
    { kind: 'see-job', jobId: '9', why: 'failed' },
  ],
  [
    'no backup for more than a week',
    { point: pointOf(part({ at: ago(8 * DAY) })) },
    'at-risk',
    'The newest point is 8 days old: whatever has been written since would be lost.',
    INCREMENTAL,
  ],
  [
    'a backup was left out',
    { point: pointOf(part({ at: ago(25 * HOUR) })) },
    'due',
    'The newest point is 25 hours old: whatever has been written since would be lost.',
    INCREMENTAL,
  ],
  [
    'a backup was left out, and it is too late for an incremental one',
    {
      point: pointOf(part({ at: ago(30 * HOUR) })),
      deadline: { kind: 'at', at: ago(HOUR), table: 'bank.public.accounts', seconds: 90_000 },
    },
    'due',
    'The newest point is 30 hours old: whatever has been written since would be lost.',
    FULL_BACKUP,
  ],
  [
    'a backup was left out, and one is being made',
    {
      point: pointOf(part({ at: ago(25 * HOUR) })),
      running: [{ jobId: '11', kind: 'BACKUP', state: 'running' }],
    },
    'due',
    'The newest point is 25 hours old: whatever has been written since would be lost.',
    { kind: 'see-job', jobId: '11', why: 'running' },
  ],
  [
    'tables were backed up one by one, one of them long ago',
    {
      point: pointOf(
        part({ whole: false, tables: ['public.accounts'] }),
        part({ whole: false, tables: ['public.customers'], url: FULL, at: ago(3 * DAY) }),
      ),
    },
    'due',
    'The newest point is 3 days old: whatever has been written since would be lost. The oldest of its tables’ newest backups counts.',
    FULL_BACKUP,
  ],
  [
    'the time for an incremental backup is nearly over',
    {
      deadline: { kind: 'at', at: ago(-5 * HOUR), table: 'bank.public.accounts', seconds: 90_000 },
    },
    'due',
    'An incremental backup is possible for 5 hours more: then bank.public.accounts leaves its GC window, and the next must be a full one.',
    { ...INCREMENTAL, before: ago(-5 * HOUR) },
  ],
  [
    'the destination took no file',
    {
      destination: {
        url: MONDAY,
        saved: { id: 'd', name: 'Nightly' },
        reachable: true,
        writable: false,
        testedAt: ago(DAY),
        why: null,
      },
    },
    'due',
    'The last test of the destination “Nightly” failed: the next backup will not get there.',
    { kind: 'mend-destination', url: MONDAY, saved: 'Nightly' },
  ],
  [
    'tables are in no backup',
    {
      unprotected: {
        kind: 'known',
        tables: ['public.a', 'public.b', 'public."Käse"'],
        unsupported: [],
      },
    },
    'incomplete',
    '3 tables in bank are in no backup: public.a, public.b and public."Käse".',
    { kind: 'add-tables', cluster: 'prod', database: 'bank', on: MONDAY, tables: 3 },
  ],
  [
    'a table is in no backup, and no incremental one is possible',
    {
      unprotected: { kind: 'known', tables: ['public.a'], unsupported: [] },
      deadline: { kind: 'impossible', why: 'wal_level is replica' },
    },
    'incomplete',
    '1 table in bank is in no backup: public.a.',
    { kind: 'add-tables', cluster: 'prod', database: 'bank', on: null, tables: 1 },
  ],
  [
    'the backup lacks what it needs',
    { missing: ['Without a, b can’t be restored.', 'Without c, d can’t be restored.'] },
    'incomplete',
    'The backup lacks what it needs to be restored by itself: Without a, b can’t be restored. And 1 more such thing.',
    FULL_BACKUP,
  ],
  [
    'the cluster is down',
    { ...DOWN, unprotected: UNKNOWN, deadline: UNKNOWN },
    'unknown',
    'The cluster prod doesn’t answer: what it has that no backup has can’t be told, and no new backup can be made.',
    { kind: 'mend-cluster', cluster: 'prod' },
  ],
  [
    'the cluster is down, and the backup is late',
    { ...DOWN, unprotected: UNKNOWN, deadline: UNKNOWN, point: pointOf(part({ at: ago(2 * DAY) })) },
    'due',
    'The newest point is 2 days old: whatever has been written since would be lost.',
    { kind: 'mend-cluster', cluster: 'prod' },
  ],
  [
    'the database has not answered',
    { unprotected: { kind: 'unknown', why: 'the database has not answered in time.' } },
    'unknown',
    'Whether all tables of bank are in a backup could not be learnt: the database has not answered in time.',
    null,
  ],
  [
    'the cluster is gone, however old the backup',
    { ...GONE, unprotected: UNKNOWN, deadline: UNKNOWN, point: pointOf(part({ at: ago(90 * DAY) })) },
    'ready',
    'It can be restored as of 2026-08-29 12:00 UTC, 90 days ago, and a drill and a verify have proved it.',
    null,
  ],
  [
    'the database was dropped, however old the backup',
    { present: false, point: pointOf(part({ at: ago(90 * DAY) })), drill: null },
    'unproven',
    'It has never been restored in a drill: that it can be is not proved.',
    { kind: 'drill', url: MONDAY },
  ],
  [
    'fresh, and nothing is proved',
    { verify: null, drill: null },
    'unproven',
    'It has never been restored in a drill: that it can be is not proved.',
    { kind: 'drill', url: MONDAY },
  ],
  [
    'fresh, and a drill is running',
    { verify: null, drill: null, running: [{ jobId: '12', kind: 'DRILL', state: 'running' }] },
    'unproven',
    'It has never been restored in a drill: that it can be is not proved.',
    { kind: 'see-job', jobId: '12', why: 'running' },
  ],
  [
    'the drill is old',
    { drill: drill({ at: ago(31 * DAY) }) },
    'unproven',
    'The last drill was 31 days ago: it proves how things were then.',
    { kind: 'drill', url: MONDAY },
  ],
  [
    'it was never verified',
    { verify: null },
    'unproven',
    'Its files have never been verified: that they are whole is not proved.',
    { kind: 'verify', url: MONDAY },
  ],
  [
    'a drill of the newest backup has read all of it',
    { verify: null, drill: drill({ ofNewest: true }) },
    'ready',
    'It can be restored as of 2026-11-27 11:00 UTC, 60 minutes ago, and a drill has proved it.',
    null,
  ],
  [
    'the verify was of an older layer',
    { verify: verify({ ofNewest: false, url: FULL }) },
    'unproven',
    `The last verify, 30 minutes ago, was of ${FULL}, not of the newest backup: that has not been read since it was made.`,
    { kind: 'verify', url: MONDAY },
  ],
  [
    'the verify looked for files only',
    { verify: verify({ depth: 'files' }) },
    'unproven',
    'The last verify, 30 minutes ago, looked for files and their sizes only: what is in them has not been read.',
    { kind: 'verify', url: MONDAY },
  ],
  [
    'the verify is old',
    { verify: verify({ at: ago(8 * DAY) }) },
    'unproven',
    'The last verify, 8 days ago, is more than 7 days old: files may have decayed since.',
    { kind: 'verify', url: MONDAY },
  ],
];

describe('the verdict', () => {
  it.each(cases)('%s', (_, facts, level, words, action) => {
    const verdict = judgeTarget(target(facts), NOW);
    expect(verdict).toMatchObject({ level, words });
    expect(verdict.action).toEqual(action);
  });

  it('ranks what is the matter, and does what the worst of it asks for', () => {
    const verdict = judgeTarget(
      target({
        verify: null,
        drill: null,
        missing: ['Without a, b can’t be restored.'],
        point: pointOf(part({ at: ago(25 * HOUR) })),
        unprotected: {
          kind: 'known',
          tables: ['public.a'],
          unsupported: [{ name: 'public.f', why: 'foreign' }],
        },
        deadline: { kind: 'impossible', why: 'a slot is lacking.' },
      }),
      NOW,
    );
    expect(verdict.reasons.map(({ kind }) => kind)).toEqual([
      'unprotected-tables',
      'missing-dependencies',
      'late',
      'never-drilled',
      'never-verified',
      'cannot-be-backed-up',
      'next-is-full',
    ] satisfies Reason['kind'][]);
    expect(verdict.level).toBe('incomplete');
    expect(verdict.action?.kind).toBe('add-tables');
  });

  it('says nothing of tables where nothing can be restored, or was read', () => {
    const unprotected = { kind: 'known', tables: ['public.a'], unsupported: [] } as const;
    for (const chain of [layers('lost'), layers('unread')]) {
      const facts = target({
        point: null,
        chain: { url: FULL, newest: true, layers: chain },
        unprotected: { ...unprotected, tables: [...unprotected.tables], unsupported: [] },
      });
      expect(judgeTarget(facts, NOW).reasons.map(({ kind }) => kind)).not.toContain('unprotected-tables');
    }
  });

  it('tells of databases that are in no backup', () => {
    const running: [] = [];
    const facts = { key: 'prod', cluster: 'prod', unknown: null, running };
    expect(
      judgeDatabases({
        ...facts,
        databases: [
          { name: 'bank', tables: 7 },
          { name: 'shop', tables: null },
        ],
      }),
    ).toMatchObject({
      level: 'unprotected',
      words: '2 databases of prod are in no backup: bank (7 tables) and shop.',
      action: { kind: 'full-backup', cluster: 'prod', databases: ['bank', 'shop'] },
    });
    const many = Array.from({ length: 200 }, (_, n) => ({ name: `d${n}`, tables: null }));
    expect(judgeDatabases({ ...facts, databases: many }).words).toBe(
      '200 databases of prod are in no backup: d0, d1, d2, d3, d4 and 195 others.',
    );
    expect(judgeDatabases({ ...facts, databases: [], unknown: 'nobody answers.' })).toMatchObject({
      level: 'unknown',
      action: { kind: 'mend-cluster', cluster: 'prod' },
    });
  });

  it('calls each level by its name, and says what it means', () => {
    expect(judgeTarget(target(), NOW).name).toBe('Ready');
    for (const { name, meaning } of Object.values(LEVEL_WORDS)) {
      expect(name).not.toBe('');
      expect(meaning).toMatch(/\.$/);
    }
  });

  it('comes with the worst first, and of one level the oldest', () => {
    const entry = (database: string, other: Partial<TargetFacts>) => {
      const facts = target({ database, ...other });
      return { kind: 'target' as const, facts, verdict: judgeTarget(facts, NOW) };
    };
    const late = (database: string, hours: number) =>
      entry(database, { point: pointOf(part({ at: ago(hours * HOUR) })) });
    const facts = {
      key: 'prod',
      cluster: 'prod',
      databases: [{ name: 'x', tables: 1 }],
      unknown: null,
      running: [],
    };
    const none = { kind: 'databases' as const, facts, verdict: judgeDatabases(facts) };
    const sorted = worstFirst([entry('well', {}), late('new', 25), none, late('old', 30)]);
    expect(sorted.map((one) => (one.kind === 'target' ? one.facts.database : 'none'))).toEqual([
      'none',
      'old',
      'new',
      'well',
    ]);
  });
});
