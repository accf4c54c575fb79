import { z } from 'zod';
import { objectNameSchema, printName } from '../../cluster/names.ts';

/** The layer that something is the matter with; `layer` counts the chain's backups from 0, the full one. */
const inLayer = { layer: z.int().nonnegative(), location: z.string() };
/** One of its data files. */
const inFile = { ...inLayer, file: z.string(), table: objectNameSchema };

/** One thing that is wrong with a backup. */
export const findingSchema = z.discriminatedUnion('kind', [
  /** The manifest is not there, unreadable, edited, or in contradiction with itself. */
  z.object({ kind: z.literal('manifest'), ...inLayer, reason: z.string() }),
  /** A sound backup that does not belong where it is in the chain. */
  z.object({ kind: z.literal('wrong-backup'), ...inLayer, reason: z.string() }),
  z.object({ kind: z.literal('missing'), ...inFile }),
  /** Bytes as stored. */
  z.object({ kind: z.literal('size'), ...inFile, expected: z.int(), found: z.int() }),
  z.object({ kind: z.literal('checksum'), ...inFile, expected: z.string(), found: z.string() }),
  /** What the file holds is another one of the manifest. */
  z.object({ kind: z.literal('swapped'), ...inFile, holds: z.string() }),
  z.object({ kind: z.literal('unreadable'), ...inFile, reason: z.string() }),
  /** `line` counts from 1; `column` is null where it is not one column's. */
  z.object({
    kind: z.literal('row'),
    ...inFile,
    line: z.int(),
    column: z.string().nullable(),
    reason: z.string(),
  }),
  /** Of rows, or of bytes uncompressed, there are not as many as the manifest says. */
  z.object({
    kind: z.literal('count'),
    ...inFile,
    of: z.enum(['rows', 'bytes']),
    expected: z.int(),
    found: z.int(),
  }),
]);
export type Finding = z.infer<typeof findingSchema>;

/** A finding as people are told it: one sentence, with the layer, the file and its table. */
export function findingWords(finding: Finding): string {
  if (finding.kind === 'manifest' || finding.kind === 'wrong-backup')
    return `${finding.location}: ${finding.reason}`;
  return `${finding.location}: ${finding.file}, of ${printName(finding.table)}, ${matterWith(finding)}`;
}

function matterWith(finding: Exclude<Finding, { kind: 'manifest' | 'wrong-backup' }>): string {
  switch (finding.kind) {
    case 'missing':
      return 'is missing';
    case 'size':
      return `has ${finding.found} bytes instead of ${finding.expected}`;
    case 'checksum':
      return `has other bytes than were written: its SHA-256 is ${finding.found} instead of ${finding.expected}`;
    case 'swapped':
      return `holds what belongs into ${finding.holds}`;
    case 'unreadable':
      return `can’t be read: ${finding.reason}`;
    case 'row':
      return `line ${finding.line}${finding.column === null ? '' : `, column "${finding.column}"`}: ${finding.reason}`;
    case 'count':
      return `holds ${finding.found} ${finding.of === 'rows' ? 'rows' : 'bytes uncompressed'} instead of ${finding.expected}`;
  }
}
