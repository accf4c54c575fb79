import { copyEscaped } from '../copy-escape.ts';
import { hash, hashText, below } from './random.ts';
import type { Cell, SimulatedTable } from './model.ts';

/** A value in COPY text. */
function copyText(value: string | number | null): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  return copyEscaped(value);
}

/** What hashes of a table's rows start from. */
export function tableSalt(seed: number, database: string, table: SimulatedTable): number {
  return hash(seed, hashText(JSON.stringify([database, table.schema, table.name])));
}

/** Writes one row as a line of COPY text. */
export type RowWriter = (ordinal: number, version: number) => string;

/**
 * Writes rows of one table, each a function of the salt, its ordinal and its version alone: all columns, or those of
 * a key in its order.
 */
export function rowWriter(table: SimulatedTable, salt: number, key: string[] | null = null): RowWriter {
  const kept = lastingColumns(table);
  let current = { ordinal: 0, version: 0 };
  const columns = table.columns.map(({ name, value }, index) => {
    const cell: Cell = {
      ordinal: 0,
      random: (count, other = 0) =>
        below(count, hash(salt, current.ordinal, index, other, kept.has(name) ? 0 : current.version)),
    };
    return { name, cell, value };
  });
  const written =
    key === null ? columns : key.flatMap((name) => columns.filter((column) => column.name === name));
  return (ordinal, version) => {
    current = { ordinal, version };
    const values = written.map(({ cell, value }) => {
      cell.ordinal = ordinal;
      return copyText(value(cell));
    });
    return `${values.join('\t')}\n`;
  };
}

/** The columns that no change of a row touches, so that every key and reference holds at every moment. */
function lastingColumns(table: SimulatedTable): Set<string> {
  return new Set([
    ...(table.primaryKey ?? []),
    ...table.unique.flat(),
    ...table.foreignKeys.flatMap(({ columns }) => columns),
  ]);
}

const SAMPLE = 32;

/** What a row has as COPY text, by some rows from all over the table. 0 for an empty table. */
export function averageRowBytes(table: SimulatedTable, salt: number): number {
  const count = Math.min(table.rows, SAMPLE);
  if (count === 0) return 0;
  const write = rowWriter(table, salt);
  let bytes = 0;
  for (let index = 0; index < count; index++)
    bytes += Buffer.byteLength(write(Math.floor((index * table.rows) / count), 0));
  return bytes / count;
}
