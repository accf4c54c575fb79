import { HoldfastError } from '../../errors.ts';
import { momentText, type Moment } from '../moment.ts';
import { nameKey, type ObjectName, printName } from '../names.ts';
import { Remembered } from '../remembered.ts';
import { type KnownObject, readObjects } from './catalog.ts';
import { type ColumnTypes, readColumnTypes } from './column-types.ts';
import type { Connections } from './connections.ts';
import { readWindows, type Windows } from './gc.ts';
import { asOfClause, inMoment } from './hlc.ts';
import type { Session } from './session.ts';
import { accessOf, type TableAccess } from './table-access.ts';

/** One database as it was at a moment. */
export interface Schema {
  objects: KnownObject[];
  /** By `nameKey`. */
  byName: Map<string, KnownObject>;
  columnTypes: ColumnTypes;
  /** Of when it was first asked for, not of the moment. */
  windows: Windows;
}

/** The schemas of databases at moments, each asked for once: a moment's answer never changes. */
export class Schemas {
  readonly #connections: Connections;
  readonly #known = new Remembered<Schema>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  of(database: string, at: Moment): Promise<Schema> {
    return this.#known.of(JSON.stringify([database, asOfClause(at)]), () =>
      readSchema(this.#connections, database, at),
    );
  }

  /** How a table is read as of the moment. Throws `undefined-object`, or `unreadable-moment` for one that came later. */
  async access(table: ObjectName, at: Moment): Promise<TableAccess> {
    const schema = await this.of(table.database, at);
    const object = schema.byName.get(nameKey(table));
    if (object === undefined)
      throw await this.#connections.use(table.database, (session) => missing(session, table, at));
    return accessOf(object, schema);
  }
}

/** Side by side: each goes through tables that the cluster makes up as they are asked for, which takes its time. */
async function readSchema(connections: Connections, database: string, at: Moment): Promise<Schema> {
  const [objects, columnTypes, windows] = await Promise.all([
    connections.use(database, (session) => inMoment(session, at, () => readObjects(session))),
    connections.use(database, (session) => inMoment(session, at, () => readColumnTypes(session))),
    connections.use(database, readWindows),
  ]);
  const byName = new Map(objects.map((object) => [nameKey(object.name), object]));
  return { objects, byName, columnTypes, windows };
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
