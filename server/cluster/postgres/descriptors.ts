import { HoldfastError } from '../../errors.ts';
import type { Descriptor, ObjectKind } from '../descriptor.ts';
import type { Moment } from '../moment.ts';
import { nameKey, type ObjectName, printName, quoteIdent, sqlName } from '../names.ts';
import type { Catalogs, KnownObject } from './catalog.ts';
import type { Connections } from './connections.ts';
import { describeCollations } from './ddl/collations.ts';
import { describeFunctions } from './ddl/functions.ts';
import { describeSequences } from './ddl/sequences.ts';
import { describeTables } from './ddl/tables.ts';
import { describeTypes } from './ddl/types.ts';
import { describeViews } from './ddl/views.ts';
import { clusterError } from './errors.ts';
import { readFingerprints } from './facts.ts';
import { begin, type Moments } from './moment.ts';
import type { Session } from './session.ts';

/**
 * Implements Cluster.descriptors for the objects of one database.
 *
 * Definitions are the moment's: the tables are locked (ACCESS SHARE, as any query does) until the moment is
 * released where this process holds it, else while they are read; and whatever was altered between the moment
 * and that lock is refused as `unreadable-moment`.
 */
export async function readDescriptors(
  { connections, moments, catalogs }: { connections: Connections; moments: Moments; catalogs: Catalogs },
  database: string,
  names: ObjectName[],
  at: Moment,
): Promise<Descriptor[]> {
  return connections.use(database, async (session) => {
    await begin(session, at);
    const objects = select(await catalogs.of(session, at), names);
    const oids = {
      types: oidsOf(objects, (kind) => kind === 'type'),
      functions: oidsOf(objects, (kind) => kind === 'function'),
      collations: oidsOf(objects, (kind) => kind === 'collation'),
      relations: oidsOf(objects, (kind) => !NO_RELATIONS.includes(kind)),
    };
    checkReadable(objects, session);
    const tables = objects.filter(({ kind }) => kind === 'table');
    if (tables.length > 0) {
      const list = tables.map(({ name }) => sqlName(name)).join(', ');
      await lock(session, tables, `LOCK TABLE ${list} IN ACCESS SHARE MODE`);
      await moments.lock(database, at, list);
    }
    const then = await readFingerprints(session, oids);
    const refuseAltered = async () => {
      const now = await readFingerprints(session, oids);
      for (const { found, name } of objects)
        if (now.get(found.key) !== then.get(found.key)) throw altered(name, at);
    };
    let descriptors: Map<string, Descriptor>;
    try {
      descriptors = await describe(session, objects, then);
      await session.run('end a transaction', 'COMMIT');
    } catch (error) {
      // The server's printing functions stumble over what is in the snapshot and not there any more.
      await session.run('end a transaction', 'ROLLBACK');
      await refuseAltered();
      throw error;
    }
    await refuseAltered();
    return names.map((name) => {
      const descriptor = descriptors.get(nameKey(name));
      if (descriptor === undefined) throw altered(name, at);
      return descriptor;
    });
  });
}

const NO_RELATIONS: readonly ObjectKind[] = ['type', 'function', 'collation'];

function oidsOf(objects: KnownObject[], is: (kind: ObjectKind) => boolean): number[] {
  return objects.filter(({ kind }) => is(kind)).map(({ found }) => found.oid);
}

function select(catalog: KnownObject[], names: ObjectName[]): KnownObject[] {
  const byName = new Map<string, KnownObject>();
  // A type or collation may have the name of a table (its row type has it anyway): the relation is what is meant.
  for (const object of catalog)
    if (!NO_RELATIONS.includes(object.kind) || !byName.has(nameKey(object.name)))
      byName.set(nameKey(object.name), object);
  const chosen = new Map<string, KnownObject>();
  for (const name of names) {
    const object = byName.get(nameKey(name));
    if (object === undefined)
      throw new HoldfastError('undefined-object', `${printName(name)} does not exist`, {
        hint: `Check the name: it has the parts database, schema and object.`,
        field: 'targets',
      });
    if (object.unsupported !== null)
      throw new HoldfastError('unsupported', `${printName(name)} can't be backed up: ${object.unsupported}`, {
        hint: 'Leave it out of the backup.',
        field: 'targets',
      });
    chosen.set(nameKey(name), object);
  }
  return [...chosen.values()];
}

/** The user's own words for what is missing, before anything is read. */
function checkReadable(objects: KnownObject[], session: Session): void {
  const user = quoteIdent(session.place.user);
  const denied = objects.filter(
    ({ found, kind }) => !found.readable && (kind === 'table' || kind === 'sequence'),
  );
  if (denied.length > 0) {
    const list = denied.map(({ name }) => printName(name)).join(', ');
    throw new HoldfastError(
      'cluster-denied',
      `user ${user} of ${session.place.address} can't read ${list}: the privilege SELECT (and USAGE of the schema) is missing`,
      {
        hint: `GRANT SELECT on it to ${user}, or GRANT pg_read_all_data TO ${user} (PostgreSQL 14 and later).`,
      },
    );
  }
  const [hidden] = objects.filter(({ found }) => found.hidden);
  if (hidden !== undefined)
    throw new HoldfastError(
      'cluster-denied',
      `row-level security may hide rows of ${printName(hidden.name)} from user ${user} of ${session.place.address}: a backup of it would not be whole`,
      { hint: `ALTER ROLE ${user} BYPASSRLS, or register the cluster with a superuser.` },
    );
}

async function lock(session: Session, tables: KnownObject[], sql: string): Promise<void> {
  try {
    await session.client.query(sql);
  } catch (error) {
    const [first] = tables;
    const what = first === undefined ? '' : printName(first.name);
    const others = tables.length > 1 ? ` and ${tables.length - 1} more` : '';
    throw clusterError(error, session.place, `lock ${what}${others} for reading`);
  }
}

async function describe(
  session: Session,
  objects: KnownObject[],
  known: Map<string, string>,
): Promise<Map<string, Descriptor>> {
  // What is dropped meanwhile would make the server's printing functions fail in words of their own.
  const there = objects.filter(({ found }) => known.has(found.key));
  const of = (...kinds: KnownObject['kind'][]) => there.filter(({ kind }) => kinds.includes(kind));
  const described: [KnownObject, Descriptor][] = [
    ...(await describeCollations(session, of('collation'))),
    ...(await describeTypes(session, of('type'))),
    ...(await describeFunctions(session, of('function'))),
    ...(await describeSequences(session, of('sequence'))),
    ...(await describeTables(session, of('table'))),
    ...(await describeViews(session, of('view', 'materialized-view'))),
  ];
  return new Map(
    described.map(([object, descriptor]) => [
      nameKey(object.name),
      object.extensions === undefined ? descriptor : { ...descriptor, extensions: object.extensions },
    ]),
  );
}

function altered(name: ObjectName, at: Moment): HoldfastError {
  return new HoldfastError(
    'unreadable-moment',
    `${printName(name)} was altered, rewritten or dropped after ${at.at}, the moment of the backup`,
    { hint: 'Start again: a new backup is consistent as of a new moment.', field: 'targets' },
  );
}
