import type { Readable } from 'node:stream';
import { HoldfastError } from '../../errors.ts';
import type { TableDescriptor } from '../descriptor.ts';
import { alwaysQuote, type ObjectName, printName, sqlName } from '../names.ts';
import type { Connections } from './connections.ts';
import { takeCopy } from './take-copy.ts';

/** The keys while they are taken: a table of the transaction's own. */
const KEYS = 'pg_temp.holdfast_keys';

/**
 * Implements Cluster.removeKeys: the keys into a temporary table, one DELETE, and the entry in the ledger, in a transaction
 * of their own. Restored tables have no index yet, so each call reads its whole table once: give it many keys.
 */
export async function removeKeys(
  connections: Connections,
  database: string,
  table: TableDescriptor,
  keys: Readable,
  signal: AbortSignal,
  once?: { restore: string; key: string },
): Promise<{ rows: number }> {
  const target: ObjectName = { ...table.name, database };
  const doing = `remove rows from ${printName(target)}`;
  const { rowKey } = table;
  if (rowKey === null || rowKey.length === 0) {
    keys.destroy();
    throw new HoldfastError('internal', `could not ${doing}: the table has no key`);
  }
  const columns = rowKey.map(alwaysQuote).join(', ');
  return takeCopy(connections, database, doing, keys, signal, once, {
    async begin(session) {
      // Of the table's own columns: the keys have its types, and text is compared by its collations.
      await session.run(
        doing,
        `CREATE TEMPORARY TABLE holdfast_keys ON COMMIT DROP AS SELECT ${columns} FROM ${sqlName(target)} WITH NO DATA`,
      );
      return `COPY ${KEYS} (${columns}) FROM STDIN`;
    },
    async end(session) {
      // Equal by the columns' own types and collations, as in the key that makes them unique.
      const matches = rowKey.map(alwaysQuote).map((column) => `t.${column} = k.${column}`);
      // Unknown, the keys would be taken for few, and the table searched through once for each.
      await session.run(
        doing,
        `ANALYZE ${KEYS};
         DELETE FROM ONLY ${sqlName(target)} AS t USING ${KEYS} AS k WHERE ${matches.join(' AND ')}`,
      );
    },
  });
}
