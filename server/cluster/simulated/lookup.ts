import { HoldfastError } from '../../errors.ts';
import { type ObjectName, printName, quoteIdent } from '../names.ts';
import { fullName } from './catalog.ts';
import { TableLife } from './life.ts';
import { type SimulatedDatabase, type SimulatedTable, sameName, type World } from './model.ts';
import type { SplitTable } from './ranges.ts';
import { averageRowBytes, type RowWriter, rowWriter, tableSalt } from './rows.ts';

/** A table, and all that is worked out from where it is. */
export interface Found {
  database: SimulatedDatabase;
  table: SimulatedTable;
  salt: number;
  life: TableLife;
}

/** Finds what a world has by name. */
export class Lookup {
  readonly #world: World;
  readonly #rowBytes = new Map<SimulatedTable, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Throws `undefined-database`. */
  database(name: string): SimulatedDatabase {
    const database = this.#world.databases.find((candidate) => candidate.name === name);
    if (database === undefined)
      throw new HoldfastError(
        'undefined-database',
        `database ${quoteIdent(name)} does not exist in the simulated cluster`,
        { hint: 'Check the name.', field: 'targets' },
      );
    return database;
  }

  /** Throws `undefined-object`, `undefined-database`. */
  table(name: ObjectName): Found {
    const database = this.database(name.database);
    const table = database.tables.find((candidate) => sameName(candidate, name));
    if (table === undefined) throw missing(name);
    return this.of(database, table);
  }

  of(database: SimulatedDatabase, table: SimulatedTable): Found {
    const salt = tableSalt(this.#world.seed, database.name, table);
    return { database, table, salt, life: new TableLife(database, table, salt, this.#world.changes) };
  }

  /** How many rows there are at any moment, and their bytes as COPY text, about. */
  sizeOf(found: Found): { rows: number; bytes: number } {
    const rows = Math.round(found.life.share * found.table.rows);
    return { rows, bytes: Math.round(this.#rowBytesOf(found) * rows) };
  }

  /** As far as splitting it needs; `share` of its ordinals are read. */
  splitTable(found: Found, share: number): SplitTable {
    const { database, table, salt } = found;
    return {
      name: fullName(database.name, table),
      rows: table.rows,
      share,
      rowBytes: this.#rowBytesOf(found),
      salt,
    };
  }

  #rowBytesOf({ table, salt }: Found): number {
    const known = this.#rowBytes.get(table);
    if (known !== undefined) return known;
    const bytes = averageRowBytes(table, salt);
    this.#rowBytes.set(table, bytes);
    return bytes;
  }
}

/** Writes the rows of one step, a line of COPY text each; null for one that isn't there then. */
export function rowsOfStep({ table, salt, life }: Found, step: number): (ordinal: number) => string | null {
  const write: RowWriter = rowWriter(table, salt);
  return (ordinal) => {
    const version = life.version(ordinal, step);
    return life.isThere(ordinal, version) ? write(ordinal, version) : null;
  };
}

export function missing(name: ObjectName): HoldfastError {
  return new HoldfastError('undefined-object', `${printName(name)} does not exist`, {
    hint: 'Check the name: it has the parts database, schema and object.',
    field: 'targets',
  });
}
