import { describe, expect, it } from 'vitest';
import { simulatedMoment } from './as-of.ts';
import { GC_SECONDS } from './unrest.ts';

const NOW = new Date('2026-11-22T12:00:00.250Z');

describe('simulatedMoment', () => {
  it.each([
    [null, '2026-11-22T12:00:00.250Z', '1795348800250000000.0000000000'],
    ['-10s', '2026-11-22T11:59:50.250Z', '1795348790250000000.0000000000'],
    ['-1h30m', '2026-11-22T10:30:00.250Z', '1795343400250000000.0000000000'],
    ['-1.5s', '2026-11-22T11:59:58.750Z', '1795348798750000000.0000000000'],
    ['-10 minutes', '2026-11-22T11:50:00.250Z', '1795348200250000000.0000000000'],
    ['-1 day 1 hour', '2026-11-21T11:00:00.250Z', '1795258800250000000.0000000000'],
    ['-1ns', '2026-11-22T12:00:00.249Z', '1795348800249999999.0000000000'],
    ['2026-11-22T11:00:00Z', '2026-11-22T11:00:00.000Z', '1795345200000000000.0000000000'],
    ['2026-11-22 11:00', '2026-11-22T11:00:00.000Z', '1795345200000000000.0000000000'],
    ['2026-11-22 13:00:00+02', '2026-11-22T11:00:00.000Z', '1795345200000000000.0000000000'],
    ['2026-11-22 11:00:00.571516+00:00', '2026-11-22T11:00:00.571Z', '1795345200571516000.0000000000'],
    ['2026-11-22', '2026-11-22T00:00:00.000Z', '1795305600000000000.0000000000'],
    ['1795345200000000007.0000000003', '2026-11-22T11:00:00.000Z', '1795345200000000007.0000000003'],
  ])('of %s', (asOf, at, timestamp) => {
    expect(simulatedMoment(asOf, NOW, GC_SECONDS)).toEqual({ kind: 'hlc', at, timestamp });
  });

  it.each([
    ['tomorrow', 'is not a time'],
    ['', 'is not a time'],
    ['-', 'is not a time'],
    ['-10', 'is not a time'],
    ['-10 parsecs', 'is not a time'],
    ['-10s ago', 'is not a time'],
    ['2026-13-01', 'is not a time'],
    ['2026-11-22T25:00:00Z', 'is not a time'],
    ['10s', 'is not a time'],
    ['2026-11-22T12:00:01Z', 'is in the future'],
    ['1795348800250000001', 'is in the future'],
    ['-25h1ns', 'is before 2026-11-21T11:00:00.250Z'],
    ['1970-01-02T00:00:00Z', 'is before'],
    ['0', 'is before'],
  ])('refuses %s', (asOf, message) => {
    expect(() => simulatedMoment(asOf, NOW, GC_SECONDS)).toThrowError(
      expect.objectContaining({
        code: 'unreadable-moment',
        field: 'asOf',
        message: expect.stringContaining(message),
        hint: expect.any(String),
      }),
    );
  });
});
