import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeId } from '../cluster/cluster.ts';
import { packedRangeSchema, packRanges, unpackRanges } from './packed-ranges.ts';

describe('packed ranges', () => {
  it('are the same again once unpacked, after being JSON', () => {
    const table = { database: 'd', schema: 's', name: 't' };
    const bound = fc.option(fc.string());
    const range = fc.record({
      table: fc.constant(table),
      index: fc.nat(),
      start: bound,
      end: bound,
      leaseholder: fc.constantFrom(nodeId(1), nodeId(2)),
      estimatedBytes: fc.nat(),
      estimatedRows: fc.nat(),
      count: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(range), (ranges) => {
        const text = JSON.stringify(packRanges('1', ranges));
        const packed = packedRangeSchema.array().parse(JSON.parse(text));
        expect(unpackRanges({ table, node: '1' }, packed)).toEqual(ranges);
      }),
    );
  });
});
