import type { Readable } from 'node:stream';
import { HoldfastError } from '../../errors.ts';
import type { TableRange, TurnWait } from '../cluster.ts';
import { type Column, storedColumns, type TableDescriptor } from '../descriptor.ts';
import { type Moment, momentText } from '../moment.ts';
import { alwaysQuote, printName, sqlName } from '../names.ts';
import { canceled } from '../postgres/errors.ts';
import type { Connections, Lease } from './connections.ts';
import { clusterError } from './errors.ts';
import { earliestHint } from './gc.ts';
import { asOfClause } from './hlc.ts';
import { decodeBoundary } from './keys/decode.ts';
import type { Boundary, PrimaryIndex } from './keys/types.ts';
import { whereBetween } from './keys/where.ts';
import { streamCopyText } from './rows/copy-text.ts';
import type { Schemas } from './schemas.ts';
import type { TableAccess } from './table-access.ts';

/** Implements Cluster.readRange: the rows of a range as COPY text, read on its leaseholder and nowhere else. */
export async function readRange(
  connections: Connections,
  schemas: Schemas,
  table: TableDescriptor,
  range: TableRange,
  at: Moment,
  signal: AbortSignal,
  turn?: TurnWait,
): Promise<Readable> {
  const doing = `read range ${range.index} of ${printName(table.name)}`;
  const refuse = () => {
    if (signal.aborted) throw canceled(signal, doing);
  };
  refuse();
  const access = await schemas.access(table.name, at);
  const sql = selectSql(table, access.index, range, at);
  refuse();
  const lease = await connections.acquireOn(range.leaseholder, table.name.database, turn);
  try {
    refuse();
    return open(lease, sql, signal, doing, (error) => explain(error, lease, doing, access, at));
  } catch (error) {
    lease.release(true);
    throw error;
  }
}

/**
 * CockroachDB 21.1 prints labels in an array of an enum as SQL (`{"e'it\\'s'"}`) and can't read that back; as texts
 * they are what they are. Only types of users are printed with their schema.
 */
function readable({ name, type }: Column): string {
  return `${alwaysQuote(name)}${/\..*\[\]$/.test(type) ? '::STRING[]' : ''}`;
}

/** The statement that reads a range; the index is forced by its number, since names may change. */
export function selectSql(
  table: TableDescriptor,
  index: PrimaryIndex,
  range: Pick<TableRange, 'start' | 'end'>,
  at: Moment,
): string {
  return `SELECT ${storedList(table)} FROM ${source(table, index)} ${asOfClause(at)} WHERE ${whereRange(range, index)}`;
}

/** The columns of data files, in their order, for a SELECT. */
export function storedList(table: TableDescriptor): string {
  return storedColumns(table).map(readable).join(', ');
}

/** The table, through its primary index and no other. */
export function source({ name }: TableDescriptor, { indexId }: PrimaryIndex): string {
  return `${alwaysQuote(name.database)}.${sqlName(name)}@{FORCE_INDEX=[${indexId}]}`;
}

/** A predicate for the rows of a range, and no others. */
export function whereRange({ start, end }: Pick<TableRange, 'start' | 'end'>, index: PrimaryIndex): string {
  return whereBetween(boundary(start, 'before', index), boundary(end, 'after', index), index);
}

function boundary(key: string | null, open: 'before' | 'after', index: PrimaryIndex): Boundary {
  if (key === null) return { kind: open };
  if (!/^([0-9a-f]{2})+$/.test(key)) throw new HoldfastError('internal', `'${key}' is not a key of a range`);
  return decodeBoundary(Buffer.from(key, 'hex'), index);
}

function open(
  lease: Lease,
  sql: string,
  signal: AbortSignal,
  doing: string,
  explained: (error: unknown) => HoldfastError,
): Readable {
  const stream = streamCopyText(lease.client, sql, signal);
  // Whoever destroys it, with whatever the driver says: what comes out names what failed.
  const destroy = stream.destroy.bind(stream);
  stream.destroy = (error?: Error | null) => {
    if (error === undefined || error === null) return destroy();
    return destroy(signal.aborted ? canceled(signal, doing) : explained(error));
  };
  const abort = () => stream.destroy(canceled(signal, doing));
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => {
    signal.removeEventListener('abort', abort);
    // A read that ended before its end goes on in the cluster until its connection is closed.
    lease.release(!stream.readableEnded || stream.errored !== null);
  });
  return stream;
}

/** Puts a failed read in words; one past the GC window says what would have worked. */
export function explain(
  error: unknown,
  lease: Lease,
  doing: string,
  access: TableAccess,
  at: Moment,
): HoldfastError {
  const known = clusterError(error, lease.place, doing);
  if (known.code !== 'unreadable-moment') return known;
  return new HoldfastError(
    'unreadable-moment',
    `could not ${doing} as of ${momentText(at)}: that is past its GC window (gc.ttlseconds = ${access.window})`,
    {
      hint: earliestHint(Date.now() - access.window * 1000),
      cause: error,
    },
  );
}
