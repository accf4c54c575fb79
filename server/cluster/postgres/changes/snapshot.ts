import { HoldfastError } from '../../../errors.ts';

const EPOCH = 1n << 32n;

/** Which transactions a snapshot sees: `pg_current_snapshot()`, https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS */
export interface TransactionSnapshot {
  /** All below it had ended. */
  xmin: bigint;
  /** It and all above had not ended. */
  xmax: bigint;
  /** Those between that had not ended; of subtransactions, the top one only. */
  running: ReadonlySet<bigint>;
}

/** Reads `xmin:xmax:xip,xip…`. Ids are of 64 bits: they count the wraparounds too. */
export function parseSnapshot(text: string): TransactionSnapshot {
  const [, xmin, xmax, running] = /^(\d+):(\d+):([\d,]*)$/.exec(text) ?? [];
  if (xmin === undefined || xmax === undefined || running === undefined)
    throw new HoldfastError('unreadable-moment', `'${text}' is not a snapshot of PostgreSQL`, {
      hint: 'Take a full backup.',
      field: 'bases',
    });
  const ids = running === '' ? [] : running.split(',').map(BigInt);
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), running: new Set(ids) };
}

/** Whether a committed transaction's rows are seen. `xid` is of 64 bits and not of a subtransaction. */
export function isVisible({ xmin, xmax, running }: TransactionSnapshot, xid: bigint): boolean {
  return xid < xmin || (xid < xmax && !running.has(xid));
}

/**
 * The 64 bits of an id of which the WAL has 32: the one nearest to `near`. Ids in use are never further than 2^31 apart,
 * https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
 */
export function fullXid(xid: number, near: bigint): bigint {
  const same = near - (near % EPOCH) + BigInt(xid);
  if (same - near > EPOCH / 2n && same >= EPOCH) return same - EPOCH;
  if (near - same > EPOCH / 2n) return same + EPOCH;
  return same;
}

/** A WAL position (`16/B374D848`) as the number of its byte: https://www.postgresql.org/docs/current/datatype-pg-lsn.html */
export function lsnOf(text: string): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text) ?? [];
  if (high === undefined || low === undefined)
    throw new HoldfastError('unreadable-moment', `'${text}' is not a position in PostgreSQL's WAL`, {
      hint: 'Take a full backup.',
      field: 'bases',
    });
  return BigInt(`0x${high}`) * EPOCH + BigInt(`0x${low}`);
}
