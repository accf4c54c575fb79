import { z } from 'zod';
import { objectNameSchema, printName } from '../../cluster/names.ts';
import type { DistributiveOmit } from '../../metadata/schema.ts';

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
  /** Bytes as stored; `sha256` of what is there, null where that was not read. */
  z.object({
    kind: z.literal('size'),
    ...inFile,
    expected: z.int(),
    found: z.int(),
    sha256: z.string().nullable(),
  }),
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

/** What is wrong with one data file. */
export type FileFinding = Exclude<Finding, { kind: 'manifest' | 'wrong-backup' }>;
/** The same, without saying of which file. */
export type FileMatter = DistributiveOmit<FileFinding, keyof typeof inFile>;

/** A finding for pages, in parts. */
export interface FindingView {
  kind: Finding['kind'];
  /** Redacted URL of its layer. */
  location: string;
  file: string | null;
  /** Printed. */
  table: string | null;
  /** What is the matter, a sentence that goes on from the file. */
  matter: string;
}

export function viewOf(finding: Finding): FindingView {
  const { kind, location } = finding;
  return finding.kind === 'manifest' || finding.kind === 'wrong-backup'
    ? { kind, location, file: null, table: null, matter: finding.reason }
    : { kind, location, file: finding.file, table: printName(finding.table), matter: matterWith(finding) };
}

/** A finding as people are told it: one sentence, with the layer, the file and its table. */
export function findingWords(finding: Finding): string {
  // What reads manifests names them.
  if (finding.kind === 'manifest') return finding.reason;
  if (finding.kind === 'wrong-backup') return `${finding.location}: ${finding.reason}`;
  return `${finding.location}: ${finding.file}, of ${printName(finding.table)}, ${matterWith(finding)}`;
}

function matterWith(finding: FileFinding): string {
  switch (finding.kind) {
    case 'missing':
      return 'is missing';
    case 'size':
      return `has ${finding.found} bytes instead of ${finding.expected}`;
    case 'checksum':
      return `has other bytes than were written: its SHA-256 is ${short(finding.found)} instead of ${short(finding.expected)}`;
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

/** A checksum for people: enough to tell two apart. */
function short(sha256: string): string {
  return `${sha256.slice(0, 12)}…`;
}
