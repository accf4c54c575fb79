import type { Moment } from './moment.ts';

const NS_A_MS = 1_000_000n;

/** `2026-11-22 15:23:37.491 UTC` as pages and SHOW BACKUP print it, or ISO 8601; UTC unless it says otherwise. */
const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** Whether the text of AS OF SYSTEM TIME means this very moment: as pages print it, or its HLC timestamp. */
export function isAsOf(moment: Moment, asOf: string): boolean {
  const text = asOf.trim();
  if (moment.kind === 'hlc' && /^\d+(\.\d{10})?$/.test(text))
    return hlcOrder(text) === hlcOrder(moment.timestamp);
  const time = isoNanoseconds(text);
  if (time === null) return false;
  const shown = BigInt(Date.parse(moment.at)) * NS_A_MS;
  return time === shown || (moment.kind === 'hlc' && time === BigInt(moment.timestamp.split('.')[0] ?? ''));
}

/** Whether a moment is before another one of the same cluster. */
export function isBefore(one: Moment, other: Moment): boolean {
  if (one.kind === 'hlc' && other.kind === 'hlc') return hlcOrder(one.timestamp) < hlcOrder(other.timestamp);
  return Date.parse(one.at) < Date.parse(other.at);
}

/** A decimal HLC as one number that orders as it does: nanoseconds, then the ten digits of the logical clock. */
export function hlcOrder(timestamp: string): bigint {
  const [whole = '', logical = ''] = timestamp.split('.');
  return BigInt(whole) * 10_000_000_000n + BigInt(logical === '' ? 0 : logical);
}

/** Nanoseconds since 1970 of a time such as `2026-11-22 15:23:37.491 UTC`; null for what is none. */
export function isoNanoseconds(text: string): bigint | null {
  const [, date, minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = TIME.exec(text) ?? [];
  if (date === undefined) return null;
  const digits = /^([+-]\d\d):?(\d\d)?$/.exec(zone);
  const parsed = Date.parse(
    `${date}T${minutes}:${seconds}${digits === null ? 'Z' : `${digits[1]}:${digits[2] ?? '00'}`}`,
  );
  return Number.isNaN(parsed) ? null : BigInt(parsed) * NS_A_MS + BigInt(fraction.padEnd(9, '0'));
}
