import { describe, expect, it } from 'vitest';
import { ascendingPrefix } from './key-span.ts';
import { cut, type StoredRange } from './ranges.ts';
import type { TableAccess } from './table-access.ts';

const TABLE = { database: 'bank', schema: 'public', name: 'bank' };
const ACCESS: TableAccess = {
  index: { tableId: 60, indexId: 1, columns: [{ name: 'id', type: 'INT8', descending: false }] },
  families: [['id']],
  keysPerRow: 2,
  window: 90_000,
};

function range(endKey: string, leaseholder = '1'): StoredRange {
  return { endKey: Buffer.from(endKey, 'hex'), leaseholder, liveBytes: 100, liveKeys: 10 };
}

const bounds = (ranges: StoredRange[], access = ACCESS) =>
  [...cut(TABLE, access, ranges)].map(({ index, start, end, leaseholder }) => [
    index,
    start,
    end,
    leaseholder,
  ]);

describe('cut', () => {
  it('gives a range of the table for each of the cluster', () => {
    expect(bounds([range('c489ec', '2'), range('c489f6c8', '3'), range('c8', '1')])).toEqual([
      [0, null, 'c489ec', '2'],
      [1, 'c489ec', 'c489f6c8', '3'],
      [2, 'c489f6c8', null, '1'],
    ]);
  });

  it('passes over ranges before the primary index and after it', () => {
    // /Table/59, /Table/60/1/100, /Table/60/2 (another index), /Table/64
    expect(bounds([range('c3', '1'), range('c489ec', '2'), range('c48a', '3'), range('c8', '1')])).toEqual([
      [0, null, 'c489ec', '2'],
      [1, 'c489ec', null, '3'],
    ]);
  });

  it('makes one range of a table that shares a range', () => {
    expect(bounds([range('ff', '3')])).toEqual([[0, null, null, '3']]);
  });

  it('reads ranges as one where the key between them says nothing in SQL', () => {
    const access: TableAccess = {
      ...ACCESS,
      index: { ...ACCESS.index, columns: [{ name: 's', type: 'STRING COLLATE en', descending: false }] },
    };
    const ranges = [range('c489120001020001', '2'), range('c8', '3')];
    expect(bounds(ranges, access)).toEqual([[0, null, null, '2']]);
    expect([...cut(TABLE, access, ranges)][0]).toMatchObject({ estimatedBytes: 200, estimatedRows: 10 });
  });
});

describe('ascendingPrefix', () => {
  it.each([
    [[60], 'c4'],
    [[60, 1], 'c489'],
    [[109], 'f5'],
    [[110], 'f66e'],
    [[500], 'f701f4'],
    [[70_000, 2], 'f80111708a'],
  ])('of %j', (ids, hex) => {
    expect(ascendingPrefix(...ids).toString('hex')).toBe(hex);
  });
});
