import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, messageOf } from '../../errors.ts';
import type { HeldMoment, Moment } from '../moment.ts';
import { quoteIdent } from '../names.ts';
import type { Connections } from './connections.ts';
import { clusterError } from './errors.ts';
import { earliestHint, readWindows } from './gc.ts';
import { literal } from '../literal.ts';
import { ageOf, momentAt } from './hlc.ts';
import { type Session, undefinedDatabase } from './session.ts';

/** Far enough in the past that no transaction of an application is in the way, as CockroachDB recommends. */
export const DEFAULT_AS_OF = '-10s';

const HINT = `Use an interval such as '-10m', a UTC time such as '2026-11-22 15:00:00', or a decimal timestamp of cluster_logical_timestamp().`;

/**
 * Implements Cluster.holdMoment. CockroachDB keeps the past by itself for gc.ttlseconds, so nothing is held: the
 * moment can be read by anybody until the garbage collection passes it, which the reads then say.
 */
export async function holdMoment(
  connections: Connections,
  databases: string[],
  asOf: string | null,
  defaultAsOf: string,
): Promise<HeldMoment> {
  const text = asOf ?? defaultAsOf;
  const { homeDatabase } = connections;
  const timestamp = await connections.use(homeDatabase, (session) => resolve(session, text));
  const checks = await Promise.allSettled([
    connections.use(homeDatabase, (session) => checkDatabases(session, databases, timestamp, text)),
    connections.use(homeDatabase, (session) => refuseTooOld(session, databases, timestamp, text)),
  ]);
  // In this order: of a database that isn't there nothing can be too old.
  for (const check of checks) if (check.status === 'rejected') throw check.reason;
  return heldByItself(momentAt(timestamp));
}

/**
 * What nodes' clocks may differ by, unless configured otherwise; a read AS OF a time does not look past that time for what another
 * node's clock put there: https://www.cockroachlabs.com/docs/v21.1/cockroach-start#flags-max-offset
 */
const MAX_OFFSET_MS = 500;

/** Implements Cluster.holdLatest. */
export async function holdLatest(connections: Connections, databases: string[]): Promise<HeldMoment> {
  await sleep(MAX_OFFSET_MS);
  return holdMoment(connections, databases, null, '-1us');
}

/**
 * Implements Cluster.holdAlso: nothing has to be held, so it is asked only whether anything can be read at the moment still.
 * Each table is checked by itself later, as after holdMoment.
 */
export async function holdAlso(connections: Connections, moment: Moment): Promise<HeldMoment | null> {
  if (moment.kind !== 'hlc') return null;
  const { timestamp } = moment;
  try {
    return await connections.use(connections.homeDatabase, async (session) => {
      const windows = await readWindows(session);
      if ((await ageOf(session, timestamp)) > windows.longestOfAll()) return null;
      await databasesAt(session, [], timestamp, timestamp);
      return heldByItself(moment);
    });
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'unreadable-moment') return null;
    throw error;
  }
}

function heldByItself(moment: Moment): HeldMoment {
  return { moment, lost: new AbortController().signal, release: () => Promise.resolve() };
}

/** The decimal HLC of what stands after AS OF SYSTEM TIME. It takes no parameters there: hence the quoting. */
async function resolve(session: Session, asOf: string): Promise<string> {
  const sql = /^(experimental_)?follower_read_timestamp\(\)$/i.test(asOf.trim())
    ? asOf.trim()
    : literal(asOf);
  try {
    const { rows } = await session.client.query<{ timestamp: string }>(
      `SELECT cluster_logical_timestamp()::STRING AS timestamp FROM (VALUES (1)) AS v AS OF SYSTEM TIME ${sql}`,
    );
    const timestamp = rows[0]?.timestamp;
    if (timestamp !== undefined) return timestamp;
    throw new Error('no answer');
  } catch (error) {
    throw unresolved(error, session, asOf);
  }
}

function unresolved(error: unknown, session: Session, asOf: string): HoldfastError {
  const known = clusterError(error, session.place, `resolve AS OF SYSTEM TIME '${asOf}'`);
  if (known.code === 'cluster-unavailable' || known.code === 'cluster-denied') return known;
  const future = /in the future/.test(messageOf(error));
  return new HoldfastError(
    'unreadable-moment',
    future
      ? `AS OF SYSTEM TIME '${asOf}' is in the future`
      : `AS OF SYSTEM TIME '${asOf}' is not a time that CockroachDB takes`,
    { hint: HINT, field: 'asOf', cause: error },
  );
}

const LIST_DATABASES = 'list the databases';
const NAMESPACE = 'SELECT name FROM system.namespace';
const AMONG = `WHERE "parentID" = 0 AND "parentSchemaID" = 0 AND name = ANY ($1::STRING[])`;

/** Those of the databases that there were then. Throws `unreadable-moment` where the cluster's own tables can't be read. */
async function databasesAt(
  session: Session,
  databases: string[],
  timestamp: string,
  asOf: string,
): Promise<string[]> {
  try {
    const { rows } = await session.client.query<{ name: string }>(
      `${NAMESPACE} AS OF SYSTEM TIME ${literal(timestamp)} ${AMONG}`,
      [databases],
    );
    return rows.map(({ name }) => name);
  } catch (error) {
    const known = clusterError(error, session.place, LIST_DATABASES);
    if (known.code === 'cluster-unavailable' || known.code === 'cluster-denied') throw known;
    throw new HoldfastError(
      'unreadable-moment',
      `AS OF SYSTEM TIME '${asOf}' can't be read: the cluster did not exist then, or what it was like is garbage collected`,
      { hint: 'Take a later moment.', field: 'asOf', cause: error },
    );
  }
}

/** What wasn't there yet must not be taken for a wrong name. */
async function checkDatabases(
  session: Session,
  databases: string[],
  timestamp: string,
  asOf: string,
): Promise<void> {
  const then = await databasesAt(session, databases, timestamp, asOf);
  const absent = databases.filter((database) => !then.includes(database));
  if (absent.length === 0) return;
  const now = await session.rows<{ name: string }>(LIST_DATABASES, `${NAMESPACE} ${AMONG}`, [absent]);
  for (const database of absent) {
    if (!now.some(({ name }) => name === database)) throw undefinedDatabase({ ...session.place, database });
    throw new HoldfastError(
      'unreadable-moment',
      `database ${quoteIdent(database)} did not exist yet at ${momentAt(timestamp).at} (AS OF SYSTEM TIME '${asOf}')`,
      { hint: 'Take a later moment, or wait some seconds where it was created just now.', field: 'asOf' },
    );
  }
}

/** Refuses what no table of these databases can be read as of any more; each table is checked by itself later. */
async function refuseTooOld(
  session: Session,
  databases: string[],
  timestamp: string,
  asOf: string,
): Promise<void> {
  const windows = await readWindows(session);
  const age = await ageOf(session, timestamp);
  const longest = Math.max(...databases.map((database) => windows.longest(database)));
  if (databases.length === 0 || age <= longest) return;
  throw new HoldfastError(
    'unreadable-moment',
    `AS OF SYSTEM TIME '${asOf}' is ${Math.floor(age)} seconds ago, past the GC window of ${databases.map(quoteIdent).join(', ')} (gc.ttlseconds = ${longest})`,
    { hint: earliestHint(Date.parse(momentAt(timestamp).at) + (age - longest) * 1000), field: 'asOf' },
  );
}
