import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { storedColumns, type TableDescriptor } from '../descriptor.ts';
import { alwaysQuote, type ObjectName, printName, sqlName } from '../names.ts';
import type { Connections } from './connections.ts';
import { canceled, clusterError } from './errors.ts';
import { claimFile, noteLoaded } from './ledger.ts';

/** Implements Cluster.load: one COPY, and its entry in the ledger, in a transaction of their own. */
export async function load(
  connections: Connections,
  database: string,
  table: TableDescriptor,
  rows: Readable,
  signal: AbortSignal,
  once?: { restore: string; key: string },
): Promise<{ rows: number }> {
  const target: ObjectName = { ...table.name, database };
  const doing = `load rows into ${printName(target)}`;
  // The first to fail is to blame: a failing stream makes the other one fail too, in words of its own.
  let culprit: 'source' | 'server' | null = null;
  let failure: unknown;
  const blame = (who: 'source' | 'server') => (error: unknown) => {
    if (culprit === null) failure = error;
    culprit ??= who;
  };
  rows.on('error', blame('source'));
  try {
    return await connections.use(database, async (session) => {
      const refuse = () => {
        if (signal.aborted) throw canceled(signal, doing);
        if (culprit !== null) throw failure;
      };
      await session.run(doing, 'BEGIN');
      refuse();
      const loaded = once === undefined ? null : await claimFile(session, once.restore, once.key);
      if (loaded !== null) {
        await session.run(doing, 'ROLLBACK');
        return { rows: loaded };
      }
      const copy = copyFrom(copySql(target, table));
      copy.on('error', blame('server'));
      const abort = () => {
        rows.destroy();
        connections.cancel(session);
      };
      signal.addEventListener('abort', abort, { once: true });
      try {
        session.client.query(copy);
        await pipeline(rows, copy);
        if (once !== undefined) await noteLoaded(session, once.restore, once.key, copy.rowCount);
        refuse();
        await session.run(doing, 'COMMIT');
        return { rows: copy.rowCount };
      } finally {
        signal.removeEventListener('abort', abort);
        // The cancellation may still be on its way: nobody else may have this connection.
        if (signal.aborted) session.release(true);
      }
    });
  } catch (error) {
    if (culprit === 'source') throw failure;
    if (signal.aborted) throw canceled(signal, doing);
    throw clusterError(failure ?? error, connections.place(database), doing);
  } finally {
    rows.destroy();
  }
}

function copySql(target: ObjectName, table: TableDescriptor): string {
  const columns = storedColumns(table).map((column) => alwaysQuote(column.name));
  // A list of no columns can't be written; without a list, generated columns are not expected either.
  const list = columns.length === 0 ? '' : ` (${columns.join(', ')})`;
  return `COPY ${sqlName(target)}${list} FROM STDIN`;
}
