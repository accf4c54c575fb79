import type { Readable } from 'node:stream';
import { storedColumns, type TableDescriptor } from '../descriptor.ts';
import { alwaysQuote, type ObjectName, printName, sqlName } from '../names.ts';
import type { Connections } from './connections.ts';
import { takeCopy } from './take-copy.ts';

/** Implements Cluster.load: one COPY, and its entry in the ledger, in a transaction of their own. */
export function load(
  connections: Connections,
  database: string,
  table: TableDescriptor,
  rows: Readable,
  signal: AbortSignal,
  once?: { restore: string; key: string },
): Promise<{ rows: number }> {
  const target: ObjectName = { ...table.name, database };
  return takeCopy(connections, database, `load rows into ${printName(target)}`, rows, signal, once, {
    begin: () => Promise.resolve(copySql(target, table)),
    end: () => Promise.resolve(),
  });
}

function copySql(target: ObjectName, table: TableDescriptor): string {
  const columns = storedColumns(table).map((column) => alwaysQuote(column.name));
  // A list of no columns can't be written; without a list, generated columns are not expected either.
  const list = columns.length === 0 ? '' : ` (${columns.join(', ')})`;
  return `COPY ${sqlName(target)}${list} FROM STDIN`;
}
