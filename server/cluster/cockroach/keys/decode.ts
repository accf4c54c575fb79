import { KeyReader, MARKER } from './reader.ts';
import { UndecodableKey } from './types.ts';
import type { Boundary, IndexColumn, PrimaryIndex } from './types.ts';
import { decodeValue } from './values.ts';

export { UndecodableKey } from './types.ts';

/** One table's part of a key: the table's and the index's number, then these columns. */
interface Level {
  tableId: number;
  indexId: number;
  columns: IndexColumn[];
}

/**
 * Where a range's boundary key (`start_key`, `end_key` of crdb_internal.ranges_no_leases) lies among the rows of
 * a primary index. Keys of other tables and indexes are `before` or `after`, as they sort. A key that stands
 * inside a row's interleaved children is `past` that row. Throws UndecodableKey where there is no exact answer.
 */
export function decodeBoundary(key: Buffer, index: PrimaryIndex): Boundary {
  try {
    return decodeExactly(key, index, true);
  } catch (error) {
    if (!(error instanceof UndecodableKey)) throw error;
    return decodePrefixEnd(key, index) ?? fail(error);
  }
}

function fail(error: UndecodableKey): never {
  throw error;
}

/**
 * Boundaries also are "the end of everything that starts with P": P with its last byte that isn't 0xff counted up
 * by one, as partitions and zones make them. Undefined where the key isn't of that form.
 */
function decodePrefixEnd(key: Buffer, index: PrimaryIndex): Boundary | undefined {
  const last = key.at(-1);
  if (last === undefined || last === 0) return undefined;
  const prefix = Buffer.from(key);
  prefix[key.length - 1] = last - 1;
  try {
    const boundary = decodeExactly(prefix, index, false);
    return boundary.kind === 'at' ? { ...boundary, past: true } : undefined;
  } catch (error) {
    if (error instanceof UndecodableKey) return undefined;
    throw error;
  }
}

/** With `familyAllowed`, the start of a row's first column family is the start of the row. */
function decodeExactly(key: Buffer, index: PrimaryIndex, familyAllowed: boolean): Boundary {
  const reader = new KeyReader(key);
  const side = tenantSide(reader, index);
  if (side !== 'same') return { kind: side };

  const values: string[] = [];
  const place = (past: boolean): Boundary => {
    if (values.length === 0) return { kind: past ? 'after' : 'before' };
    return past ? { kind: 'at', values, past } : { kind: 'at', values };
  };
  const levels = levelsOf(index);
  for (const [depth, level] of levels.entries()) {
    const order = compareIds(reader, level);
    if (order !== 0) return place(order > 0);
    for (const column of level.columns) {
      const next = reader.peek();
      // The end, NULL and "not null" come before every value of the column; their descending forms behind them all.
      if (next === undefined || next === MARKER.null || next === MARKER.notNull) return place(false);
      if (next === MARKER.nullDescending || next === MARKER.sentinel) return place(true);
      values.push(decodeValue(reader, column));
    }
    if (depth === levels.length - 1) return place(isBehindRow(reader, familyAllowed));
    // Inside the ancestor's row: our rows stand behind the sentinel, the ancestor's own cells before it.
    const next = reader.peek();
    if (next === undefined || next < MARKER.sentinel) return place(false);
    if (next > MARKER.sentinel) return place(true);
    reader.byte();
  }
  return place(false);
}

/** Outermost ancestor first, the table itself last, each with the columns that are encoded at its level. */
function levelsOf(index: PrimaryIndex): Level[] {
  const levels: Level[] = [];
  let from = 0;
  for (const { tableId, indexId, sharedColumns } of index.ancestors ?? []) {
    levels.push({ tableId, indexId, columns: index.columns.slice(from, from + sharedColumns) });
    from += sharedColumns;
  }
  levels.push({ tableId: index.tableId, indexId: index.indexId, columns: index.columns.slice(from) });
  return levels;
}

/** Takes the tenant's prefix off. The system tenant has none and sorts before all others. */
function tenantSide(reader: KeyReader, index: PrimaryIndex): 'same' | 'before' | 'after' {
  if (reader.peek() !== MARKER.sentinel) {
    if (index.tenantId === undefined) return 'same';
    // Without a tenant's prefix: the system tenant's keys, or the end of all keys.
    return reader.peek() === MARKER.nullDescending ? 'after' : 'before';
  }
  reader.byte();
  if (index.tenantId === undefined) {
    if (reader.done) return 'after';
    const tenant = reader.uvarint();
    if (reader.done) return 'after';
    throw new UndecodableKey(`The key is of tenant ${tenant}, and which tenant the table is of isn't known.`);
  }
  if (reader.done) return 'before';
  const tenant = Number(reader.uvarint());
  if (tenant === index.tenantId) return 'same';
  return tenant < index.tenantId ? 'before' : 'after';
}

/** 0 when the key goes on inside this table's index, else whether it sorts before (-1) or behind (1) all of it. */
function compareIds(reader: KeyReader, level: Level): -1 | 0 | 1 {
  for (const id of [level.tableId, level.indexId]) {
    const next = reader.peek();
    // What isn't a table's number: the keys of ranges' addresses and of the system before, the end of all keys behind.
    if (next === undefined || next < MARKER.intZero) return -1;
    if (next > MARKER.intMax) return 1;
    const found = Number(reader.uvarint());
    if (found !== id) return found < id ? -1 : 1;
  }
  return 0;
}

/** After all columns: false at the row's start, true inside its interleaved children. */
function isBehindRow(reader: KeyReader, familyAllowed: boolean): boolean {
  const next = reader.peek();
  if (next === undefined || next === MARKER.sentinel) return next !== undefined;
  // The first column family's number, with nothing behind it, is still the row's start.
  if (familyAllowed && next === MARKER.intZero) {
    reader.byte();
    if (reader.done) return false;
  }
  throw new UndecodableKey('The key stands in the middle of a row.');
}
