import { HoldfastError } from '../../../errors.ts';
import { printName, quoteIdent, sqlName } from '../../names.ts';
import { clusterError, stateOf } from '../errors.ts';
import type { Session } from '../session.ts';
import { addTable, firstNames, readTables } from './followed-tables.ts';
import { PUBLICATION, readFollowing, whyNotFollowed } from './following.ts';
import { keepMark, setMark } from './marks.ts';
import { dropUseless } from './recent-slot.ts';

/** How long it may wait for writers of one table, who wait behind it meanwhile. */
export const LOCK_TIMEOUT = '5s';
/** How long making a slot may wait for transactions that are running. */
const SLOT_TIMEOUT = '60s';
const QUERY_CANCELED = '57014';

/** Implements Cluster.meet for the session's database. */
export async function meet(session: Session, id: string): Promise<void> {
  if (id === 'slot') await turnOn(session);
  else if (id === 'tables') await followTables(session);
  else
    throw new HoldfastError('unsupported', `there is no '${id}' that could be turned on in PostgreSQL`, {
      hint: 'What the server itself must be set to is said with it.',
    });
}

/** The publication before the slot: what is decoded is looked up in the publication as it was then. */
async function turnOn(session: Session): Promise<void> {
  const following = await dropUseless(session, await readFollowing(session));
  const { slotName, walLevel, standby, slot: found } = following;
  if (standby || walLevel !== 'logical') {
    const { reason, remedy } = whyNotFollowed(following) ?? { reason: '', remedy: '' };
    throw new HoldfastError(
      'unsupported',
      `incremental backups of ${quoteIdent(following.database)} can't be turned on: ${reason}`,
      { hint: remedy },
    );
  }
  if (following.publication === null)
    await session.run('make a publication', `CREATE PUBLICATION ${PUBLICATION}`);
  await followTables(session);
  const doing = `make the replication slot ${slotName}`;
  const lost = found?.walStatus === 'lost';
  if (lost) await session.rows(doing, 'SELECT pg_drop_replication_slot($1)', [slotName]);
  if (found === null || lost) await makeSlot(session, slotName, doing);
  await keepMark(session, await setMark(session));
}

async function makeSlot(session: Session, slotName: string, doing: string): Promise<void> {
  await session.run(doing, `SET statement_timeout = '${SLOT_TIMEOUT}'`);
  try {
    await session.client.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slotName]);
  } catch (cause) {
    if (stateOf(cause) !== QUERY_CANCELED) throw clusterError(cause, session.place, doing);
    throw new HoldfastError(
      'cluster-unavailable',
      `could not ${doing}: transactions that were running then had not ended after ${SLOT_TIMEOUT}`,
      {
        hint: 'See pg_stat_activity and pg_prepared_xacts for the oldest ones, and turn it on when they have ended.',
        cause,
      },
    );
  } finally {
    await session.run(doing, 'SET statement_timeout = 0');
  }
}

/**
 * Takes every table with a key into the publication. Writers of a table must be over first, hence its lock: what a
 * transaction wrote before the table was in the publication is not told, even if it commits later.
 */
async function followTables(session: Session): Promise<void> {
  const { database } = session.place;
  const waiting: string[] = [];
  const foreign: string[] = [];
  for (const table of await readTables(session)) {
    if (table.followed || !table.keyed || table.unlogged) continue;
    const name = printName({ database, ...table });
    if (!table.owned) {
      foreign.push(name);
      continue;
    }
    const doing = `follow the changes of ${name}`;
    await session.run(doing, `BEGIN; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    try {
      const of = sqlName({ database, ...table });
      await session.run(doing, `LOCK TABLE ONLY ${of} IN SHARE ROW EXCLUSIVE MODE`);
      await session.run(doing, addTable(table.schema, table.name));
      await session.run(doing, 'COMMIT');
    } catch (error) {
      await session.run(doing, 'ROLLBACK');
      if (!(error instanceof HoldfastError)) throw error;
      if (error.code === 'cluster-unavailable') waiting.push(name);
      // Dropped or altered meanwhile: the next look will tell.
      else if (error.code !== 'undefined-object') throw error;
    }
  }
  if (foreign.length > 0)
    throw new HoldfastError(
      'cluster-denied',
      `user ${quoteIdent(session.place.user)} doesn't own ${firstNames(foreign, 'more tables')}, and only owners can put tables into a publication`,
      { hint: 'Register the cluster with a superuser, or make the user a member of the owning role.' },
    );
  if (waiting.length > 0)
    throw new HoldfastError(
      'cluster-unavailable',
      `${firstNames(waiting, 'more tables')} could not be locked within ${LOCK_TIMEOUT}: transactions that write to them are running`,
      { hint: 'All others are followed. Turn it on again when those transactions have ended.' },
    );
}
