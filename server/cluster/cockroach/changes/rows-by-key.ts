import type { ChangeChunk } from '../../cluster.ts';
import type { TableDescriptor } from '../../descriptor.ts';
import { countNewlines } from '../../newlines.ts';
import type { Lease } from '../connections.ts';
import type { PrimaryIndex } from '../keys/types.ts';
import { source, storedList } from '../read.ts';
import { streamCopyText } from '../rows/copy-text.ts';
import { columnList, type KeyTexts, keyRows, whereKeys } from './keys.ts';

/** Keys that one statement asks for. */
export const KEYS_A_STATEMENT = 500;

/** What is asked for of a table's rows by key, in a session whose transaction stands at the later moment. */
export interface KeyedRead {
  lease: Lease;
  table: TableDescriptor;
  index: PrimaryIndex;
  signal: AbortSignal;
}

/**
 * Rows with these keys that changed after the decimal HLC `from`, then the keys of those that aren't there (any more).
 * A row that is there and as old as the base is in neither.
 */
export async function* changesByKey(
  read: KeyedRead,
  keys: readonly KeyTexts[],
  from: string,
): AsyncGenerator<ChangeChunk, void> {
  const { index, table } = read;
  let found = 0;
  for await (const text of rowsByKey(read, keys, `crdb_internal_mvcc_timestamp > ${from}::DECIMAL`)) {
    found += countNewlines(text);
    yield { kind: 'rows', text };
  }
  if (found === keys.length) return;
  const rowKey = new Set(table.rowKey);
  const shown = index.columns.filter(({ name }) => rowKey.has(name));
  const absent = streamCopyText(
    read.lease.client,
    // Both sides are as small as the list of keys: an anti-join might be planned as a scan of the table.
    `SELECT ${columnList(shown)} FROM (` +
      `SELECT * FROM (VALUES ${keyRows(keys, index.columns)}) AS k (${columnList(index.columns)}) ` +
      `EXCEPT SELECT ${columnList(index.columns)} FROM ${source(table, index)} WHERE ${whereKeys(keys, index.columns)}` +
      `) AS k`,
    read.signal,
  );
  for await (const text of absent as AsyncIterable<Buffer>) yield { kind: 'deleted', text };
}

/** Rows with these keys for which `condition` holds, as COPY text. */
export async function* rowsByKey(
  { lease, table, index, signal }: KeyedRead,
  keys: readonly KeyTexts[],
  condition: string,
): AsyncGenerator<Buffer, void> {
  const rows = streamCopyText(
    lease.client,
    `SELECT ${storedList(table)} FROM ${source(table, index)} ` +
      `WHERE ${whereKeys(keys, index.columns)} AND ${condition}`,
    signal,
  );
  for await (const text of rows as AsyncIterable<Buffer>) yield text;
}
