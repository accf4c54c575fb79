import type { Logger } from 'pino';
import { HoldfastError } from '../errors.ts';
import { outageToHoldfast } from '../metadata/outage.ts';
import { errorFields, type Fields } from './messages.ts';
import { WireError } from './wire-error.ts';

/**
 * What a client is told of anything thrown. Unforeseen errors are logged as `what`, and shown as nothing but that: their text may
 * hold anything.
 */
export function fieldsOf(
  error: unknown,
  severity: 'ERROR' | 'FATAL',
  { logger, what }: { logger: Logger; what: string },
): Fields {
  const known = error instanceof HoldfastError ? error : outageToHoldfast(error);
  if (known !== null) return errorFields(known, severity);
  if (error instanceof WireError) {
    const { code, message, hint } = error;
    return { severity, code, message, hint };
  }
  logger.error({ err: error }, what);
  return { severity, code: 'XX000', message: 'internal error', hint: "Holdfast's log says more." };
}
