import type { Prerequisite } from '../../cluster.ts';
import { literal } from '../../literal.ts';
import { momentText } from '../../moment.ts';
import { printName, quoteIdent } from '../../names.ts';
import type { Session } from '../session.ts';
import { addTable, firstNames, type FollowedTable, NAMED, readTables } from './followed-tables.ts';
import { type Following, PUBLICATION, readFollowing, whyNotFollowed } from './following.ts';
import { KEPT_BYTES, KEPT_SECONDS } from './marks.ts';
import { LOCK_TIMEOUT } from './turn-on.ts';

/** Implements Cluster.prerequisites: of the server, and with `database` of it too; the session is in that database. */
export async function readPrerequisites(session: Session, ofDatabase: boolean): Promise<Prerequisite[]> {
  const following = await readFollowing(session);
  const server: Prerequisite = {
    id: 'wal-level',
    name: 'Logical WAL',
    met: following.walLevel === 'logical' && !following.standby,
    detail: following.standby
      ? 'The server is a standby. What changed is told by the primary: register that.'
      : following.walLevel === 'logical'
        ? 'The WAL has what tells which rows changed since a base (wal_level = logical).'
        : `The WAL must have what tells which rows changed since a base: wal_level is ${following.walLevel}. Set wal_level = logical (ALTER SYSTEM SET wal_level = logical, or in postgresql.conf) and restart the server: a running one can't be switched.`,
    action: null,
  };
  if (!ofDatabase) return [server];
  const tables = await readTables(session);
  return [
    server,
    privilege(following, session),
    freeSlot(following),
    slot(following, tables),
    // Turning the slot on makes the publication, and puts all tables into it.
    ...(following.publication === null ? [] : [publication(following, tables)]),
  ];
}

function privilege({ mayReplicate, database }: Following, { place }: Session): Prerequisite {
  const user = quoteIdent(place.user);
  return {
    id: 'replication',
    database,
    name: 'REPLICATION privilege',
    met: mayReplicate,
    detail: mayReplicate
      ? `User ${user} may read from replication slots.`
      : `User ${user} may not read from replication slots. Let a superuser run ALTER ROLE ${user} REPLICATION.`,
    action: null,
  };
}

function freeSlot({ mostSlots, usedSlots, slot: ours, database }: Following): Prerequisite {
  const needed = ours === null ? 2 : 1;
  const free = mostSlots - usedSlots;
  return {
    id: 'free-slots',
    database,
    name: 'Free replication slots',
    met: free >= needed,
    detail:
      `${free} of ${mostSlots} slots are free (max_replication_slots). Each database has one, a second one where it can be had, and each ` +
      `engine that reads changes takes another while it does.${free >= needed ? '' : ` At least ${needed} must be free: raise max_replication_slots and restart the server, or drop slots that nobody uses (pg_replication_slots).`}`,
    action: null,
  };
}

function slot(following: Following, tables: readonly FollowedTable[]): Prerequisite {
  const { slot: found, slotName, marks, database } = following;
  const problem = whyNotFollowed(following);
  const policy =
    `Holdfast moves it on by itself: it keeps the WAL of ${KEPT_SECONDS / 86400} days or ${KEPT_BYTES / 1024n ** 3n} GiB, whichever is less. ` +
    'Set max_slot_wal_keep_size too: it holds when no engine runs.';
  const since = marks[0] && momentText(marks[0]);
  const safe =
    found === null || found.safeBytes === null
      ? ''
      : ` After ${megabytes(found.safeBytes)} more the server gives it up (max_slot_wal_keep_size).`;
  return {
    id: 'slot',
    database,
    name: `Replication slot of ${quoteIdent(database)}`,
    met: problem === null,
    detail:
      problem === null && found !== null
        ? `Incremental backups can build on bases since ${since}. For that the server keeps ${megabytes(found.retainedBytes)} of WAL now.${safe} ${policy}`
        : `A replication slot makes the server keep the WAL since a base, which tells what changed: ${problem?.reason ?? 'there is none'}. ${policy}` +
          // Once there is a publication, they are named with its tables.
          (following.publication === null
            ? alwaysWhole(database, tables)
                .map((said) => ` ${said}`)
                .join('')
            : ''),
    action:
      `CREATE PUBLICATION ${PUBLICATION}; -- and each table with a key into it\n` +
      `SELECT pg_create_logical_replication_slot(${literal(slotName)}, 'pgoutput');`,
  };
}

function publication({ database }: Following, tables: readonly FollowedTable[]): Prerequisite {
  const able = tables.filter(canBeFollowed);
  const missing = able.filter(({ followed }) => !followed);
  const sentences = [
    missing.length === 0
      ? `The ${able.length} tables of ${quoteIdent(database)} whose rows have a key are followed.`
      : `${missing.length} of ${able.length} tables are not followed yet and are stored whole: ${listed(database, missing)}.`,
    ...alwaysWhole(database, tables),
    ...(missing.length === 0
      ? []
      : [
          `Turning it on waits at most ${LOCK_TIMEOUT} for the writers of each table. Then UPDATE and DELETE need its key: who drops the primary key takes the table out of the publication first.`,
        ]),
  ];
  return {
    id: 'tables',
    database,
    name: `Tables of ${quoteIdent(database)}`,
    met: missing.length === 0,
    detail: sentences.join(' '),
    action:
      missing.length === 0
        ? null
        : missing
            .slice(0, NAMED)
            .map(({ schema, name: table }) => addTable(schema, table))
            .join('\n') + (missing.length > NAMED ? `\n-- and ${missing.length - NAMED} more` : ''),
  };
}

function canBeFollowed({ keyed, unlogged }: FollowedTable): boolean {
  return keyed && !unlogged;
}

/** Which tables are stored whole in every layer; nothing where there are none. */
function alwaysWhole(database: string, tables: readonly FollowedTable[]): string[] {
  const without = tables.filter((table) => !canBeFollowed(table));
  return without.length === 0
    ? []
    : [
        `Without a primary key or REPLICA IDENTITY that can be used, or unlogged, and always stored whole: ${listed(database, without)}.`,
      ];
}

function listed(database: string, tables: readonly FollowedTable[]): string {
  return firstNames(
    tables.map((table) => printName({ database, ...table })),
    'more',
  );
}

/** `340 MiB`. */
function megabytes(bytes: number): string {
  return bytes < 1024 ** 3 ? `${Math.ceil(bytes / 1024 ** 2)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
