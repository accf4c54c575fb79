import type { LocalName, Rule, SimulatedColumn, SimulatedSequence, SimulatedTable } from './model.ts';

/** Short ways to write a world down. */

export function inPublic(name: string): LocalName {
  return { schema: 'public', name };
}

type ColumnOptions = Partial<Pick<SimulatedColumn, 'nullable' | 'enumType' | 'sequence'>>;

export function column(
  name: string,
  type: string,
  value: Rule,
  options: ColumnOptions = {},
): SimulatedColumn {
  return { name, type, nullable: false, enumType: null, sequence: null, ...options, value };
}

/** A `bigint` that counts rows from 1, filled by the sequence. */
export function idColumn(sequence: LocalName): SimulatedColumn {
  return column('id', 'bigint', ({ ordinal }) => ordinal + 1, { sequence });
}

type TableParts = LocalName &
  Pick<SimulatedTable, 'rows' | 'columns' | 'primaryKey'> &
  Partial<Pick<SimulatedTable, 'unique' | 'indexes' | 'checks' | 'foreignKeys' | 'comment'>>;

export function table(parts: TableParts): SimulatedTable {
  return { unique: [], indexes: [], checks: [], foreignKeys: [], comment: null, ...parts };
}

/** The sequence `<table>_id_seq` of a table that has that many rows. */
export function idSequence(owner: LocalName, rows: number): SimulatedSequence {
  return {
    schema: owner.schema,
    name: `${owner.name}_id_seq`,
    start: 1,
    lastValue: Math.max(1, rows),
    isCalled: rows > 0,
    ownedBy: { table: owner, column: 'id' },
  };
}

/** This share of all rows; at least one row, for other tables to reference, unless there are to be none at all. */
export function share(rows: number, part: number): number {
  return rows === 0 ? 0 : Math.max(1, Math.round(rows * part));
}

export function pick<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`${index} is not in a list of ${list.length}`);
  return item;
}

/** Of hundredths, as `numeric(n,2)` is printed. */
export function money(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** The first instant of the simulated past. */
const EPOCH = Date.UTC(2024, 0, 1);

/** That many seconds into the simulated past, as `timestamp` is printed. */
export function timestamp(seconds: number): string {
  return new Date(EPOCH + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
