/**
 * The one error that reaches people. It says what failed, on what, and what to do; the wire endpoint sends
 * `sqlState`, `message` and `hint`, the browser shows `message` and `hint` beside `field`.
 */

/** What went wrong, for programs. The SQLSTATE that psql sees is derived from it. */
export type ErrorCode =
  | 'syntax'
  | 'unsupported'
  | 'invalid-value'
  | 'undefined-database'
  | 'undefined-object'
  | 'duplicate-database'
  | 'duplicate-object'
  | 'duplicate-file'
  | 'empty-selection'
  | 'missing-dependency'
  | 'unreadable-moment'
  | 'undefined-cluster'
  | 'undefined-backup'
  | 'undefined-job'
  | 'job-state'
  | 'job-failed'
  | 'location-invalid'
  | 'location-refused'
  | 'storage-denied'
  /** There is no bucket, container or server of that name. */
  | 'storage-missing'
  /** It may pass: the same may work later. */
  | 'storage-unavailable'
  | 'storage-full'
  /** It won't pass by itself. */
  | 'storage-failed'
  | 'corrupt-backup'
  | 'cluster-unavailable'
  /** It may pass: the same may work later. */
  | 'metadata-unavailable'
  | 'cluster-denied'
  | 'not-authenticated'
  | 'not-allowed'
  | 'throttled'
  | 'canceled'
  | 'internal';

/** PostgreSQL's SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SQL_STATES: Record<ErrorCode, string> = {
  syntax: '42601',
  unsupported: '0A000',
  'invalid-value': '22023',
  'undefined-database': '3D000',
  'undefined-object': '42P01',
  'duplicate-database': '42P04',
  'duplicate-object': '42P07',
  'duplicate-file': '58P02',
  'empty-selection': '42601',
  'missing-dependency': '2BP01',
  'unreadable-moment': '22023',
  'undefined-cluster': '3D000',
  'undefined-backup': '58P01',
  'undefined-job': '42704',
  'job-state': '55000',
  'job-failed': 'XX000',
  'location-invalid': '22023',
  'location-refused': '42501',
  'storage-denied': '42501',
  'storage-missing': '58P01',
  'storage-unavailable': '58030',
  'storage-full': '53100',
  'storage-failed': '58000',
  'corrupt-backup': 'XX001',
  'cluster-unavailable': '08001',
  'metadata-unavailable': '57P03',
  'cluster-denied': '42501',
  'not-authenticated': '28000',
  'not-allowed': '42501',
  throttled: '53400',
  canceled: '57014',
  internal: 'XX000',
};

/** The part of a form that an error belongs to. */
export type ErrorField =
  | 'targets'
  | 'destination'
  | 'asOf'
  | 'bases'
  | 'source'
  | 'intoDb'
  | 'cluster'
  | 'user'
  | 'password'
  | 'name'
  | 'url'
  | 'bearer'
  | 'everySeconds'
  | 'windowSeconds';

export interface ErrorDetails {
  /** What to do about it, one sentence. */
  hint?: string;
  field?: ErrorField;
  /** 1-based character position in the statement, for syntax errors. */
  position?: number;
  cause?: unknown;
}

export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly field: ErrorField | undefined;
  readonly position: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HoldfastError';
    this.code = code;
    this.hint = details.hint;
    this.field = details.field;
    this.position = details.position;
  }

  /** The same error, about that part of a form. */
  about(field: ErrorField): HoldfastError {
    const { hint, position, cause } = this;
    return new HoldfastError(this.code, this.message, {
      field,
      cause,
      ...(hint === undefined ? {} : { hint }),
      ...(position === undefined ? {} : { position }),
    });
  }

  /** Five characters, for the PostgreSQL wire. */
  get sqlState(): string {
    return SQL_STATES[this.code];
  }
}

/** A message as a sentence: those of drivers and of CockroachDB end without a full stop. */
export function sentenceOf(message: string): string {
  return /[.!?…]$/.test(message) ? message : `${message}.`;
}

/** The message of anything thrown, for logs and for wrapping; never shown alone. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
