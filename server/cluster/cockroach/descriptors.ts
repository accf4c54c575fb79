import { HoldfastError } from '../../errors.ts';
import type { Descriptor } from '../descriptor.ts';
import { momentText, type Moment } from '../moment.ts';
import { nameKey, type ObjectName, printName } from '../names.ts';
import { type KnownObject, readObjects } from './catalog.ts';
import type { Connections } from './connections.ts';
import { readDefinitions } from './ddl/definitions.ts';
import { describeSequences } from './ddl/sequences.ts';
import { describeTables } from './ddl/tables.ts';
import { describeTypes } from './ddl/types.ts';
import { describeViews } from './ddl/views.ts';
import { refuseCollected } from './gc.ts';
import { inMoment } from './hlc.ts';
import type { Session } from './session.ts';

/** Implements Cluster.descriptors for the objects of one database. */
export async function readDescriptors(
  connections: Connections,
  database: string,
  names: ObjectName[],
  at: Moment,
): Promise<Descriptor[]> {
  return connections.use(database, async (session) => {
    const everything = await inMoment(session, at, () => readObjects(session));
    const objects = await select(session, everything, names, at);
    const tables = objects.filter(({ kind }) => kind === 'table').map(({ name }) => name);
    await refuseCollected(session, tables, at);
    const described = await inMoment(session, at, () => describe(session, objects, everything));
    return names.map((name) => {
      const descriptor = described.get(nameKey(name));
      if (descriptor === undefined)
        throw new HoldfastError('internal', `CockroachDB prints no definition of ${printName(name)}`);
      return descriptor;
    });
  });
}

async function describe(
  session: Session,
  objects: KnownObject[],
  everything: KnownObject[],
): Promise<Map<string, Descriptor>> {
  const of = (...kinds: KnownObject['kind'][]) => objects.filter(({ kind }) => kinds.includes(kind));
  const relations = of('table', 'view', 'materialized-view', 'sequence');
  const definitions = await readDefinitions(session, relations, everything);
  const described: Descriptor[] = [
    ...describeTypes(of('type')),
    ...(await describeSequences(session, of('sequence'), definitions)),
    ...(await describeTables(session, of('table'), definitions)),
    ...describeViews(of('view', 'materialized-view'), definitions),
  ];
  return new Map(described.map((descriptor) => [nameKey(descriptor.name), descriptor]));
}

async function select(
  session: Session,
  everything: KnownObject[],
  names: ObjectName[],
  at: Moment,
): Promise<KnownObject[]> {
  const byName = new Map(everything.map((object) => [nameKey(object.name), object]));
  const chosen = new Map<string, KnownObject>();
  for (const name of names) {
    const object = byName.get(nameKey(name));
    if (object === undefined) throw await missing(session, name, at);
    if (object.unsupported !== null)
      throw new HoldfastError('unsupported', `${printName(name)} can't be backed up: ${object.unsupported}`, {
        hint: 'Leave it out of the backup.',
        field: 'targets',
      });
    chosen.set(nameKey(name), object);
  }
  return [...chosen.values()];
}

/** What isn't there at the moment may be there now: then its name is right and the moment is too early. */
export async function missing(session: Session, name: ObjectName, at: Moment): Promise<HoldfastError> {
  const now = await readObjects(session);
  if (now.some((object) => nameKey(object.name) === nameKey(name)))
    return new HoldfastError(
      'unreadable-moment',
      `${printName(name)} did not exist yet at ${momentText(at)}, the moment of the backup`,
      { hint: 'Take a later moment, or wait some seconds where it was created just now.', field: 'asOf' },
    );
  return new HoldfastError('undefined-object', `${printName(name)} does not exist`, {
    hint: 'Check the name: it has the parts database, schema and object.',
    field: 'targets',
  });
}
