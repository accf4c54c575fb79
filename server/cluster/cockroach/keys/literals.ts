/**
 * Values as SQL literals that CockroachDB reads back as exactly the same value. Annotated (`:::`), not cast: an
 * annotated constant never loses its index constraint to a conversion of the column.
 */

const SECONDS_A_DAY = 86_400n;
const MICROS = 1_000_000n;

/** `'text':::TYPE`, whatever the text holds. */
export function typed(text: string, type: string): string {
  return `${quoted(text)}:::${type}`;
}

/** A string literal. Control characters are escaped: a 0x00 can't travel in a statement's text. */
export function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/[\x00-\x1f\x7f\\]/.test(text)) return `'${text.replaceAll("'", "''")}'`;
  const escaped = text.replace(
    // eslint-disable-next-line no-control-regex
    /[\x00-\x1f\x7f\\']/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `e'${escaped}'`;
}

/** `2026-01-31`, ` BC` behind it for years before 1; days since 1970-01-01. */
export function dateText(days: bigint): string {
  const { year, month, day } = civil(days);
  return `${pad(year > 0n ? year : 1n - year, 4)}-${pad(month, 2)}-${pad(day, 2)}${year > 0n ? '' : ' BC'}`;
}

/** `2026-01-31 23:59:59.000001`, with `zone` behind the time, ` BC` behind that. */
export function timestampText(unixSeconds: bigint, nanos: bigint, zone: string): string {
  const days = floorDiv(unixSeconds, SECONDS_A_DAY);
  const time = timeText((unixSeconds - days * SECONDS_A_DAY) * MICROS + nanos / 1000n);
  const date = dateText(days);
  return date.endsWith(' BC') ? `${date.slice(0, -3)} ${time}${zone} BC` : `${date} ${time}${zone}`;
}

/** `23:59:59.000001`; 24:00:00 is a time too. */
export function timeText(micros: bigint): string {
  const seconds = micros / MICROS;
  const fraction = micros % MICROS;
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => pad(part, 2)).join(':');
  return fraction === 0n ? clock : `${clock}.${pad(fraction, 6)}`;
}

/** `1 mons -3 days -1.500000001 seconds`. */
export function intervalText(months: bigint, days: bigint, nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = pad(size % 1_000_000_000n, 9);
  return `${months} mons ${days} days ${nanos < 0n ? '-' : ''}${size / 1_000_000_000n}.${fraction} seconds`;
}

/** The proleptic Gregorian date of a day: years are shifted to start in March, so that leap days come last. */
function civil(daysSince1970: bigint): { year: bigint; month: bigint; day: bigint } {
  const shifted = daysSince1970 + 719_468n;
  const era = floorDiv(shifted, 146_097n);
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shiftedMonth = (5n * dayOfYear + 2n) / 153n;
  const month = shiftedMonth < 10n ? shiftedMonth + 3n : shiftedMonth - 9n;
  const year = yearOfEra + era * 400n + (month <= 2n ? 1n : 0n);
  return { year, month, day: dayOfYear - (153n * shiftedMonth + 2n) / 5n + 1n };
}

function floorDiv(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

function pad(value: bigint, width: number): string {
  return value.toString().padStart(width, '0');
}
