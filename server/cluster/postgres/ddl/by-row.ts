import type { KnownObject } from '../catalog.ts';

/** What `describe` makes of each object and its row; objects that have none are passed over. */
export function describeByRow<Row extends { oid: number }, Described>(
  objects: KnownObject[],
  rows: Row[],
  describe: (object: KnownObject, row: Row) => Described,
): Map<KnownObject, Described> {
  const byOid = new Map(rows.map((row) => [row.oid, row]));
  return new Map(
    objects.flatMap((object) => {
      const row = byOid.get(object.found.oid);
      return row === undefined ? [] : [[object, describe(object, row)] as const];
    }),
  );
}
