import { describe, expect, it } from 'vitest';
import { CALM } from './unrest.ts';
import { parseSimulatedUrl } from './url.ts';

describe('parseSimulatedUrl', () => {
  it('is calm unless told otherwise', () => {
    expect(parseSimulatedUrl('simulated://3')).toEqual({
      nodes: 3,
      seed: 1,
      rows: 200_000,
      rangeBytes: 128 * 1024,
      every: 60,
      changes: 0.1,
      unrest: CALM,
    });
  });

  it('takes everything that can go on', () => {
    const url =
      'simulated://300?range=2MiB&leases=5m&splits=1h&gc=90s&down=5&slow=12.5&faults=1&hangs=0.1&timeouts=2';
    expect(parseSimulatedUrl(url)).toMatchObject({
      nodes: 300,
      rangeBytes: 2 * 1024 * 1024,
      unrest: {
        leaseSeconds: 300,
        splitSeconds: 3600,
        gcSeconds: 90,
        down: 0.05,
        slow: 0.125,
        faults: 0.01,
        hangs: 0.001,
        timeouts: 0.02,
      },
    });
  });

  it.each([
    ['range=7', 'has a range that is no size from 1KiB to 512MiB'],
    ['leases=60', 'has a time for leases that is no time from 1s to 24h, such as 60s, 5m or 1h'],
    ['gc=600h', 'has a GC window that is no time from 1s to 500h, such as 60s, 5m or 25h'],
    ['down=99', 'has down nodes that are no per cent from 0 to 90, with three decimals at most'],
    ['faults=x', 'has faults that are no per cent from 0 to 90, with three decimals at most'],
    [
      'seeds=1',
      'has a parameter beside seed, rows, range, every, changes, leases, splits, gc, down, slow, faults, hangs, timeouts',
    ],
    ['gc=1m&gc=2m', 'has a parameter twice'],
  ])('says what is wrong with %s', (query, problem) => {
    expect(() => parseSimulatedUrl(`simulated://3?${query}`)).toThrowError(
      expect.objectContaining({
        code: 'invalid-value',
        message: `the URL of the simulated cluster ${problem}`,
      }),
    );
  });
});
