import type { FindingView } from '../../server/restore/verify/finding.ts';
import type { VerifyDepth } from '../../server/statement/ast.ts';

/** What each depth looks at, for who chooses; and what a sound backup is by it. */
export const DEPTH_WORDS: Record<VerifyDepth, { label: string; description: string; sound: string }> = {
  files: {
    label: 'Files',
    description: 'Every file is there, with its size. Reads nothing but the manifests: seconds.',
    sound: 'Every manifest is as it was written, and every file is there with its size.',
  },
  checksums: {
    label: 'Checksums',
    description: 'Every file is read whole, and its SHA-256 compared with the manifest’s.',
    sound: 'Every manifest and every byte of every file is as it was written.',
  },
  rows: {
    label: 'Rows',
    description: 'Every row is parsed against its table’s columns, and counted.',
    sound: 'Every byte is as it was written, and every row was parsed and counted.',
  },
};

export const FINDING_WORDS: Record<FindingView['kind'], string> = {
  manifest: 'Manifest',
  'wrong-backup': 'Another backup',
  missing: 'Missing',
  size: 'Size',
  checksum: 'Checksum',
  swapped: 'Swapped',
  unreadable: 'Unreadable',
  row: 'Row',
  count: 'Count',
};
