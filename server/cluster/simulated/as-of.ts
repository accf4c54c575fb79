import { HoldfastError } from '../../errors.ts';
import type { Moment } from '../moment.ts';
import { isoNanoseconds } from '../moments.ts';

const MS = 1_000_000n;
const HOUR = 3_600_000n * MS;
/** CockroachDB's `gc.ttlseconds` unless configured otherwise: 25 hours. */
const GC_WINDOW = 25n * HOUR;
/** The same, in seconds. */
export const GC_WINDOW_SECONDS = Number(GC_WINDOW / (1000n * MS));

/** Nanoseconds. */
const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: MS,
  s: 1000n * MS,
  sec: 1000n * MS,
  secs: 1000n * MS,
  second: 1000n * MS,
  seconds: 1000n * MS,
  m: 60_000n * MS,
  min: 60_000n * MS,
  mins: 60_000n * MS,
  minute: 60_000n * MS,
  minutes: 60_000n * MS,
  h: HOUR,
  hour: HOUR,
  hours: HOUR,
  d: 24n * HOUR,
  day: 24n * HOUR,
  days: 24n * HOUR,
};

/**
 * The moment that AS OF SYSTEM TIME means: an interval back from now (`-10s`, `-1h30m`, `-10 minutes`), an ISO time
 * (UTC unless it says otherwise), or an HLC timestamp as CockroachDB prints it; null is now. Throws
 * `unreadable-moment` for what is none of these, still to come, or past the GC window.
 */
export function simulatedMoment(asOf: string | null, now: Date): Moment {
  const present = BigInt(now.getTime()) * MS;
  if (asOf === null) return momentAt(present, '0'.repeat(10));
  const text = asOf.trim();
  const hlc = /^(\d{1,19})(?:\.(\d{10}))?$/.exec(text);
  const time = hlc?.[1] === undefined ? (interval(text, present) ?? isoNanoseconds(text)) : BigInt(hlc[1]);
  if (time === null)
    throw unreadable(asOf, 'is not a time', `Give an interval such as '-10s', or a UTC time.`);
  if (time > present) throw unreadable(asOf, 'is in the future', 'Give a time that has been.');
  if (time < present - GC_WINDOW)
    throw unreadable(
      asOf,
      `is before ${iso(present - GC_WINDOW)}, which is as far back as the cluster can be read`,
      'Give a time of the last 25 hours.',
    );
  return momentAt(time, hlc?.[2] ?? '0'.repeat(10));
}

function momentAt(time: bigint, logical: string): Moment {
  return { kind: 'hlc', at: iso(time), timestamp: `${time}.${logical}` };
}

function iso(time: bigint): string {
  return new Date(Number(time / MS)).toISOString();
}

function interval(text: string, present: bigint): bigint | null {
  if (!text.startsWith('-')) return null;
  const part = /\s*(\d{1,12})(?:\.(\d{1,9}))?\s*([a-zµ]+)/giy;
  part.lastIndex = 1;
  let back = 0n;
  let read = 1;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const [, whole = '', fraction = '', unit = ''] = match;
    const nanoseconds = UNITS[unit.toLowerCase()];
    if (nanoseconds === undefined) return null;
    back += BigInt(whole) * nanoseconds;
    back += (BigInt(fraction.padEnd(9, '0')) * nanoseconds) / 1_000_000_000n;
    read = part.lastIndex;
  }
  return read === text.length && read > 1 ? present - back : null;
}

function unreadable(asOf: string, problem: string, hint: string): HoldfastError {
  return new HoldfastError('unreadable-moment', `AS OF SYSTEM TIME '${asOf}' ${problem}`, {
    hint,
    field: 'asOf',
  });
}
