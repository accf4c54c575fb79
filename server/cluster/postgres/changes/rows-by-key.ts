import { to as copyTo } from 'pg-copy-streams';
import type { ChangeChunk } from '../../cluster.ts';
import { storedColumns, type TableDescriptor } from '../../descriptor.ts';
import { literal } from '../../literal.ts';
import { alwaysQuote, sqlName } from '../../names.ts';
import { countNewlines } from '../../newlines.ts';
import type { Lease } from '../connections.ts';
import { wholeLines } from './whole-lines.ts';

/** Keys that one statement asks for: so many, or so many characters of them. */
export const KEYS_A_STATEMENT = 2_000;
export const CHARACTERS_A_STATEMENT = 512 * 1024;

/** Settings of a transaction that reads by key: whatever the statistics say, each key is looked up in the index. */
export const BY_INDEX =
  'SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off';

/** A key's values as texts, in the order of the table's rowKey. */
export type KeyTexts = readonly string[];

/**
 * The rows with these keys, then the keys of those that aren't there, in the lease's transaction. A key means the row with
 * the very same text: `1.0` is not the key of the row `1.00`, though it is equal; the row has another key by that, which
 * is among the changed ones too.
 */
export async function* changesByKey(
  lease: Lease,
  table: TableDescriptor,
  keys: readonly KeyTexts[],
): AsyncGenerator<ChangeChunk, void> {
  const list = keyList(table, keys);
  const is = (table.rowKey ?? [])
    .map((name, index) => {
      const column = `t.${alwaysQuote(name)}`;
      const type = table.columns.find((each) => each.name === name)?.type ?? 'text';
      // concat() prints as the output function does, which a cast to text doesn't for all types. Its text is compared as it
      // is, whatever the column's collation takes to be equal.
      return `${column} = k.k${index}::${type} AND concat(${column}) COLLATE "C" = k.k${index}`;
    })
    .join(' AND ');
  const from = `ONLY ${sqlName(table.name)} AS t`;
  const columns = storedColumns(table).map(({ name }) => `t.${alwaysQuote(name)}`);
  let found = 0;
  for await (const text of copied(lease, `SELECT ${columns.join(', ')} FROM ${list} JOIN ${from} ON ${is}`)) {
    found += countNewlines(text);
    yield { kind: 'rows', text };
  }
  if (found === keys.length) return;
  const absent = `SELECT k.* FROM ${list} WHERE NOT EXISTS (SELECT FROM ${from} WHERE ${is})`;
  for await (const text of copied(lease, absent)) yield { kind: 'deleted', text };
}

/** `unnest('{"1","2"}'::text[], …) AS k (k0, …)`: as constants, since COPY takes no parameters. */
function keyList({ rowKey }: TableDescriptor, keys: readonly KeyTexts[]): string {
  const columns = (rowKey ?? []).map((_, index) => index);
  const arrays = columns.map(
    (index) => `${literal(arrayText(keys.map((key) => key[index] ?? '')))}::pg_catalog.text[]`,
  );
  // Without its schema: of several arrays at once it is a form of FROM, not a function.
  return `unnest(${arrays.join(', ')}) AS k (${columns.map((index) => `k${index}`).join(', ')})`;
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

function copied(lease: Lease, query: string): AsyncGenerator<Buffer, void> {
  return wholeLines(lease.client.query(copyTo(`COPY (${query}) TO STDOUT`)) as AsyncIterable<Buffer>);
}
