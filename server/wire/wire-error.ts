/** The SQLSTATE of bytes or messages that don't follow the protocol. */
export const PROTOCOL_VIOLATION = '08P01';

/** Something wrong with the protocol itself or the connection, not with a statement. */
export class WireError extends Error {
  /** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
  readonly code: string;
  readonly hint: string | undefined;
  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.name = 'WireError';
    this.code = code;
    this.hint = hint;
  }
}
