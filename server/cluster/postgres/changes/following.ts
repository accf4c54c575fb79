import { z } from 'zod';
import { quoteIdent } from '../../names.ts';
import type { Session } from '../session.ts';
import { lsnOf } from './snapshot.ts';

/** The publication that says which tables of a database are followed. */
export const PUBLICATION = 'holdfast';

/**
 * A place in the WAL that reading can begin at. All transactions with an id of `xid` or more wrote everything after
 * `lsn`: so it serves every snapshot that sees all transactions below `xid`. The order of commits in the WAL is not the
 * order in which they become visible, and a position alone would not do.
 */
const markSchema = z.object({ lsn: z.string(), xid: z.string().regex(/^\d+$/), at: z.iso.datetime() });
export type Mark = z.infer<typeof markSchema>;

/** The publication's comment, where the marks are kept: there is nothing else of ours in the database. */
const commentSchema = z.object({ holdfast: z.literal(1), marks: z.array(markSchema) });

/** How a slot stands: https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
export interface SlotState {
  /** What committed after it can be read. */
  position: string;
  /** `reserved`, `extended`, `unreserved`, `lost`. */
  walStatus: string;
  /** What can still be written before it is in danger; null: without a limit. */
  safeBytes: number | null;
  /** WAL that is kept for it. */
  retainedBytes: number;
}

/** What a database has of what following its changes needs. */
export interface Following {
  database: string;
  walLevel: string;
  standby: boolean;
  timeline: number | null;
  insertLsn: string | null;
  /** The session's user may read from and make slots. */
  mayReplicate: boolean;
  mostSlots: number;
  usedSlots: number;
  slotName: string;
  slot: SlotState | null;
  /** The second slot, see recent-slot.ts. */
  recentName: string;
  recent: SlotState | null;
  /** Null: there is none. */
  publication: { owned: boolean } | null;
  /** Those that the slot still serves, oldest first. */
  marks: Mark[];
}

/** The server's timeline, null on a standby: another one after each promotion or recovery to a point in time. */
export const TIMELINE_SQL = `CASE WHEN NOT pg_is_in_recovery()
  THEN ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END`;

const SLOT_NAME = `('holdfast_' || d.oid)`;
const RECENT_NAME = `('holdfast_' || d.oid || '_recent')`;

/** The databases that have a slot of ours, a column `name`. */
export const FOLLOWED_DATABASES_SQL = `SELECT d.datname AS name FROM pg_database d
  WHERE d.datallowconn AND EXISTS (SELECT FROM pg_replication_slots s
    WHERE s.datoid = d.oid AND s.slot_name IN (${SLOT_NAME}, ${RECENT_NAME})) ORDER BY d.datname`;

function slotSql(name: string): string {
  return `(SELECT jsonb_build_object(
      'position', s.confirmed_flush_lsn, 'walStatus', coalesce(s.wal_status, 'lost'), 'safeBytes', s.safe_wal_size,
      'retainedBytes', CASE WHEN NOT pg_is_in_recovery()
        THEN coalesce(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.restart_lsn), 0) ELSE 0 END)
    FROM pg_replication_slots s
    WHERE s.slot_name = ${name} AND s.plugin = 'pgoutput' AND s.datoid = d.oid
      AND NOT s.temporary AND s.confirmed_flush_lsn IS NOT NULL)`;
}

/** Looks at what there is in the session's database. */
export async function readFollowing(session: Session): Promise<Following> {
  const [row] = await session.rows<Omit<Following, 'marks' | 'database'> & { comment: string | null }>(
    'look at the replication slot',
    `SELECT current_setting('wal_level') AS "walLevel", pg_is_in_recovery() AS standby,
            ${TIMELINE_SQL} AS timeline,
            CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()::text END AS "insertLsn",
            (SELECT r.rolsuper OR r.rolreplication FROM pg_roles r WHERE r.rolname = current_user) AS "mayReplicate",
            current_setting('max_replication_slots')::int AS "mostSlots",
            (SELECT count(*) FROM pg_replication_slots)::int AS "usedSlots",
            ${SLOT_NAME} AS "slotName", ${slotSql(SLOT_NAME)} AS slot,
            ${RECENT_NAME} AS "recentName", ${slotSql(RECENT_NAME)} AS recent,
            (SELECT jsonb_build_object('owned', pg_has_role(p.pubowner, 'USAGE'))
             FROM pg_publication p WHERE p.pubname = '${PUBLICATION}') AS publication,
            (SELECT obj_description(p.oid, 'pg_publication')
             FROM pg_publication p WHERE p.pubname = '${PUBLICATION}') AS comment
     FROM pg_database d WHERE d.datname = current_database()`,
  );
  if (row === undefined) throw new Error('no answer');
  const { comment, ...found } = row;
  const position = found.slot === null ? null : lsnOf(found.slot.position);
  const marks = position === null ? [] : readMarks(comment).filter(({ lsn }) => lsnOf(lsn) >= position);
  return { ...found, database: session.place.database, marks };
}

/** The marks in a publication's comment; none where it is somebody else's comment. */
export function readMarks(comment: string | null): Mark[] {
  try {
    return commentSchema.parse(JSON.parse(comment ?? '')).marks;
  } catch {
    return [];
  }
}

export function printMarks(marks: readonly Mark[]): string {
  return JSON.stringify({ holdfast: 1, marks });
}

/** Why nothing can be read from the database's slot, with what to do; null where it can. */
export function whyNotFollowed(following: Following): { reason: string; remedy: string } | null {
  const name = quoteIdent(following.database);
  const remedy = `Turn on incremental backups of ${name} on the cluster’s page, then take a full backup: later ones can build on it.`;
  if (following.standby)
    return {
      reason: 'the server is a standby',
      remedy: 'Register the primary: its slots tell what changed.',
    };
  if (following.walLevel !== 'logical')
    return {
      reason: `wal_level is ${following.walLevel}, and what changed is told from logical on`,
      remedy: `Set wal_level = logical and restart the server. ${remedy}`,
    };
  if (following.slot === null)
    return { reason: `there is no replication slot ${following.slotName}`, remedy };
  if (following.slot.walStatus === 'lost')
    return {
      reason: `the server has given up the replication slot ${following.slotName}: it kept more WAL than max_slot_wal_keep_size allows`,
      remedy: `${remedy} Raise max_slot_wal_keep_size, or take incremental backups more often.`,
    };
  if (following.publication === null) return { reason: `there is no publication ${PUBLICATION}`, remedy };
  if (following.marks.length === 0)
    return {
      reason: `it is not known since when the replication slot ${following.slotName} is there`,
      remedy,
    };
  return null;
}
