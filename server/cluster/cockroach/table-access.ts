import { HoldfastError } from '../../errors.ts';
import { printName } from '../names.ts';
import type { KnownObject } from './catalog.ts';
import { typeKey } from './column-types.ts';
import type { PrimaryIndex } from './keys/types.ts';
import type { Schema } from './schemas.ts';
import { keyColumns, keysPerRow, type StoredTable, typesInType } from './stored-descriptor.ts';

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

/** How an object of the schema is read. Throws `undefined-object` for one that isn't a table. */
export function accessOf(object: KnownObject, schema: Schema): TableAccess {
  const { table } = object.stored;
  if (object.kind !== 'table' || table === undefined)
    throw new HoldfastError('undefined-object', `${printName(object.name)} is not a table`, {
      field: 'targets',
    });
  return {
    index: primaryIndex(object, table, schema),
    keysPerRow: keysPerRow(table),
    families: table.families,
    window: schema.windows.of(object.name),
  };
}

function primaryIndex({ name }: KnownObject, table: StoredTable, schema: Schema): PrimaryIndex {
  const { interleave } = table.primaryIndex;
  return {
    tableId: table.id,
    indexId: table.primaryIndex.id,
    ...(interleave.length === 0
      ? {}
      : {
          ancestors: interleave.map(({ tableId, indexId, sharedPrefixLen }) => ({
            tableId,
            indexId,
            sharedColumns: sharedPrefixLen,
          })),
        }),
    columns: keyColumns(table.primaryIndex).map(({ name: column, descending }) => {
      const stored = table.columns.find((one) => one.name === column);
      const [type] = typesInType(stored?.type ?? { oid: 0 });
      const enumMembers = type === undefined ? undefined : membersOf(type, schema);
      return {
        name: column,
        type: schema.columnTypes.get(typeKey(name.schema, name.name, column)) ?? '',
        descending,
        ...(enumMembers === undefined ? {} : { enumMembers }),
      };
    }),
  };
}

/** The members of an enum, by its id. */
function membersOf(id: number, { objects }: Schema): { label: string; physical: string }[] | undefined {
  return objects
    .find((object) => object.id === id)
    ?.stored.type?.enumMembers.map(({ logicalRepresentation, physicalRepresentation }) => ({
      label: logicalRepresentation,
      physical: Buffer.from(physicalRepresentation, 'base64').toString('hex'),
    }));
}
