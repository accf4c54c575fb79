import pg from 'pg';
import type { ErrorCode } from '../../errors.ts';
import { HoldfastError, messageOf } from '../../errors.ts';
import { quoteIdent } from '../names.ts';
import { type Place, printPlace, stateOf } from '../postgres/errors.ts';

interface Verdict {
  code: ErrorCode;
  /** What is the matter; null: the server's own words say it. */
  reason?: string;
  hint?: string;
}

const CREDENTIALS = `Check the user, the password and the certificates of the cluster's URL.`;
const UNREACHABLE = 'Check that the node runs and that its address can be reached from here.';
const TRY_AGAIN = 'Try again.';

/**
 * What CockroachDB says without a SQLSTATE of its own (21.1 answers XXUUU then), or in more telling words than
 * its SQLSTATE.
 */
const MESSAGES: [RegExp, (place: Place, said: string) => Verdict][] = [
  [
    /must be after replica GC threshold|is less than equal to the GCThreshold/i,
    () => ({
      code: 'unreadable-moment',
      reason: 'the moment is past the GC window: what rows were then has been garbage collected',
      hint: 'Take a later moment, or raise gc.ttlseconds of the table (ALTER TABLE … CONFIGURE ZONE USING gc.ttlseconds = …) before the next backup.',
    }),
  ],
  [
    /cannot specify timestamp in the future/i,
    () => ({
      code: 'unreadable-moment',
      reason: 'the moment is in the future',
      hint: 'Take an earlier moment.',
    }),
  ],
  [
    /only users with the admin role|only superusers are allowed|does not have .* privilege/i,
    (place, said) => ({
      code: 'cluster-denied',
      reason: `user ${quoteIdent(place.user)} lacks the admin role (${said})`,
      hint: needsAdmin(place),
    }),
  ],
  [
    /is referenced by foreign key from table|is interleaved by table/i,
    () => ({ code: 'missing-dependency', hint: 'Something else depends on it.' }),
  ],
  [
    // 08P01, as if the protocol were at fault.
    /error in argument for \$\d+/i,
    () => ({ code: 'job-failed', hint: 'The rows do not fit the table or its constraints.' }),
  ],
  [
    /restart transaction|TransactionRetryWithProtoRefreshError/i,
    () => ({ code: 'cluster-unavailable', hint: TRY_AGAIN }),
  ],
  [
    // A node that goes away takes its part of a distributed query with it.
    /rpc error|communication error|failed to send RPC|no inbound stream connection|node is draining|server is not accepting clients|breaker open/i,
    () => ({ code: 'cluster-unavailable', hint: TRY_AGAIN }),
  ],
  [
    /SSL connection required|running secure mode/i,
    () => ({
      code: 'cluster-denied',
      hint: `Give the cluster's URL a sslmode: verify-full with its sslrootcert, or require.`,
    }),
  ],
  [/certificate|password authentication failed/i, () => ({ code: 'cluster-denied', hint: CREDENTIALS })],
];

function needsAdmin({ user }: Place): string {
  return `Holdfast needs the admin role: GRANT admin TO ${quoteIdent(user)}, or register the cluster as root.`;
}

/** https://www.cockroachlabs.com/docs/v21.1/common-errors, pgcode in CockroachDB, and Node's names for socket errors. */
function judge(state: string, place: Place): Verdict | null {
  switch (state) {
    case '3D000':
      return { code: 'undefined-database', hint: 'Check the name.' };
    case '28P01':
    case '28000':
      return { code: 'cluster-denied', hint: CREDENTIALS };
    case '42501':
      return { code: 'cluster-denied', hint: needsAdmin(place) };
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
      return { code: 'duplicate-object', hint: 'Choose another database, or drop the object first.' };
    case '57014':
      return { code: 'canceled' };
    case 'XXA00':
      return {
        code: 'job-failed',
        hint: 'The schema change was begun and then given up: see SHOW JOBS of the cluster.',
      };
    case 'ECONNREFUSED':
      return { code: 'cluster-unavailable', reason: 'the connection was refused', hint: UNREACHABLE };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        code: 'cluster-unavailable',
        reason: 'the host name is not known',
        hint: `Check the host in the cluster's URL.`,
      };
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
    case '58':
      return { code: 'cluster-unavailable', hint: UNREACHABLE };
    case '22':
    case '23':
      return { code: 'job-failed', hint: 'The rows do not fit the table or its constraints.' };
    case '2B':
      return { code: 'missing-dependency', hint: 'Something else depends on it.' };
    case '40':
      return { code: 'cluster-unavailable', hint: TRY_AGAIN };
    case '0A':
      return { code: 'unsupported' };
  }
  return null;
}

/** What node-postgres itself says, without a code: of connections that end or do not come about. */
function judgeDriver(message: string): Verdict {
  if (message.startsWith('SASL:')) return { code: 'cluster-denied', hint: CREDENTIALS };
  if (
    /^(Connection terminated|timeout expired|Client (has encountered|was closed)|The server does not)/.test(
      message,
    )
  )
    return { code: 'cluster-unavailable', hint: UNREACHABLE };
  return { code: 'internal' };
}

function judgeAll(error: unknown, place: Place): Verdict {
  const message = messageOf(error);
  for (const [pattern, verdict] of MESSAGES) if (pattern.test(message)) return verdict(place, message);
  const state = stateOf(error);
  return (state === null ? null : judge(state, place)) ?? judgeDriver(message);
}

/**
 * Puts what the driver threw in words: `could not <doing> at <place>: <reason>`. HoldfastErrors pass through.
 * `doing` is an infinitive phrase that names the object (`read bank.public.accounts`).
 */
export function clusterError(error: unknown, place: Place, doing: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const verdict = judgeAll(error, place);
  const state = stateOf(error);
  const detail = error instanceof pg.DatabaseError && error.detail ? ` (${error.detail})` : '';
  const reason = verdict.reason ?? `${messageOf(error)}${detail}`;
  const sqlState = error instanceof pg.DatabaseError && state !== null ? ` [SQLSTATE ${state}]` : '';
  return new HoldfastError(verdict.code, `could not ${doing} at ${printPlace(place)}: ${reason}${sqlState}`, {
    hint: verdict.hint,
    cause: error,
  });
}

/** Whether the transaction may simply be run again: serialization_failure. The error may be wrapped already. */
export function isRetryable(error: unknown): boolean {
  const original = error instanceof HoldfastError ? error.cause : error;
  return stateOf(original) === '40001';
}
