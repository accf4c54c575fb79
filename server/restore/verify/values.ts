import { copyUnescaped } from '../../cluster/copy-escape.ts';

/**
 * What is wrong with a value as COPY text has it, its escapes undone, a character a byte; null where nothing is. Values of types
 * that are not among the common ones are not looked into.
 */
export type ValueCheck = (value: string) => string | null;

/** How a type's values are looked at. */
export interface ValueForm {
  check: ValueCheck;
  /** Values that are longer, in bytes, are only looked at for their escapes: to look into them is to hold them. */
  longest: number;
}

/** Longer than any number or time is: `numeric` has up to 131072 digits before its point and 16383 after it. */
const LONGEST_PLAIN = 256 * 1024;
const LONGEST_DOCUMENT = 16 * 1024 * 1024;

/**
 * The form of a column's values by its type as PostgreSQL or CockroachDB prints it; null for types that are only looked at for
 * escapes. Forms are those that the servers print with the sessions' settings (ISO dates, hexadecimal bytes):
 * https://www.postgresql.org/docs/current/datatype.html
 */
export function formOf(type: string): ValueForm | null {
  // `timestamp(3) with time zone`, `DECIMAL(10,2)`: how many digits is the cluster's business.
  const check = CHECKS[type.toLowerCase().replace(/ ?\([\d, ]*\)/, '')];
  if (check === undefined) return null;
  return { check, longest: check === isJson || check === isBytes ? LONGEST_DOCUMENT : LONGEST_PLAIN };
}

function matches(pattern: RegExp, what: string): ValueCheck {
  return (value) => (pattern.test(value) ? null : `${shown(value)} is no ${what}`);
}

/** As a finding shows it. */
function shown(value: string): string {
  const SHOWN = 40;
  const text = Buffer.from(value.slice(0, SHOWN), 'latin1').toString('utf8');
  return JSON.stringify(value.length > SHOWN ? `${text}…` : text);
}

function integer(bits: number): ValueCheck {
  const top = 2n ** BigInt(bits - 1);
  // Most are so short that they are in bounds.
  const short = String(top).length - 1;
  return (value) => {
    if (!/^-?\d+$/.test(value)) return `${shown(value)} is no integer`;
    if (value.length <= short) return null;
    const number = BigInt(value);
    return number >= -top && number < top ? null : `${shown(value)} is outside of ${bits} bits`;
  };
}

const DATE = String.raw`(-?\d{4,7})-(\d\d)-(\d\d)`;
const TIME = String.raw` (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?`;
const ZONE = String.raw`[+-]\d\d(?::\d\d){0,2}`;

/** A date as ISO has it, with what is to follow it: `4713-01-01 BC`, `2026-11-22 12:33:34.9+00`. */
function moment(what: string, rest: string): ValueCheck {
  const pattern = new RegExp(`^${DATE}${rest}( BC)?$`);
  return (value) => {
    const found = pattern.exec(value);
    if (found === null)
      return value === 'infinity' || value === '-infinity' ? null : `${shown(value)} is no ${what}`;
    const year = found[4] === undefined ? Number(found[1]) : 1 - Number(found[1]);
    return isDay(year, Number(found[2]), Number(found[3])) ? null : `${shown(value)} is no ${what}`;
  };
}

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  if (month !== 2) return day <= ([4, 6, 9, 11].includes(month) ? 30 : 31);
  // Before the year 1, which are leap years depends on who counts: the 29th passes.
  return (
    day <= 28 || (day === 29 && (year <= 0 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))))
  );
}

function isJson(value: string): string | null {
  try {
    JSON.parse(value);
    return null;
  } catch {
    return `${shown(value)} is not JSON`;
  }
}

const isBytes = matches(/^\\x(?:[0-9a-f]{2})*$/i, 'hexadecimal of bytes');
const isFloat = matches(
  /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|-?Infinity|[+-]?Inf)$/i,
  'floating-point number',
);
const isNumeric = matches(/^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|-?Infinity)$/i, 'decimal number');
const isBoolean = matches(/^(?:t|f|true|false)$/, 'boolean');
const isUuid = matches(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, 'UUID');
const isTimestamp = moment('timestamp', TIME);
const isTimestamptz = moment('timestamp with a time zone', TIME + ZONE);

const CHECKS: Readonly<Record<string, ValueCheck | undefined>> = Object.assign(
  Object.create(null) as Record<string, ValueCheck | undefined>,
  {
    smallint: integer(16),
    int2: integer(16),
    integer: integer(32),
    int4: integer(32),
    bigint: integer(64),
    int8: integer(64),
    boolean: isBoolean,
    bool: isBoolean,
    uuid: isUuid,
    date: moment('date', ''),
    'timestamp without time zone': isTimestamp,
    timestamp: isTimestamp,
    'timestamp with time zone': isTimestamptz,
    timestamptz: isTimestamptz,
    numeric: isNumeric,
    decimal: isNumeric,
    real: isFloat,
    float4: isFloat,
    'double precision': isFloat,
    float8: isFloat,
    bytea: isBytes,
    bytes: isBytes,
    json: isJson,
    jsonb: isJson,
  },
);

/** Undoes the escapes of a value that has some; they are known to be good. */
export function unescaped(text: string): string {
  return text.includes('\\') ? copyUnescaped(text) : text;
}
