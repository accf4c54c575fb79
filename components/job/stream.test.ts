import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobEvent, JobState } from '../../server/jobs/job.ts';
import { JobStream } from './stream.ts';

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

function state(seq: number, seconds: number, to: JobState): JobEvent {
  return { seq, at: at(seconds), type: 'state', state: to, error: null };
}

const running = state(1, 0, 'running');
const succeeded = state(4, 9, 'succeeded');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('JobStream', () => {
  it('takes each event once, whatever connection repeats it', () => {
    const stream = new JobStream();
    expect(stream.take([running, progress(2, 1, 0.1, 100)])).toBe(2);
    const again = [running, progress(2, 1, 0.1, 100), progress(3, 2, 0.2, 200), succeeded];
    expect(stream.take(again)).toBe(2);
    vi.runAllTimers();
    expect(stream.snapshot()).toMatchObject({ lastSeq: 4, state: 'succeeded' });
    expect(stream.snapshot().log.map((entry) => entry.seq)).toEqual([1, 4]);
  });

  it('takes numbers as they come, also where some are missing', () => {
    const stream = new JobStream();
    stream.take([running, progress(70, 70, 0.4, 400)]);
    stream.take([progress(71, 71, 0.5, 500), state(300, 90, 'succeeded')]);
    vi.runAllTimers();
    expect(stream.snapshot()).toMatchObject({ lastSeq: 300, state: 'succeeded', figures: { bytes: 500 } });
  });

  it('tells listeners once for many events', () => {
    const stream = new JobStream();
    const listener = vi.fn();
    stream.subscribe(listener);
    for (let seq = 1; seq <= 5000; seq += 1) stream.take([progress(seq, seq / 100, seq / 5000, seq)]);
    vi.runAllTimers();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(stream.snapshot().figures).toMatchObject({ fraction: 1, bytes: 5000 });
  });

  it('keeps the same log while only figures come', () => {
    const stream = new JobStream();
    stream.take([running]);
    vi.runAllTimers();
    const before = stream.snapshot().log;
    stream.take([progress(2, 1, 0.1, 1)]);
    vi.runAllTimers();
    expect(stream.snapshot().log).toBe(before);
  });

  it('never lets the bar go backwards', () => {
    const stream = new JobStream();
    stream.take([progress(1, 0, 0.5, 500), progress(2, 1, 0.1, 50)]);
    vi.runAllTimers();
    expect(stream.snapshot().figures).toMatchObject({ fraction: 0.5, bytes: 50 });
  });

  it('takes no rate across a pause', () => {
    const stream = new JobStream();
    stream.take([running, progress(2, 1, 0.1, 100), progress(3, 2, 0.2, 200)]);
    vi.runAllTimers();
    expect(stream.snapshot().rate).toBe(100);
    stream.take([state(4, 3, 'paused'), state(5, 4, 'running'), progress(6, 5, 0.3, 300)]);
    vi.runAllTimers();
    expect(stream.snapshot().rate).toBeNull();
  });
});
