import type { ChangeChunk } from '../../cluster.ts';
import { storedColumns, type TableDescriptor } from '../../descriptor.ts';
import { alwaysQuote, sqlName } from '../../names.ts';
import type { Lease } from '../connections.ts';
import type { PrimaryIndex } from '../keys/types.ts';
import { readable } from '../read.ts';
import { streamCopyText } from '../rows/copy-text.ts';
import { columnList, type KeyTexts, keyRows, whereKeys } from './keys.ts';

/** Keys that one statement asks for. */
export const KEYS_A_STATEMENT = 500;

const NEWLINE = 10;

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
    found += countLines(text);
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
    `SELECT ${storedColumns(table).map(readable).join(', ')} FROM ${source(table, index)} ` +
      `WHERE ${whereKeys(keys, index.columns)} AND ${condition}`,
    signal,
  );
  for await (const text of rows as AsyncIterable<Buffer>) yield text;
}

/** The table, through its primary index and no other. */
export function source({ name }: TableDescriptor, { indexId }: PrimaryIndex): string {
  return `${alwaysQuote(name.database)}.${sqlName(name)}@{FORCE_INDEX=[${indexId}]}`;
}

function countLines(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
