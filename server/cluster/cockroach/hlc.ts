import { HoldfastError } from '../../errors.ts';
import { literal } from '../literal.ts';
import type { Moment } from '../moment.ts';
import type { Session } from './session.ts';

/** A decimal HLC (`1795350729757173154.0000000000`) as a moment. */
export function momentAt(timestamp: string): Extract<Moment, { kind: 'hlc' }> {
  return { kind: 'hlc', at: new Date(Number(nanos(timestamp) / 1_000_000n)).toISOString(), timestamp };
}

/** `AS OF SYSTEM TIME '…'` for a top-level statement or BEGIN, which take no parameter there. */
export function asOfClause(at: Moment): string {
  if (at.kind !== 'hlc')
    throw new HoldfastError('unreadable-moment', `a moment of another kind of cluster can't be read here`, {
      hint: 'Start the backup again.',
    });
  return `AS OF SYSTEM TIME ${literal(at.timestamp)}`;
}

/** Runs `work` in a transaction that sees the cluster at the moment, else now. */
export function inMoment<T>(session: Session, at: Moment | undefined, work: () => Promise<T>): Promise<T> {
  return session.transaction(at === undefined ? 'BEGIN READ ONLY' : `BEGIN ${asOfClause(at)}`, work);
}

/** Seconds between the moment and the cluster's now. */
export async function ageOf(session: Session, timestamp: string): Promise<number> {
  const rows = await session.rows<{ now: string }>(
    'ask for the time',
    'SELECT cluster_logical_timestamp()::STRING AS now',
  );
  return Number(nanos(rows[0]?.now ?? timestamp) - nanos(timestamp)) / 1e9;
}

function nanos(timestamp: string): bigint {
  return BigInt(/^\d+/.exec(timestamp)?.[0] ?? '0');
}
