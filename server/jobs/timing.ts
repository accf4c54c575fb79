// How often engines look, and how long they wait. All in milliseconds.

/** A coordinator that isn't heard of for so long is taken for dead: with `SWEEP_MS`, its job goes on within 30 s. */
export const LEASE_MS = 15_000;
export const RENEW_MS = 4_000;
/** How often each engine looks for jobs that nobody has. */
export const SWEEP_MS = 5_000;
/** How often each engine says that it is there; see ENGINE_SILENCE_MS. */
export const BEAT_MS = 5_000;
/** How often the progress of a long job is thinned out. */
export const THIN_MS = 5 * 60_000;
/** How often a task says how far it is, and hears whether it still counts: what is to stop does so within twice that. */
export const REPORT_MS = 500;
/** Tasks that wait, and that no token may stand for any more, get tokens once nothing has moved for so long. */
export const RESEND_MS = 30_000;
/** Tasks that were begun, and that nobody works on any more, are handed out again once nothing has moved for so long. */
export const RECLAIM_MS = 60_000;
/** Who asks for a task while the limits let none begin asks again after this, then after twice that, and so on. */
export const FIRST_LATER_MS = 250;
export const LONGEST_LATER_MS = 2_000;
/** After so long, somebody else with another token gets its place. */
export const LATER_PLACE_MS = 20_000;
/** A coordinator that couldn't go on tries again after this. */
export const RETRY_MS = 5_000;
/** A read of a task that hands out no row for so long is broken off. */
export const READ_STALL_MS = 5 * 60_000;
/** How often a coordinator looks which nodes of its cluster are there. */
export const NODES_MS = 15_000;
/** How often a coordinator looks who leads the ranges of its waiting tasks, at most; and a look takes one in so many of its time. */
export const LEASES_MS = 120_000;
export const LEASES_ONE_IN = 100;
/** How often an engine looks whether moments that it holds for others are needed still. */
export const DEPUTY_LOOK_MS = 5_000;
/** How long a paused job's moment is held that is gone otherwise: it keeps a server from cleaning up. */
export const PAUSED_HOLD_MS = 30 * 60_000;
