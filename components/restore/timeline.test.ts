import { describe, expect, it } from 'vitest';
import { marksOf, nearestMark, sinceBefore } from './timeline.ts';

const at = (minutes: number | null, bytes: number | null = 100) => ({
  at: minutes === null ? null : new Date(Date.UTC(2026, 10, 22, 12, minutes)).toISOString(),
  bytes,
});
const lefts = (layers: ReturnType<typeof at>[]) => marksOf(layers).map(({ left }) => left);

describe('marks', () => {
  it('stand to scale', () => {
    expect(lefts([at(0), at(10), at(40)])).toEqual([0, 0.25, 1]);
    expect(lefts([at(5)])).toEqual([0.5]);
  });

  it('of unknown times stand between those beside them', () => {
    expect(lefts([at(0), at(null), at(null), at(30)])).toEqual([0, 1 / 3, 2 / 3, 1]);
    expect(lefts([at(null), at(0), at(10)])).toEqual([0, 0, 1]);
  });

  it('stand side by side where no times tell them apart', () => {
    expect(lefts([at(null), at(null), at(null)])).toEqual([0, 0.5, 1]);
    expect(lefts([at(1), at(1)])).toEqual([0, 1]);
  });

  it('are as high as the root of the size', () => {
    expect(marksOf([at(0, 400), at(1, 100), at(2, null)]).map(({ height }) => height)).toEqual([1, 0.5, 0]);
  });
});

it('finds what is nearest, of what may be chosen', () => {
  const marks = marksOf([at(0), at(10), at(40)]);
  expect(nearestMark(marks, 0.3, () => true)?.place).toBe(1);
  expect(nearestMark(marks, 0.9, (place) => place < 2)?.place).toBe(1);
  expect(nearestMark(marks, 0.5, () => false)).toBeNull();
});

it('tells the time since the layer before', () => {
  const layers = [at(0), at(10), at(null), at(40)];
  expect([0, 1, 2, 3].map((place) => sinceBefore(layers, place))).toEqual([null, 600_000, null, null]);
});
