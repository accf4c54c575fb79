import pg from 'pg';
import type { ErrorCode } from '../../errors.ts';
import { HoldfastError, messageOf } from '../../errors.ts';
import { quoteIdent } from '../names.ts';
import { withPatience } from '../patience.ts';

/** Where something was tried: what an error names so that it can be found. Holds no credential. */
export interface Place {
  /** host:port, or the socket's directory. */
  address: string;
  database: string;
  user: string;
}

/** `127.0.0.1:5432, database bank`. */
export function printPlace(place: Place): string {
  return `${place.address}, database ${quoteIdent(place.database)}`;
}

interface Verdict {
  code: ErrorCode;
  /** What is the matter; null: the server's own words say it. */
  reason?: string;
  hint?: string;
}

const PASSWORD = `Check the user and the password of the cluster's URL, and pg_hba.conf of the server.`;
const UNREACHABLE = 'Check that the server runs and that its address can be reached from here.';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html, and Node's names for socket errors. */
function judge(state: string, place: Place): Verdict {
  const database = quoteIdent(place.database);
  const user = quoteIdent(place.user);
  switch (state) {
    case '3D000':
      return {
        code: 'undefined-database',
        reason: `database ${database} does not exist`,
        hint: 'Check the name.',
      };
    case '28P01':
    case '28000':
      return {
        code: 'cluster-denied',
        hint: PASSWORD,
      };
    case '42501':
      return {
        code: 'cluster-denied',
        hint: `Grant user ${user} what is missing; a superuser, or a member of pg_read_all_data (PostgreSQL 14 and later), can read every table.`,
      };
    case '25006':
      return { code: 'cluster-denied', hint: 'The server is a standby or read-only: use the primary.' };
    case '42P01':
    case '42703':
    case '42704':
    case '42883':
    case '3F000':
      return { code: 'undefined-object', hint: 'Check the name; it may have been dropped or renamed.' };
    case '42P04':
      return { code: 'duplicate-database', hint: 'Choose another name, or drop that database first.' };
    case '42P06':
    case '42P07':
    case '42710':
    case '42712':
      return { code: 'duplicate-object', hint: 'Choose another database, or drop the object first.' };
    case '55P03':
      return {
        code: 'cluster-unavailable',
        hint: 'Another session holds a lock on it, such as an ALTER TABLE that has not been committed: see pg_locks. Try again later.',
      };
    case '57014':
      return { code: 'canceled' };
    case '53300':
      return {
        code: 'cluster-unavailable',
        hint: 'Raise max_connections of the server or close other sessions.',
      };
    case '53200':
      return {
        code: 'cluster-unavailable',
        hint: 'Raise max_locks_per_transaction of the server (or its memory), or take fewer objects at once.',
      };
    case '53100':
      return { code: 'cluster-unavailable', hint: `Free space on the server's disk.` };
    case '57P01':
    case '57P02':
    case '57P03':
      return { code: 'cluster-unavailable', hint: 'Try again once the server accepts connections.' };
    case '55006':
      return { code: 'cluster-unavailable', hint: 'Other sessions use it: end them and try again.' };
    case 'ECONNREFUSED':
      return { code: 'cluster-unavailable', reason: 'the connection was refused', hint: UNREACHABLE };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        code: 'cluster-unavailable',
        reason: 'the host name is not known',
        hint: `Check the host in the cluster's URL.`,
      };
    case 'ENOENT':
      return { code: 'cluster-unavailable', reason: 'there is no such socket', hint: UNREACHABLE };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { code: 'cluster-unavailable', reason: 'the host does not answer', hint: UNREACHABLE };
    case 'ECONNRESET':
    case 'EPIPE':
      return { code: 'cluster-unavailable', reason: 'the connection was lost', hint: UNREACHABLE };
  }
  switch (state.slice(0, 2)) {
    case '08':
    case '53':
    case '57':
      return { code: 'cluster-unavailable', hint: UNREACHABLE };
    case '22':
    case '23':
      return { code: 'job-failed', hint: 'The rows do not fit the table or its constraints.' };
    case '2B':
      return { code: 'missing-dependency', hint: 'Something else depends on it.' };
    case '40':
      return { code: 'cluster-unavailable', hint: 'Try again.' };
    case '0A':
      return { code: 'unsupported' };
  }
  return { code: 'internal' };
}

/** What node-postgres itself says, without a code: of connections that end or do not come about. */
function judgeDriver(message: string): Verdict {
  if (message.startsWith('SASL:'))
    return { code: 'cluster-denied', reason: 'the server wants another password', hint: PASSWORD };
  if (
    /^(Connection terminated|timeout expired|Client (has encountered|was closed)|The server does not)/.test(
      message,
    )
  )
    return { code: 'cluster-unavailable', hint: UNREACHABLE };
  return { code: 'internal' };
}

/**
 * Puts what the driver threw in words: `could not <doing> at <place>: <reason>`. HoldfastErrors pass through.
 * `doing` is an infinitive phrase that names the object (`read bank.public.accounts`).
 */
export function clusterError(error: unknown, place: Place, doing: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const state = stateOf(error);
  const verdict = state === null ? judgeDriver(messageOf(error)) : judge(state, place);
  const detail = error instanceof pg.DatabaseError && error.detail ? ` (${error.detail})` : '';
  const reason = verdict.reason ?? `${messageOf(error)}${detail}`;
  const sqlState = state !== null && error instanceof pg.DatabaseError ? ` [SQLSTATE ${state}]` : '';
  return new HoldfastError(verdict.code, `could not ${doing} at ${printPlace(place)}: ${reason}${sqlState}`, {
    hint: verdict.hint,
    cause: error,
  });
}

/** SQLSTATE or errno of something thrown; null where it carries none. */
export function stateOf(error: unknown): string | null {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return null;
}

/** What an abort means for a call in progress: the signal's own HoldfastError, else `canceled`. */
export function canceled(signal: AbortSignal, doing: string): HoldfastError {
  if (signal.reason instanceof HoldfastError) return signal.reason;
  return new HoldfastError('canceled', `canceled: ${doing}`, { cause: signal.reason });
}

/** How long a server that has let us in may take to answer the first questions. */
const FIRST_ANSWERS_MS = 30_000;

/** What makes a new connection ready, or `cluster-unavailable` where that takes too long. */
export function inTime<T>(work: Promise<T>, { address }: Place): Promise<T> {
  return withPatience(
    work,
    FIRST_ANSWERS_MS,
    () =>
      new HoldfastError(
        'cluster-unavailable',
        `could not connect to ${address}: it did not answer within ${FIRST_ANSWERS_MS / 1000} s`,
        { hint: UNREACHABLE },
      ),
  );
}
