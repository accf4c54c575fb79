import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobEvent } from '../../server/jobs/job.ts';
import { JobStream, timeLeft } from './stream.ts';

const start = Date.parse('2026-11-22T12:00:00Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();

function progress(seq: number, seconds: number, fraction: number, bytes: number): JobEvent {
  const figures = {
    fraction,
    rows: bytes,
    bytes,
    storedBytes: 0,
    estimatedBytes: 1000,
    runningStatus: 'exporting',
  };
  return { seq, at: at(seconds), type: 'progress', ...figures };
}

const running: JobEvent = { seq: 1, at: at(0), type: 'state', state: 'running', error: null };
const succeeded: JobEvent = { seq: 4, at: at(9), type: 'state', state: 'succeeded', error: null };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('JobStream', () => {
  it('takes each event once, whatever connection repeats it', () => {
    const stream = new JobStream();
    const first = [running, progress(2, 1, 0.1, 100)];
    expect(first.map((event) => stream.take(event))).toEqual([true, true]);
    const again = [running, progress(2, 1, 0.1, 100), progress(3, 2, 0.2, 200), succeeded];
    expect(again.map((event) => stream.take(event))).toEqual([false, false, true, true]);
    vi.runAllTimers();
    expect(stream.snapshot()).toMatchObject({ lastSeq: 4, state: 'succeeded' });
    expect(stream.snapshot().log.map((entry) => entry.seq)).toEqual([1, 4]);
  });

  it('tells listeners once for many events', () => {
    const stream = new JobStream();
    const listener = vi.fn();
    stream.subscribe(listener);
    for (let seq = 1; seq <= 5000; seq += 1) stream.take(progress(seq, seq / 100, seq / 5000, seq));
    vi.runAllTimers();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(stream.snapshot().figures).toMatchObject({ fraction: 1, bytes: 5000 });
  });

  it('never lets the bar go backwards', () => {
    const stream = new JobStream();
    stream.take(progress(1, 0, 0.5, 500));
    stream.take(progress(2, 1, 0.1, 50));
    vi.runAllTimers();
    expect(stream.snapshot().figures).toMatchObject({ fraction: 0.5, bytes: 50 });
  });

  it('takes the rate over the last seconds only', () => {
    const stream = new JobStream();
    stream.take(progress(1, 0, 0, 0));
    vi.runAllTimers();
    expect(stream.snapshot().rate).toBeNull();
    stream.take(progress(2, 100, 0.1, 100));
    stream.take(progress(3, 104, 0.2, 500));
    vi.runAllTimers();
    expect(stream.snapshot().rate).toBe(100);
  });
});

it('estimates the time left, and says nothing where it can’t', () => {
  const figures = {
    rows: 0,
    storedBytes: 0,
    runningStatus: null,
    fraction: 0.5,
    bytes: 500,
    estimatedBytes: 1000,
  };
  expect(timeLeft(figures, 100)).toBe(5000);
  expect(timeLeft(figures, 0)).toBeNull();
  expect(timeLeft(figures, null)).toBeNull();
  expect(timeLeft({ ...figures, bytes: 1200 }, 100)).toBeNull();
});
