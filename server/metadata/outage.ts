import pg from 'pg';
import { HoldfastError, messageOf } from '../errors.ts';

/**
 * SQLSTATE classes and codes of a server that goes, is gone or comes, and of one that asks for a transaction to be repeated:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PASSING_CODES = /^(08...|57P0[123]|53300|40001|40P01)$/;

/** What Node says of a connection: https://nodejs.org/api/errors.html#common-system-errors */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** The driver's own words, which have no code. */
const PASSING_WORDS =
  /connection terminated|timeout exceeded when trying to connect|connection timeout|client has encountered a connection error/i;

/** True where the metadata store couldn't be asked just now, or asks to be asked again: nothing is wrong with the question. */
export function isOutage(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isOutage);
  if (error instanceof pg.DatabaseError) return PASSING_CODES.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && SYSTEM_CODES.has(code)) || PASSING_WORDS.test(messageOf(error));
}

/** What people are told who asked for something just then; null for any other error. */
export function outageToHoldfast(error: unknown): HoldfastError | null {
  if (!isOutage(error)) return null;
  return new HoldfastError('metadata-unavailable', 'Holdfast’s metadata store does not answer', {
    hint: 'Jobs go on once it is back. Try again in a moment.',
    cause: error,
  });
}
