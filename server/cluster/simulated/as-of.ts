import { type AsOfTime, asOfTime, unreadableAsOf } from '../as-of.ts';
import type { Moment } from '../moment.ts';

const MS = 1_000_000n;
/** CockroachDB's `gc.ttlseconds` unless configured otherwise: 25 hours. */
const GC_WINDOW = 25n * 3_600_000n * MS;
/** The same, in seconds. */
export const GC_WINDOW_SECONDS = Number(GC_WINDOW / (1000n * MS));

/**
 * The moment that AS OF SYSTEM TIME means; null is now. Throws `unreadable-moment` for what is no time, still to come, or
 * past the GC window.
 */
export function simulatedMoment(asOf: string | null, now: Date): Moment {
  const present = BigInt(now.getTime()) * MS;
  if (asOf === null) return momentAt({ nanoseconds: present, logical: '0'.repeat(10) });
  const time = asOfTime(asOf, now);
  if (time.nanoseconds < present - GC_WINDOW)
    throw unreadableAsOf(
      asOf,
      `is before ${iso(present - GC_WINDOW)}, which is as far back as the cluster can be read`,
      'Give a time of the last 25 hours.',
    );
  return momentAt(time);
}

function momentAt({ nanoseconds, logical }: AsOfTime): Moment {
  return { kind: 'hlc', at: iso(nanoseconds), timestamp: `${nanoseconds}.${logical}` };
}

function iso(time: bigint): string {
  return new Date(Number(time / MS)).toISOString();
}
