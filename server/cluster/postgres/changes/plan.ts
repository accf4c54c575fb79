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
  const { database, slotName } = following;
  const then = snapshotOf(database, base);
  const problem = whyNotFollowed(following);
  if (problem !== null) throw lost(database, base, problem.reason, problem.remedy);
  if (then.timeline === undefined || then.timeline !== following.timeline)
    throw lost(
      database,
      base,
      then.timeline === undefined
        ? 'the base does not say which timeline of the server it was taken on'
        : `the server went on from a standby or from an earlier point in time since (timeline ${then.timeline} then, ${following.timeline} now)`,
      'Take a full backup.',
    );
  if (lsnOf(then.lsn) > lsnOf(at.lsn))
    throw lost(
      database,
      base,
      `the base is ahead of the server, which must have been set back (${then.lsn} then, ${at.lsn} now)`,
      'Take a full backup.',
    );
  const mark = markFor(following.marks, parseSnapshot(then.visible).xmin);
  if (mark !== undefined) return mark;
  const since = following.marks[0];
  throw lost(
    database,
    base,
    `the replication slot ${slotName} has what was changed by transactions that began after ${since === undefined ? 'it was made' : momentText(since)}, and the base is older or was taken while older ones were running`,
    'Take a full backup; the next incremental one can build on it.',
  );
}

function lost(database: string, base: Moment, reason: string, hint: string): HoldfastError {
  return new HoldfastError(
    'unreadable-moment',
    `what changed in database ${quoteIdent(database)} since the newest base (${momentText(base)}) can't be found: ${reason}`,
    { hint, field: 'bases' },
  );
}

/** Why the table is stored whole; null where its changed keys are told. */
function whyNotByKey(then: TableDescriptor | undefined, now: TableDescriptor): string | null {
  if (then === undefined) return whyWhole(then, now);
  if (now.rowKey === null) return 'It has no primary key or REPLICA IDENTITY that tells its rows apart.';
  const [before, after] = [readStorage(then.storage), readStorage(now.storage)];
  const why: Record<string, string> = {
    unlogged: 'It is unlogged: the WAL has nothing of it.',
    nothing: 'Its REPLICA IDENTITY is NOTHING: which rows were changed is not told.',
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
