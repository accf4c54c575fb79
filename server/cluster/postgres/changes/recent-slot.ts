import type { DatabaseSnapshot } from '../../moment.ts';
import type { Session } from '../session.ts';
import { type Following, readFollowing, whyNotFollowed } from './following.ts';
import { markFor } from './marks.ts';
import { lsnOf, parseSnapshot } from './snapshot.ts';

/** One for the slot itself, one for the copy that an engine takes while it reads. */
const SLOTS_LEFT = 2;

/**
 * Moves a second slot to where the changes since this moment begin: reading a slot goes through all WAL that it keeps, and
 * the first slot keeps that of days. It keeps no WAL that the first doesn't, and nothing depends on it. Does nothing where
 * another one is at it, or where too few slots are free.
 */
export async function moveRecentSlot(session: Session, moment: DatabaseSnapshot): Promise<void> {
  const doing = 'move the recent replication slot';
  const [lock] = await session.rows<{ mine: boolean }>(
    doing,
    `SELECT pg_try_advisory_lock(hashtext('holdfast'), hashtext('recent')) AS mine`,
  );
  if (lock?.mine !== true) return;
  try {
    const following = await dropUseless(session, await readFollowing(session));
    const { slotName, recentName, recent, mostSlots, usedSlots } = following;
    const to = markFor(following.marks, parseSnapshot(moment.visible).xmin);
    if (whyNotFollowed(following) !== null || to === undefined) return;
    if (recent === null && mostSlots - usedSlots < SLOTS_LEFT) return;
    if (recent === null)
      await session.rows(doing, 'SELECT pg_copy_logical_replication_slot($1, $2, false)', [
        slotName,
        recentName,
      ]);
    else if (lsnOf(recent.position) > lsnOf(to.lsn)) return;
    // Twice: where reading has to begin is moved on only by places that the slot had passed before.
    for (let time = 0; time < 2; time++)
      await session.rows(doing, 'SELECT pg_replication_slot_advance($1, $2::pg_lsn)', [recentName, to.lsn]);
  } finally {
    await session.run(doing, `SELECT pg_advisory_unlock(hashtext('holdfast'), hashtext('recent'))`);
  }
}

/** Drops a second slot without a first one: it would keep WAL that nobody reads. */
export async function dropUseless(session: Session, following: Following): Promise<Following> {
  const { slot, recent, recentName } = following;
  const lost = (one: Following['slot']) => one === null || one.walStatus === 'lost';
  if (recent === null || !(lost(slot) || lost(recent))) return following;
  await session.rows('drop a replication slot', 'SELECT pg_drop_replication_slot($1)', [recentName]);
  return { ...following, recent: null, usedSlots: following.usedSlots - 1 };
}
