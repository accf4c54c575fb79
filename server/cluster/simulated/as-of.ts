import { type AsOfTime, asOfTime, unreadableAsOf } from '../as-of.ts';
import type { Moment } from '../moment.ts';

const MS = 1_000_000n;

/**
 * The moment that AS OF SYSTEM TIME means; null is now. Throws `unreadable-moment` for what is no time, still to come, or
 * past the GC window of that many seconds.
 */
export function simulatedMoment(asOf: string | null, now: Date, gcSeconds: number): Moment {
  const present = BigInt(now.getTime()) * MS;
  if (asOf === null) return momentAt({ nanoseconds: present, logical: '0'.repeat(10) });
  const time = asOfTime(asOf, now);
  const earliest = present - BigInt(gcSeconds) * 1000n * MS;
  if (time.nanoseconds < earliest)
    throw unreadableAsOf(
      asOf,
      `is before ${iso(earliest)}, which is as far back as the cluster can be read`,
      `Give a time of the last ${gcSeconds % 3600 === 0 ? `${gcSeconds / 3600} hours` : `${gcSeconds} seconds`}.`,
    );
  return momentAt(time);
}

function momentAt({ nanoseconds, logical }: AsOfTime): Moment {
  return { kind: 'hlc', at: iso(nanoseconds), timestamp: `${nanoseconds}.${logical}` };
}

function iso(time: bigint): string {
  return new Date(Number(time / MS)).toISOString();
}
