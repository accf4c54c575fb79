import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullXid, isVisible, lsnOf, parseSnapshot } from './snapshot.ts';

describe('a snapshot', () => {
  it('sees what had ended', () => {
    const snapshot = parseSnapshot('10:20:10,14');
    const seen = [9, 10, 11, 14, 15, 19, 20, 21].filter((xid) => isVisible(snapshot, BigInt(xid)));
    expect(seen).toEqual([9, 11, 15, 19]);
    expect(isVisible(parseSnapshot('7:7:'), 6n)).toBe(true);
    expect(isVisible(parseSnapshot('7:7:'), 7n)).toBe(false);
  });

  it.each(['', '7', '7:8', 'a:b:', '7:8:x'])('is refused where it is none: %s', (text) => {
    expect(() => parseSnapshot(text)).toThrow(/not a snapshot/);
  });
});

it('an id of 32 bits is extended to the one nearest by, on both sides of a wraparound', () => {
  const near = fc.bigInt(2n ** 32n, 2n ** 45n);
  fc.assert(
    fc.property(near, fc.bigInt(-(2n ** 31n) + 1n, 2n ** 31n - 1n), (xmax, distance) => {
      const xid = xmax + distance;
      expect(fullXid(Number(xid % 2n ** 32n), xmax)).toBe(xid);
    }),
  );
  expect(fullXid(750, 760n)).toBe(750n);
  expect(fullXid(4294967290, 3n)).toBe(4294967290n);
});

it('a WAL position is the number of its byte', () => {
  expect(lsnOf('0/16B3748')).toBe(0x16b3748n);
  expect(lsnOf('16/B374D848')).toBe(0x16_b374d848n);
  expect(() => lsnOf('16')).toThrow(/not a position/);
});
