import { HoldfastError } from '../../errors.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Moment } from '../moment.ts';
import { nameKey, type ObjectName, printName } from '../names.ts';
import type { KnownObject } from './catalog.ts';
import type { Connections } from './connections.ts';
import { readDefinitions } from './ddl/definitions.ts';
import { describeSequences } from './ddl/sequences.ts';
import { describeTables } from './ddl/tables.ts';
import { describeTypes } from './ddl/types.ts';
import { describeViews } from './ddl/views.ts';
import { refuseCollected } from './gc.ts';
import { inMoment } from './hlc.ts';
import { missing, type Schema, type Schemas } from './schemas.ts';
import type { Session } from './session.ts';

/** Implements Cluster.descriptors for the objects of one database. */
export async function readDescriptors(
  connections: Connections,
  schemas: Schemas,
  database: string,
  names: ObjectName[],
  at: Moment,
): Promise<Descriptor[]> {
  const schema = await schemas.of(database, at);
  return connections.use(database, async (session) => {
    const objects = await select(session, schema, names, at);
    const tables = objects.filter(({ kind }) => kind === 'table').map(({ name }) => name);
    await refuseCollected(session, schema.windows, tables, at);
    const described = await inMoment(session, at, () => describe(session, objects, schema));
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
  schema: Schema,
): Promise<Map<string, Descriptor>> {
  const of = (...kinds: KnownObject['kind'][]) => objects.filter(({ kind }) => kinds.includes(kind));
  const relations = of('table', 'view', 'materialized-view', 'sequence');
  const definitions = await readDefinitions(session, relations, schema.objects);
  const described: Descriptor[] = [
    ...describeTypes(of('type')),
    ...(await describeSequences(session, of('sequence'), definitions)),
    ...describeTables(of('table'), definitions, schema.columnTypes),
    ...describeViews(of('view', 'materialized-view'), definitions),
  ];
  return new Map(described.map((descriptor) => [nameKey(descriptor.name), descriptor]));
}

async function select(
  session: Session,
  { byName }: Schema,
  names: ObjectName[],
  at: Moment,
): Promise<KnownObject[]> {
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
