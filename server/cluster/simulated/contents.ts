import type { Moment } from '../moment.ts';
import type { ObjectName } from '../names.ts';
import { fullName } from './catalog.ts';
import { Lookup, rowsOfStep } from './lookup.ts';
import type { World } from './model.ts';

/** The tables that a world has, in every database. */
export function tablesIn(world: World): ObjectName[] {
  return world.databases.flatMap((database) =>
    database.tables.map((table) => fullName(database.name, table)),
  );
}

/**
 * What a table has at a moment, in key order: a line of COPY text a row, without its end. What a backup as of then must
 * have, whatever befell its reads. Throws `undefined-object`, `undefined-database`.
 */
export function rowsAt(world: World, table: ObjectName, moment: Moment): string[] {
  const found = new Lookup(world).table(table);
  const row = rowsOfStep(found, found.life.stepAt(moment));
  const lines: string[] = [];
  for (let ordinal = 0; ordinal < found.table.rows; ordinal++) {
    const line = row(ordinal);
    if (line !== null) lines.push(line.slice(0, -1));
  }
  return lines;
}
