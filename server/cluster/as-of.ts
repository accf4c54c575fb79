import { HoldfastError } from '../errors.ts';
import { isoNanoseconds } from './moments.ts';

const MS = 1_000_000n;
const HOUR = 3_600_000n * MS;

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

/** A time that AS OF SYSTEM TIME names. */
export interface AsOfTime {
  /** Since 1970. */
  nanoseconds: bigint;
  /** Ten digits: the logical half of an HLC timestamp. */
  logical: string;
}

/**
 * The time that AS OF SYSTEM TIME means, for clusters that don't read it themselves: an interval back from now (`-10s`,
 * `-1h30m`, `-10 minutes`), an ISO time (UTC unless it says otherwise), or an HLC timestamp as CockroachDB prints it.
 * Throws `unreadable-moment` for what is none of these, or still to come.
 */
export function asOfTime(asOf: string, now: Date): AsOfTime {
  const present = BigInt(now.getTime()) * MS;
  const text = asOf.trim();
  const hlc = /^(\d{1,19})(?:\.(\d{10}))?$/.exec(text);
  const nanoseconds =
    hlc?.[1] === undefined ? (interval(text, present) ?? isoNanoseconds(text)) : BigInt(hlc[1]);
  if (nanoseconds === null)
    throw unreadableAsOf(asOf, 'is not a time', `Give an interval such as '-10s', or a UTC time.`);
  if (nanoseconds > present) throw unreadableAsOf(asOf, 'is in the future', 'Give a time that has been.');
  return { nanoseconds, logical: hlc?.[2] ?? '0'.repeat(10) };
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

/** What AS OF SYSTEM TIME names can't be read: `problem` goes on after it. */
export function unreadableAsOf(asOf: string, problem: string, hint: string): HoldfastError {
  return new HoldfastError('unreadable-moment', `AS OF SYSTEM TIME '${asOf}' ${problem}`, {
    hint,
    field: 'asOf',
  });
}
