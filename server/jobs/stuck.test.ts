import { describe, expect, it } from 'vitest';
import type { JobError } from './job.ts';
import { spanWords, stuckWords, troubleWord } from './stuck.ts';
import type { StuckFacts, StuckTask } from './stuck.ts';

const MINUTE = 60_000;
const timeout: JobError = {
  code: 'cluster-unavailable',
  message: 'reading range 120 of shop.public.orders from node 3: timeout',
  hint: 'Check that node 3 answers.',
};
const task: StuckTask = {
  id: 7,
  table: { database: 'shop', schema: 'public', name: 'orders' },
  node: '3',
  ranges: { first: 119, last: 119 },
  running: true,
  tries: 2,
  engine: 'a/1',
  engineGone: false,
  trouble: timeout,
};
const facts: StuckFacts = {
  state: 'running',
  runningStatus: 'exporting',
  idleMs: 4 * MINUTE + 20_000,
  coordinator: { name: 'a/1', gone: false },
  engines: 2,
  waiting: 12,
  task,
};
const titleOf = (changed: Partial<StuckFacts>) => stuckWords({ ...facts, ...changed })?.title;

describe('what a job is stuck on', () => {
  it('names the range, the table, the node and the reason', () => {
    expect(stuckWords(facts)).toEqual({
      title: 'Stuck for 4 min on range 120 of orders, node 3 (timeout)',
      hint: 'Tried 2 times, the last time: reading range 120 of shop.public.orders from node 3: timeout. Check that node 3 answers.',
    });
    expect(titleOf({ task: { ...task, running: false } })).toBe(
      'Stuck for 4 min on range 120 of orders, node 3 (timeout)',
    );
  });

  it('names several ranges, and rows that are loaded', () => {
    const several = { ...task, ranges: { first: 0, last: 49 }, trouble: null, tries: 1 };
    expect(titleOf({ task: several })).toBe('Stuck for 4 min on ranges 1 to 50 of orders, node 3');
    expect(stuckWords({ ...facts, task: several })?.hint).toContain('a lock on the table');
    expect(
      titleOf({ task: { ...task, ranges: null, node: null, table: { ...task.table, name: 'Odd one' } } }),
    ).toBe('Stuck for 4 min on task 7, rows of "Odd one" (timeout)');
  });

  it('says that an engine is gone, whatever went wrong before', () => {
    expect(titleOf({ task: { ...task, engineGone: true } })).toBe(
      'Stuck for 4 min on range 120 of orders, node 3 (engine a/1 is gone)',
    );
    expect(titleOf({ coordinator: { name: 'a/1', gone: true } })).toBe(
      'Its engine a/1 is gone: nothing has moved for 4 min',
    );
  });

  it('says that no engine takes the tasks, or the job', () => {
    const none = { task: null, engines: 0 };
    expect(titleOf(none)).toBe('No engine has taken a task for 4 min');
    expect(stuckWords({ ...facts, ...none })?.hint).toContain('No engine is running.');
    for (const state of ['pending', 'resuming'] as const) {
      expect(titleOf({ ...none, state, coordinator: null })).toBe('No engine has taken the job for 4 min');
    }
    expect(titleOf({ ...none, state: 'cancel-requested', coordinator: null })).toBe(
      'No engine has the job: nothing has moved for 4 min',
    );
  });

  it('names the step where no task is left', () => {
    expect(titleOf({ task: null, waiting: 0, runningStatus: 'building indexes' })).toBe(
      'Nothing has moved for 4 min: building indexes',
    );
  });

  it('says nothing too early, of a job that may rest, or of one that somebody stops right now', () => {
    expect(stuckWords({ ...facts, idleMs: MINUTE - 1 })).toBeNull();
    for (const state of [
      'paused',
      'succeeded',
      'failed',
      'canceled',
      'reverting',
      'pause-requested',
    ] as const) {
      expect(stuckWords({ ...facts, state }), state).toBeNull();
    }
  });
});

it('says what went wrong in a word or two', () => {
  expect(troubleWord(timeout)).toBe('timeout');
  expect(troubleWord({ ...timeout, message: 'canceling statement: it timed out' })).toBe('timeout');
  expect(troubleWord({ ...timeout, message: 'connection refused' })).toBe('the cluster does not answer');
  expect(troubleWord({ code: 'storage-full', message: 'no space left', hint: null })).toBe(
    'the storage is full',
  );
  expect(troubleWord({ code: 'internal', message: 'oops', hint: null })).toBe('errors');
});

it.each([
  [75_000, '75 s'],
  [2 * MINUTE, '2 min'],
  [119 * MINUTE, '119 min'],
  [125 * MINUTE, '2 h 05 min'],
  [72 * 60 * MINUTE, '3 d'],
])('writes %d ms as %s', (milliseconds, words) => {
  expect(spanWords(milliseconds)).toBe(words);
});
