/** From when on something counts against a verdict, each with its reason. Milliseconds. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Who backs up every night has lost a day at most: an older newest point means that a backup was left out. */
export const LATE_MS = 24 * HOUR;

/** A week without a backup isn't one left out: nobody makes them any more, or they fail. */
export const VERY_LATE_MS = 7 * DAY;

/** Storage decays slowly, and every layer is read by a verify: once a week finds damage while earlier backups are still kept. */
export const VERIFY_STALE_MS = 7 * DAY;

/** Schemas, versions and people change in a month: a drill that is older proves how it was. */
export const DRILL_STALE_MS = 30 * DAY;

/** Within a working day somebody can still make the incremental backup by hand. */
export const DEADLINE_NEAR_MS = 6 * HOUR;
