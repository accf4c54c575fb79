import { HoldfastError } from '../../errors.ts';
import type { Moment } from '../moment.ts';
import { nameKey, type ObjectName, printName } from '../names.ts';
import { readColumnTypes, typeKey } from './column-types.ts';
import type { Connections } from './connections.ts';
import { missing } from './descriptors.ts';
import { readWindows } from './gc.ts';
import { asOfClause, inMoment } from './hlc.ts';
import type { PrimaryIndex } from './keys/types.ts';
import type { Session } from './session.ts';
import {
  keyColumns,
  keysPerRow,
  storedDescriptorSchema,
  type StoredTable,
  typesInType,
} from './stored-descriptor.ts';

/** How a table is read as of a moment: fixed once, whatever is altered since. */
export interface TableAccess {
  index: PrimaryIndex;
  /** Keys that a row is stored under, secondary indexes included, on average. */
  keysPerRow: number;
  /** The columns of each column family, the one that every row has first. */
  families: string[][];
  /** gc.ttlseconds in effect. */
  window: number;
}

const MOST_REMEMBERED = 500;

/** The access of tables at moments, asked for once: a moment's answer never changes. */
export class TableAccesses {
  readonly #connections: Connections;
  readonly #known = new Map<string, Promise<TableAccess>>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  of(table: ObjectName, at: Moment): Promise<TableAccess> {
    const key = `${nameKey(table)} ${asOfClause(at)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const asked = this.#connections.use(table.database, (session) => readAccess(session, table, at));
    this.#known.set(key, asked);
    asked.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return asked;
  }
}

async function readAccess(session: Session, table: ObjectName, at: Moment): Promise<TableAccess> {
  const found = await inMoment(session, at, async () => {
    const stored = await readStored(session, table);
    if (stored === null) return null;
    return { stored, index: await describeIndex(session, table, stored) };
  });
  if (found === null) throw await missing(session, table, at);
  const windows = await readWindows(session);
  const { stored, index } = found;
  return {
    index,
    keysPerRow: keysPerRow(stored),
    families: stored.families,
    window: windows.of(table),
  };
}

async function readStored(session: Session, table: ObjectName): Promise<StoredTable | null> {
  const rows = await session.rows<{ descriptor: unknown }>(
    `look up ${printName(table)}`,
    `SELECT crdb_internal.pb_to_json('cockroach.sql.sqlbase.Descriptor', d.descriptor) AS descriptor
     FROM system.namespace AS s
     JOIN system.namespace AS n ON n."parentID" = s."parentID" AND n."parentSchemaID" = s.id AND n.name = $3
     JOIN system.descriptor AS d ON d.id = n.id
     WHERE s."parentID" = $1 AND s."parentSchemaID" = 0 AND s.name = $2`,
    [await session.databaseId(), table.schema, table.name],
  );
  const { table: stored } = storedDescriptorSchema.parse(rows[0]?.descriptor ?? {});
  if (stored === undefined) return null;
  if (stored.viewQuery !== '' || stored.sequenceOpts)
    throw new HoldfastError('undefined-object', `${printName(table)} is not a table`, { field: 'targets' });
  return stored;
}

async function describeIndex(
  session: Session,
  table: ObjectName,
  stored: StoredTable,
): Promise<PrimaryIndex> {
  const types = await readColumnTypes(session, [table]);
  const members = await readEnumMembers(session, stored);
  const { interleave } = stored.primaryIndex;
  return {
    tableId: stored.id,
    indexId: stored.primaryIndex.id,
    ...(interleave.length === 0
      ? {}
      : {
          ancestors: interleave.map(({ tableId, indexId, sharedPrefixLen }) => ({
            tableId,
            indexId,
            sharedColumns: sharedPrefixLen,
          })),
        }),
    columns: keyColumns(stored.primaryIndex).map(({ name, descending }) => {
      const [type] = typesInType(stored.columns.find((column) => column.name === name)?.type ?? { oid: 0 });
      const enumMembers = type === undefined ? undefined : members.get(type);
      return {
        name,
        type: types.get(typeKey(table.schema, table.name, name)) ?? '',
        descending,
        ...(enumMembers === undefined ? {} : { enumMembers }),
      };
    }),
  };
}

/** The members of the enums that columns of the table have, by the type's id. */
async function readEnumMembers(
  session: Session,
  stored: StoredTable,
): Promise<Map<number, { label: string; physical: string }[]>> {
  const ids = stored.columns.flatMap(({ type }) => typesInType(type));
  if (ids.length === 0) return new Map();
  const rows = await session.rows<{ descriptor: unknown }>(
    'read enums',
    `SELECT crdb_internal.pb_to_json('cockroach.sql.sqlbase.Descriptor', descriptor) AS descriptor
     FROM system.descriptor WHERE id = ANY ($1::INT8[])`,
    [ids],
  );
  return new Map(
    rows.flatMap((row) => {
      const { type } = storedDescriptorSchema.parse(row.descriptor);
      if (type === undefined) return [];
      const members = type.enumMembers.map(({ logicalRepresentation, physicalRepresentation }) => ({
        label: logicalRepresentation,
        physical: Buffer.from(physicalRepresentation, 'base64').toString('hex'),
      }));
      return [[type.id, members] as const];
    }),
  );
}
