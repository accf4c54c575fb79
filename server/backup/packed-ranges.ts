import { z } from 'zod';
import { nodeId } from '../cluster/cluster.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { PlannedRange } from './tasks.ts';

/**
 * A range of a task as the metadata store keeps it, a third as long: index, start, end, estimated bytes and rows, how many of the
 * cluster's ranges it is, and its leaseholder where that isn't the task's node.
 */
export const packedRangeSchema = z.tuple(
  [
    z.int().nonnegative(),
    z.string().nullable(),
    z.string().nullable(),
    z.number(),
    z.number(),
    z.int().positive(),
  ],
  z.string(),
);
export type PackedRange = z.infer<typeof packedRangeSchema>;

/** The ranges of a task of this node, without what they have in common. */
export function packRanges(node: string, ranges: readonly PlannedRange[]): PackedRange[] {
  return ranges.map(({ index, start, end, estimatedBytes, estimatedRows, count, leaseholder }) => [
    index,
    start,
    end,
    estimatedBytes,
    estimatedRows,
    count,
    ...(leaseholder === node ? [] : [leaseholder]),
  ]);
}

/** What `packRanges` was given. */
export function unpackRanges(
  { table, node }: { table: ObjectName; node: string },
  ranges: readonly PackedRange[],
): PlannedRange[] {
  return ranges.map(([index, start, end, estimatedBytes, estimatedRows, count, leaseholder]) => ({
    table,
    index,
    start,
    end,
    leaseholder: nodeId(leaseholder ?? node),
    estimatedBytes,
    estimatedRows,
    count,
  }));
}
