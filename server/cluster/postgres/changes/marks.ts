import { literal } from '../../literal.ts';
import { momentText } from '../../moment.ts';
import { alwaysQuote, quoteIdent } from '../../names.ts';
import type { Session } from '../session.ts';
import { type Following, type Mark, printMarks, PUBLICATION, readFollowing } from './following.ts';
import { lsnOf } from './snapshot.ts';

/** What the slot keeps: WAL of so long and of so many bytes at most, whichever is less. */
export const KEPT_SECONDS = 7 * 24 * 3600;
export const KEPT_BYTES = 10n * 1024n ** 3n;

/** Marks that are closer together than both would only make the comment longer. */
const BETWEEN_MARKS_MS = 1_000;
const BETWEEN_MARKS_BYTES = 4n * 1024n ** 2n;
/** More are thinned out: the older, the further apart. */
const MOST_MARKS = 300;

/** A mark that has just been set: everything before `end` is on the server's disk. */
export interface SetMark extends Mark {
  end: string;
}

/**
 * Writes a message into the WAL, in a transaction of its own. Its commit is flushed, and with it all that was committed
 * before: with `synchronous_commit = off` a transaction is visible before it is flushed, and only what is flushed is
 * decoded. The same transaction serves as a mark, which is kept where there is none as new yet.
 */
export async function setMark(session: Session): Promise<SetMark> {
  const doing = 'set a mark in the WAL';
  await session.run(doing, 'BEGIN READ WRITE; SET LOCAL synchronous_commit = local');
  try {
    const [place] = await session.rows<{ lsn: string; at: string }>(
      doing,
      `SELECT pg_current_wal_insert_lsn()::text AS lsn,
              to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`,
    );
    // Only then: what has a higher id than this one began after the position was read.
    const [own] = await session.rows<{ xid: string }>(doing, 'SELECT pg_current_xact_id()::text AS xid');
    const [message] = await session.rows<{ end: string }>(
      doing,
      `SELECT pg_logical_emit_message(true, 'holdfast', '')::text AS end`,
    );
    await session.run(doing, 'COMMIT');
    if (place === undefined || own === undefined || message === undefined) throw new Error('no answer');
    return { ...place, ...own, ...message };
  } catch (error) {
    await session.client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Runs `work` alone among all who change this database's marks or its slot. */
async function alone<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const doing = 'wait for others who follow the changes';
  await session.run(doing, `SELECT pg_advisory_lock(hashtext('holdfast'), hashtext('marks'))`);
  try {
    return await work();
  } finally {
    await session.run(doing, `SELECT pg_advisory_unlock(hashtext('holdfast'), hashtext('marks'))`);
  }
}

/** Keeps the mark with those that the slot still serves. */
export async function keepMark(session: Session, mark: SetMark): Promise<void> {
  await alone(session, async () => {
    const { marks: kept } = await readFollowing(session);
    const last = kept.at(-1);
    if (
      last !== undefined &&
      Date.parse(mark.at) - Date.parse(last.at) < BETWEEN_MARKS_MS &&
      lsnOf(mark.lsn) - lsnOf(last.lsn) < BETWEEN_MARKS_BYTES
    )
      return;
    const { lsn, xid, at } = mark;
    await writeMarks(session, thinned([...kept, { lsn, xid, at }]));
  });
}

/** Of too many marks every second one of the older half goes; the first stays. */
function thinned(marks: readonly Mark[]): Mark[] {
  if (marks.length <= MOST_MARKS) return [...marks];
  return marks.filter((_, index) => index >= MOST_MARKS / 2 || index % 2 === 0);
}

async function writeMarks(session: Session, marks: readonly Mark[]): Promise<void> {
  await session.run(
    'keep a mark',
    `COMMENT ON PUBLICATION ${alwaysQuote(PUBLICATION)} IS ${literal(printMarks(marks))}`,
  );
}

/** The newest mark that serves a snapshot with this `xmin`: undefined where it is older than the slot. */
export function markFor(marks: readonly Mark[], xmin: bigint): Mark | undefined {
  return marks.findLast(({ xid }) => BigInt(xid) <= xmin);
}

/** Up to which mark the slot is to forget, by the policy; null: nothing more. */
export function toForget({ marks, insertLsn, slot }: Following, now: Date): Mark | null {
  if (insertLsn === null || slot === null || slot.walStatus === 'lost') return null;
  const last = marks.findLast(
    ({ at, lsn }) =>
      now.getTime() - Date.parse(at) > KEPT_SECONDS * 1000 || lsnOf(insertLsn) - lsnOf(lsn) > KEPT_BYTES,
  );
  return last === undefined || last === marks[0] ? null : last;
}

/** What `moveOn` did. */
export interface Moved {
  slotName: string;
  /** From where on changes can be read now. */
  from: Mark;
  releasedBytes: bigint;
}

/** Moves the slot on to what the policy says. Null where it keeps no more than that. */
export async function moveOn(session: Session, now: Date): Promise<Moved | null> {
  return alone(session, async () => {
    const following = await readFollowing(session);
    const { marks, slot, slotName } = following;
    const from = toForget(following, now);
    if (from === null || slot === null) return null;
    await session.rows('move the replication slot on', 'SELECT pg_replication_slot_advance($1, $2::pg_lsn)', [
      slotName,
      from.lsn,
    ]);
    // Only then: a mark that the slot has passed is passed over, and one that is gone would never come back.
    await writeMarks(
      session,
      marks.filter(({ lsn }) => lsnOf(lsn) >= lsnOf(from.lsn)),
    );
    return { slotName, from, releasedBytes: lsnOf(from.lsn) - lsnOf(slot.position) };
  });
}

/** For the job's log. */
export function movedText(database: string, { slotName, from, releasedBytes }: Moved): string {
  return (
    `The replication slot ${slotName} of ${quoteIdent(database)} was moved on to ${momentText(from)} and lets go of ` +
    `${releasedBytes / 1024n ** 2n} MiB of WAL: bases before that can't be built on any more.`
  );
}
