import { describe, expect, it } from 'vitest';
import { Pace, ranFor, rateNow, roughly, timeLeft } from './pace.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A job that does `fraction` of its work and `bytes` every second, from `from` on. */
function steady(pace: Pace, seconds: number, fraction: number, bytes: number, from = 0, done = 0): number {
  for (let n = 1; n <= seconds; n += 1) {
    const at = (from + n) * SECOND;
    pace.take(at, (from + n) * bytes, done + n * fraction, at);
  }
  return done + seconds * fraction;
}

describe('Pace', () => {
  it('takes the rate over the last ten seconds only', () => {
    const pace = new Pace();
    pace.take(0, 0, 0, 0);
    expect(pace.rate).toBeNull();
    pace.take(100 * SECOND, 100, 0.1, 100 * SECOND);
    pace.take(104 * SECOND, 500, 0.2, 104 * SECOND);
    expect(pace.rate).toBe(100);
  });

  it('begins the rate anew where the job does', () => {
    const pace = new Pace();
    steady(pace, 5, 0.01, 100);
    pace.take(6 * SECOND, 0, 0.05, 6 * SECOND);
    pace.take(8 * SECOND, 100, 0.05, 8 * SECOND);
    expect(pace.rate).toBe(50);
  });

  it('foresees the end of a steady job from the start, and from the middle when it was opened there', () => {
    const early = new Pace();
    const done = steady(early, 5, 0.001, 100);
    expect(timeLeft(done, early.speed)).toBeCloseTo(995 * SECOND, -2);
    const late = new Pace();
    late.take(500 * SECOND, 0, 0.5, 500 * SECOND);
    expect(timeLeft(0.5, late.speed)).toBeCloseTo(500 * SECOND, -2);
  });

  it('stays calm when the job stumbles, and follows when its pace has changed', () => {
    const pace = new Pace();
    let done = steady(pace, 300, 0.001, 100);
    const before = timeLeft(done, pace.speed) ?? 0;
    done = steady(pace, 3, 0, 0, 300, done);
    expect((timeLeft(done, pace.speed) ?? 0) / before).toBeLessThan(1.1);
    done = steady(pace, 200, 0.0005, 50, 303, done);
    expect((timeLeft(done, pace.speed) ?? 0) / ((1 - done) / 0.0005 / 1)).toBeCloseTo(SECOND, -2);
  });

  it('does not count what passes at rest', () => {
    const pace = new Pace();
    const done = steady(pace, 60, 0.005, 100);
    const before = timeLeft(done, pace.speed) ?? 0;
    pace.rest(60 * MINUTE);
    pace.take(60 * MINUTE + SECOND, 6100, done + 0.005, 61 * SECOND);
    expect((timeLeft(done, pace.speed) ?? 0) / before).toBeCloseTo(1, 1);
  });
});

describe('the time that is left', () => {
  it('is not told where nobody can', () => {
    expect(timeLeft(0.5, null)).toBeNull();
    expect(timeLeft(1, 0.1)).toBeNull();
    expect(new Pace().speed).toBeNull();
  });

  it('is not known once nothing has come for a while', () => {
    const speed = 0.0001 / SECOND;
    expect(timeLeft(0.5, speed, 5 * SECOND)).toBe(5000 * SECOND);
    expect(timeLeft(0.5, speed, 40 * SECOND)).toBeNull();
    expect([rateNow(100, 5 * SECOND), rateNow(100, 11 * SECOND), rateNow(null, 0)]).toEqual([100, 0, null]);
  });

  it.each([
    [10 * SECOND, 'under 1 min'],
    [100 * SECOND, 'about 2 min'],
    [12 * MINUTE + 20 * SECOND, 'about 12 min'],
    [59.6 * MINUTE, 'about 60 min'],
    [128 * MINUTE, 'about 2 h 10 min'],
    [179 * MINUTE, 'about 3 h'],
    [20.4 * 60 * MINUTE, 'about 20 h'],
    [73 * 60 * MINUTE, 'about 3 days'],
    [365 * 24 * 60 * MINUTE, null],
    [null, null],
  ])('of %s ms is %s', (milliseconds, words) => {
    expect(roughly(milliseconds)).toBe(words);
  });
});

it('counts how long a job has run, without its pauses', () => {
  const time = (seconds: number) => new Date(seconds * SECOND).toISOString();
  const events = [
    { at: time(0), state: 'pending' },
    { at: time(10), state: 'running' },
    { at: time(70), state: 'pause-requested' },
    { at: time(72), state: 'paused' },
    { at: time(500), state: 'resuming' },
    { at: time(510), state: 'running' },
  ] as const;
  expect(ranFor(events, 520 * SECOND)).toBe(72 * SECOND);
  expect(ranFor([...events, { at: time(530), state: 'succeeded' }], 9999 * SECOND)).toBe(82 * SECOND);
  expect(ranFor([], 5)).toBe(0);
});
