import { HoldfastError } from '../../errors.ts';
import type { Moment } from '../moment.ts';
import { type ObjectName, printName, sqlName } from '../names.ts';
import type { Lease } from './connections.ts';
import { clusterError } from './errors.ts';
import { rowEstimateSql } from './estimates.ts';
import { begin } from './moment.ts';

/** A table's heap, as far as splitting and reading it needs. */
export interface Heap {
  /** Blocks of the rows themselves. */
  pages: number;
  /** With TOAST, where values too long for a row are kept. */
  bytes: number;
  /** An estimate. */
  rows: number;
}

interface HeapRow {
  oid: number;
  relkind: string;
  pages: number;
  bytes: string | null;
  rows: number;
  same: boolean | null;
}

/**
 * Starts a transaction at the moment and makes sure that the table can be read in it by block ranges: a table that
 * was truncated, rewritten or had its columns renamed since would be read as something else without any error.
 * Its lock, ACCESS SHARE, keeps it so until the transaction ends.
 */
export async function openTable(session: Lease, table: ObjectName, at: Moment): Promise<Heap> {
  await begin(session, at);
  const doing = `read ${printName(table)}`;
  const find = () =>
    session.rows<HeapRow>(
      doing,
      // pg_class here goes by the snapshot; the functions go by what is there now.
      `SELECT c.oid, c.relkind,
              size.pages, pg_table_size(c.oid)::text AS bytes,
              (${rowEstimateSql('size.pages', session.server.blockSize)})::float8 AS rows,
              -- Before PostgreSQL 14, what is gone can't be identified without an error.
              CASE WHEN pg_table_is_visible(c.oid) IS NULL THEN false
              ELSE (c.relkind = 'p' OR c.relfilenode = pg_relation_filenode(c.oid))
              AND coalesce((SELECT bool_and((pg_identify_object('pg_class'::regclass, c.oid, a.attnum)).identity
                             = format('%I.%I.%I', n.nspname, c.relname, a.attname))
                   FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), true) END AS same
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       CROSS JOIN LATERAL (SELECT coalesce(pg_relation_size(c.oid), 0)::float8
                                  / ${session.server.blockSize} AS pages) size
       WHERE n.nspname = $1 AND c.relname = $2`,
      [table.schema, table.name],
    );
  const before = (await find())[0];
  if (before === undefined)
    throw new HoldfastError('undefined-object', `table ${printName(table)} does not exist as of ${at.at}`, {
      field: 'targets',
    });
  if (before.relkind !== 'r' && before.relkind !== 'p')
    throw new HoldfastError('unsupported', `${printName(table)} is not a table: it has no rows`);
  try {
    await session.client.query(`LOCK TABLE ONLY ${sqlName(table)} IN ACCESS SHARE MODE`);
  } catch (error) {
    throw clusterError(error, session.place, doing);
  }
  // Again, now that nothing can change it any more.
  const heap = (await find())[0];
  if (heap?.oid !== before.oid || heap.same !== true)
    throw new HoldfastError(
      'unreadable-moment',
      `${printName(table)} was truncated, rewritten or altered after ${at.at}, the moment of the backup: what it held then can't be read any more`,
      { hint: 'Start again: a new backup is consistent as of a new moment.' },
    );
  return { pages: heap.pages, bytes: Number(heap.bytes ?? 0), rows: heap.rows };
}
