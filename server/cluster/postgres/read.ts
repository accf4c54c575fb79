import type { Readable } from 'node:stream';
import { to as copyTo } from 'pg-copy-streams';
import { HoldfastError } from '../../errors.ts';
import type { TableRange, TurnWait } from '../cluster.ts';
import { storedColumns, type TableDescriptor } from '../descriptor.ts';
import type { Moment } from '../moment.ts';
import { alwaysQuote, printName, sqlName } from '../names.ts';
import type { Connections, Lease } from './connections.ts';
import { canceled, clusterError } from './errors.ts';
import { openTable } from './tables.ts';

/** What is buffered of one range at most, beyond the socket's own buffers. */
const BUFFER_BYTES = 256 * 1024;

/** Implements Cluster.readRange: COPY text of the rows in a range of blocks. */
export async function readRange(
  connections: Connections,
  table: TableDescriptor,
  range: TableRange,
  at: Moment,
  signal: AbortSignal,
  turn: TurnWait = (work) => work,
): Promise<Readable> {
  const doing = `read range ${range.index} of ${printName(table.name)}`;
  if (signal.aborted) throw canceled(signal, doing);
  const sql = copySql(table, range);
  const lease = await turn(connections.acquire(table.name.database));
  // The table's lock may take as long as somebody else holds one.
  const cancel = () => connections.cancel(lease);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    // Connecting takes time, too, and a listener that comes too late hears nothing.
    if (signal.aborted) throw canceled(signal, doing);
    await openTable(lease, table.name, at);
    if (signal.aborted) throw canceled(signal, doing);
    return startCopy(connections, lease, sql, signal, doing);
  } catch (error) {
    lease.release(true);
    throw signal.aborted ? canceled(signal, doing) : error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** The statement that reads a range; `EXPLAIN` of its query shows a Tid Range Scan. */
export function copySql(table: TableDescriptor, range: TableRange): string {
  const columns = storedColumns(table).map((column) => alwaysQuote(column.name));
  const bounds = [
    ...(range.start === null ? [] : [`ctid >= '${checkedBound(range.start)}'::pg_catalog.tid`]),
    ...(range.end === null ? [] : [`ctid < '${checkedBound(range.end)}'::pg_catalog.tid`]),
  ];
  const where = bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`;
  return `COPY (SELECT ${columns.join(', ')} FROM ONLY ${sqlName(table.name)}${where}) TO STDOUT`;
}

function checkedBound(bound: string): string {
  if (!/^\(\d{1,10},\d{1,5}\)$/.test(bound))
    throw new HoldfastError('internal', `'${bound}' is not a bound of a block range`);
  return bound;
}

function startCopy(
  connections: Connections,
  lease: Lease,
  sql: string,
  signal: AbortSignal,
  doing: string,
): Readable {
  const stream = copyTo(sql, { highWaterMark: BUFFER_BYTES });
  // The driver's stream would only emit its bare error; destroyed with ours, it says what failed, once.
  let failed = false;
  const translated = Object.assign(stream, {
    handleError: (error: unknown) => {
      failed = true;
      stream.destroy(clusterError(error, lease.place, doing));
    },
  });
  const abort = () => stream.destroy(canceled(signal, doing));
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => {
    signal.removeEventListener('abort', abort);
    if (stream.readableEnded && !failed) void finish(lease);
    else {
      if (!failed) connections.cancel(lease);
      lease.release(true);
    }
  });
  lease.client.query(translated);
  return stream;
}

async function finish(lease: Lease): Promise<void> {
  try {
    await lease.client.query('COMMIT');
    lease.release();
  } catch {
    // All rows have been handed out; only the connection is of no more use.
    lease.release(true);
  }
}
