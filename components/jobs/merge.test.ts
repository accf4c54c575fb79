import { expect, it } from 'vitest';
import type { JobId, JobView } from '../../server/jobs/job.ts';
import { mergeJobs } from './merge.ts';

function job(id: string, extra: Partial<JobView> = {}): JobView {
  return {
    id: id as JobId,
    kind: 'BACKUP',
    state: 'running',
    runningStatus: null,
    cluster: 'default',
    statement: '',
    user: 'root',
    location: '',
    moment: null,
    createdAt: '',
    startedAt: null,
    finishedAt: null,
    modifiedAt: '',
    fraction: 0,
    rows: 0,
    bytes: 0,
    storedBytes: 0,
    estimatedBytes: 0,
    progressedAt: null,
    attempt: 1,
    coordinator: null,
    error: null,
    ...extra,
  };
}

const ids = (jobs: JobView[]) => jobs.map((each) => each.id);

it('lists each job once, newest first, past what a double can tell apart', () => {
  const pages = [[job('9007199254740993'), job('9007199254740992')], [job('9')]];
  const newest = [job('10000000000000000'), job('9007199254740993')];
  expect(ids(mergeJobs(pages, newest, [], undefined))).toEqual([
    '10000000000000000',
    '9007199254740993',
    '9007199254740992',
    '9',
  ]);
});

it('takes the latest of what is running, but adds nothing that the filter left out', () => {
  const merged = mergeJobs(
    [[job('1')]],
    [],
    [job('1', { fraction: 0.7 }), job('2', { kind: 'RESTORE' })],
    undefined,
  );
  expect(merged).toHaveLength(1);
  expect(merged[0]?.fraction).toBe(0.7);
});

it('leaves out what has left the states that are asked for', () => {
  const ended = job('2', { state: 'succeeded', finishedAt: '2026-11-22T12:00:00Z', fraction: 1 });
  expect(ids(mergeJobs([[job('1'), job('2')]], [ended], [], 'active'))).toEqual(['1']);
  const paused = job('1', { state: 'paused' });
  expect(ids(mergeJobs([[job('1')]], [], [paused], 'running'))).toEqual([]);
  expect(ids(mergeJobs([[job('1')]], [], [paused], 'paused'))).toEqual(['1']);
});
