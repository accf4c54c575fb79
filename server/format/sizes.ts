import { nameKey } from '../cluster/names.ts';
import type { Manifest } from './manifest-schema.ts';

/** What a backup holds of one table. */
export interface TableSize {
  /** Whole rows; keys of deleted ones don't count. */
  rows: number;
  /** As stored, compressed. */
  bytes: number;
  /** Of COPY text. */
  rawBytes: number;
}

export const NO_ROWS: TableSize = { rows: 0, bytes: 0, rawBytes: 0 };

/** The sums over each table's files, by `nameKey`; a table without files is not among them. */
export function sizesByTable(manifest: Manifest): Map<string, TableSize> {
  const sizes = new Map<string, TableSize>();
  for (const file of manifest.files) {
    const key = nameKey(file.table);
    const size = sizes.get(key) ?? NO_ROWS;
    sizes.set(key, {
      rows: size.rows + (file.kind === 'rows' ? file.rows : 0),
      bytes: size.bytes + file.bytes,
      rawBytes: size.rawBytes + file.rawBytes,
    });
  }
  return sizes;
}
