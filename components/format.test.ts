import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatLeft,
  formatPercent,
  formatUtcTime,
  formatWindow,
  percentOf,
  plural,
} from './format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [10_240, '10.0 KiB'],
    [1_048_575, '1.00 MiB'],
    [123 * 1024 ** 3, '123 GiB'],
    [9.999 * 1024, '10.0 KiB'],
    [99.96 * 1024, '100 KiB'],
    [Number.MAX_SAFE_INTEGER, '8.00 PiB'],
    [-1, '–'],
    [Number.NaN, '–'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [1000, '1 s'],
    [59_999, '59 s'],
    [60_000, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [3_600_000, '1 h 00 min'],
    [86_400_000 * 4 + 3 * 3_600_000, '4 d 03 h'],
    [-5, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('writes %d ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('formatWindow', () => {
  it.each([
    [0, '0 s'],
    [90, '90 s'],
    [600, '10 min'],
    [90_000, '25 h'],
    [16_200, '4 h 30 min'],
    [604_800, '7 d'],
    [262_800, '3 d 1 h'],
    [-1, '–'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatWindow(seconds)).toBe(text);
  });
});

describe('formatAge', () => {
  const now = new Date('2026-11-22T12:00:00Z');
  it.each([
    ['2026-11-22T11:59:40Z', 'just now'],
    ['2026-11-22T12:00:30Z', 'just now'],
    ['2026-11-22T11:59:10Z', '1 min ago'],
    ['2026-11-22T11:20:00Z', '40 min ago'],
    ['2026-11-22T09:00:00Z', '3 h ago'],
    ['2026-11-10T12:00:00Z', '12 d ago'],
  ])('says of %s that it was %s', (from, text) => {
    expect(formatAge(new Date(from), now)).toBe(text);
  });
});

describe('formatPercent', () => {
  it('says 100 % only of what is complete', () => {
    expect(formatPercent(0.999999)).toBe('99 %');
    expect(formatPercent(1)).toBe('100 %');
  });
  it('forgives the last bit of a sum', () => {
    expect(percentOf(0.1 + 0.2)).toBe(30);
    expect(percentOf(0.29)).toBe(29);
    expect(percentOf(0.1 + 0.7 + 0.2 - Number.EPSILON)).toBe(100);
  });
  it('stays between 0 and 100', () => {
    expect(percentOf(-1)).toBe(0);
    expect(percentOf(2)).toBe(100);
    expect(percentOf(Number.NaN)).toBe(0);
  });
});

it('groups thousands and counts in words', () => {
  expect(formatCount(200_000)).toBe('200,000');
  expect(plural(1, 'table')).toBe('1 table');
  expect(plural(1200, 'table')).toBe('1,200 tables');
  expect(plural(2, 'dependency', 'dependencies')).toBe('2 dependencies');
});

it('writes UTC with the milliseconds that there are', () => {
  expect(formatUtcTime(new Date('2026-11-22T14:10:05.250Z'))).toBe('2026-11-22 14:10:05.250 UTC');
  expect(formatUtcTime(new Date('2026-11-22T14:10:05Z'))).toBe('2026-11-22 14:10:05 UTC');
});

it('counts down in hours for two days', () => {
  const hour = 3600_000;
  expect([59_000, 2 * hour, 25 * hour - 1, 48 * hour, 73 * hour].map(formatLeft)).toEqual([
    '59 s',
    '2 h 00 min',
    '24 h 59 min',
    '2 d 00 h',
    '3 d 01 h',
  ]);
});
