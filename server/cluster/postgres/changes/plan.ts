import { HoldfastError } from '../../../errors.ts';
import type { ChangeBase, GcWindow, TableChanges } from '../../cluster.ts';
import { findTable, type TableDescriptor } from '../../descriptor.ts';
import { type DatabaseSnapshot, type Moment, momentText } from '../../moment.ts';
import { quoteIdent } from '../../names.ts';
import { whyWhole } from '../../table-shape.ts';
import type { Connections } from '../connections.ts';
import { snapshotOf } from '../moment.ts';
import type { Session } from '../session.ts';
import { readTables } from './followed-tables.ts';
import { type Following, type Mark, readFollowing, whyNotFollowed } from './following.ts';
import { readStorage } from './identity.ts';
import { KEPT_SECONDS, markFor } from './marks.ts';
import { lsnOf, parseSnapshot } from './snapshot.ts';

/** Implements Cluster.planChanges. */
export async function planChanges(
  connections: Connections,
  base: ChangeBase,
  tables: TableDescriptor[],
  at: Moment,
): Promise<TableChanges[]> {
  const { moment } = base;
  if (moment.kind !== 'snapshot')
    throw new HoldfastError('unreadable-moment', 'the base is not a backup of a PostgreSQL server', {
      hint: 'Take a full backup.',
      field: 'bases',
    });
  for (const database of new Set(tables.map(({ name }) => name.database))) {
    // A database that the base doesn't have is whole in all of its tables.
    if (moment.databases[database] === undefined) continue;
    await connections.use(database, async (session) =>
      beginAt(await readFollowing(session), moment, snapshotOf(database, at)),
    );
  }
  return tables.map((table) => {
    const reason = whyNotByKey(findTable(base.tables, table.name), table);
    return { table: table.name, method: reason === null ? 'feed' : 'whole', reason };
  });
}

/** Where reading what changed since the base begins. Throws `unreadable-moment` where the slot doesn't serve it. */
export function beginAt(following: Following, base: Moment, at: DatabaseSnapshot): Mark {
  const { database } = following;
  const found = markOf(following, snapshotOf(database, base), at.lsn);
  if ('lsn' in found) return found;
  throw new HoldfastError(
    'unreadable-moment',
    `what changed in database ${quoteIdent(database)} since the newest base (${momentText(base)}) can't be found: ${found.reason}`,
    { hint: found.remedy, field: 'bases' },
  );
}

/** Where reading begins, or why it can't. `now`: a position of the WAL that the server has reached. */
function markOf(
  following: Following,
  then: DatabaseSnapshot,
  now: string,
): Mark | { reason: string; remedy: string } {
  const problem = whyNotFollowed(following);
  if (problem !== null) return problem;
  const remedy = 'Take a full backup.';
  if (then.timeline === undefined)
    return { reason: 'the base does not say which timeline of the server it was taken on', remedy };
  if (then.timeline !== following.timeline)
    return {
      reason: `the server went on from a standby or from an earlier point in time since (timeline ${then.timeline} then, ${following.timeline} now)`,
      remedy,
    };
  if (lsnOf(then.lsn) > lsnOf(now))
    return {
      reason: `the base is ahead of the server, which must have been set back (${then.lsn} then, ${now} now)`,
      remedy,
    };
  const mark = markFor(following.marks, parseSnapshot(then.visible).xmin);
  if (mark !== undefined) return mark;
  const since = following.marks[0];
  return {
    reason: `the replication slot ${following.slotName} has what was changed by transactions that began after ${since === undefined ? 'it was made' : momentText(since)}, and the base is older or was taken while older ones were running`,
    remedy: 'Take a full backup; the next incremental one can build on it.',
  };
}

/** Implements Cluster.whyNoBases. */
export async function whyNoBases(
  connections: Connections,
  moments: readonly Moment[],
  databases: readonly string[],
): Promise<(string | null)[]> {
  const followings = await Promise.all(databases.map((database) => connections.use(database, readFollowing)));
  return moments.map((moment) => {
    for (const following of followings) {
      const then = moment.kind === 'snapshot' ? moment.databases[following.database] : undefined;
      if (then === undefined) continue;
      const found = markOf(following, then, following.insertLsn ?? then.lsn);
      if (!('lsn' in found))
        return `What changed in database ${quoteIdent(following.database)} since can't be found: ${found.reason}.`;
    }
    return null;
  });
}

/** Why the table is stored whole; null where its changed keys are told. */
function whyNotByKey(then: TableDescriptor | undefined, now: TableDescriptor): string | null {
  if (then === undefined) return whyWhole(then, now);
  if (now.rowKey === null) return 'It has no primary key or REPLICA IDENTITY that tells its rows apart.';
  const [before, after] = [readStorage(then.storage), readStorage(now.storage)];
  const why: Record<string, string> = {
    unlogged: 'It is unlogged: the WAL has nothing of it.',
    nothing: 'Its REPLICA IDENTITY is NOTHING: which rows were changed is not told.',
    refused:
      'Its REPLICA IDENTITY is FULL and it has generated columns: PostgreSQL 18 would refuse changes of its rows if they were followed. REPLICA IDENTITY DEFAULT would do.',
    names:
      'It has values that name objects of the database (regclass and its like): their texts change with those names, and no row does.',
    no: 'It is not followed: turn it on, on the cluster’s page.',
  };
  const notNow = after === null ? undefined : why[after.followed];
  if (notNow !== undefined) return notNow;
  if (
    before !== null &&
    after !== null &&
    before.oid === after.oid &&
    before.rest === after.rest &&
    before.followed !== after.followed
  )
    return 'It has been followed only since after the base.';
  return whyWhole(then, now);
}

/** Implements Cluster.gcWindows: what changed can be read as long as the slot keeps it; rows can't be read back at all. */
export async function changeWindows(session: Session): Promise<GcWindow[]> {
  const following = await readFollowing(session);
  const [first] = following.marks;
  if (first === undefined || whyNotFollowed(following) !== null) return [];
  const { database } = following;
  return (await readTables(session))
    .filter(({ followed }) => followed)
    .map(({ schema, name }) => ({
      table: { database, schema, name },
      seconds: KEPT_SECONDS,
      changesSince: first.at,
    }));
}
