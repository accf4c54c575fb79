import { describe, expect, it } from 'vitest';
import { layOut, linesFor, rangeAt, rangeBeside } from './layout.ts';

describe('layOut', () => {
  it.each([
    [[5], 1],
    [[0], 1],
    [[0, 0, 0], 1],
    [[1, 2, 3, 4], 2],
    [Array.from({ length: 500 }, (_, n) => (n * 37) % 101), 11],
    [[1e12, 1, 1, 1], 3],
  ])('fills every line without gaps, in order', (sizes, lines) => {
    const pieces = layOut(sizes, lines);
    expect([...new Set(pieces.map(({ range }) => range))]).toEqual(sizes.map((_, range) => range));
    let at = 0;
    for (const { line, x, width } of pieces) {
      expect(line + x).toBeCloseTo(at, 6);
      expect(width).toBeGreaterThan(0);
      expect(x + width).toBeLessThanOrEqual(1 + 1e-6);
      at = line + x + width;
    }
    expect(at).toBeCloseTo(lines, 6);
  });

  it('keeps the proportions', () => {
    const [small, large] = layOut([100, 300], 1);
    expect(small?.width).toBeCloseTo(0.25);
    expect(large?.width).toBeCloseTo(0.75);
  });
});

it('has more lines for more ranges, up to a point', () => {
  expect([1, 48, 49, 500, 2_000].map((ranges) => linesFor(ranges, false))).toEqual([1, 1, 2, 11, 16]);
  expect(linesFor(48, true)).toBeGreaterThan(linesFor(48, false));
});

it('finds what is pointed at, and what is above and below', () => {
  const pieces = layOut([1, 1, 1, 1], 2);
  expect(rangeAt(pieces, 0, 0.1)).toBe(0);
  expect(rangeAt(pieces, 1, 0.9)).toBe(3);
  expect(rangeAt(pieces, 2, 0.5)).toBeNull();
  expect(rangeBeside(pieces, 0, 1)).toBe(2);
  expect(rangeBeside(pieces, 3, -1)).toBe(1);
  expect(rangeBeside(pieces, 0, -1)).toBe(0);
});
