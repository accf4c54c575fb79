import { alwaysQuote } from '../../names.ts';
import type { Boundary, IndexColumn, PrimaryIndex } from './types.ts';

/**
 * An SQL predicate for the rows with start ≤ key < end in the order of the index: `TRUE` when open on both sides,
 * `FALSE` when it can't hold a row. It constrains the scan of the primary index: nothing else is read. Two
 * consecutive ranges' predicates never hold for the same row, and together they leave none out. Name the index in
 * the statement (`FROM t@{FORCE_INDEX=[1]}`): through another one, rows would be filtered by value and not by key.
 */
export function whereBetween(start: Boundary, end: Boundary, index: PrimaryIndex): string {
  if (start.kind === 'after' || end.kind === 'before') return 'FALSE';
  const parts: string[] = [];
  if (start.kind === 'at') parts.push(fromBoundary(start.values, start.past !== true, index.columns));
  if (end.kind === 'at') parts.push(toBoundary(end.values, end.past === true, index.columns));
  return parts.length === 0 ? 'TRUE' : parts.join(' AND ');
}

/** Rows behind the boundary; with `orEqual` also those that start with its values. */
function fromBoundary(values: string[], orEqual: boolean, columns: IndexColumn[]): string {
  return compare(values, columns, true, orEqual);
}

/** Rows before the boundary; with `orEqual` also those that start with its values. */
function toBoundary(values: string[], orEqual: boolean, columns: IndexColumn[]): string {
  return compare(values, columns, false, orEqual);
}

/** One comparison of tuples where all columns run the same way, else column by column. */
function compare(values: string[], columns: IndexColumn[], behind: boolean, orEqual: boolean): string {
  const used = columns.slice(0, values.length);
  const [first] = used;
  if (first === undefined) return orEqual ? 'TRUE' : 'FALSE';
  if (used.every((column) => column.descending === first.descending)) {
    const operator = operatorFor(first, behind, orEqual);
    if (used.length === 1) return `${alwaysQuote(first.name)} ${operator} ${values[0]}`;
    return `(${used.map((column) => alwaysQuote(column.name)).join(', ')}) ${operator} (${values.join(', ')})`;
  }
  return expand(values, used, behind, orEqual);
}

/** `(a > 1 OR (a = 1 AND b < 2))`: the optimizer of 21.1 makes exact spans of it, with no filter left over. */
function expand(values: string[], columns: IndexColumn[], behind: boolean, orEqual: boolean): string {
  const [column, ...otherColumns] = columns;
  const [value, ...otherValues] = values;
  if (column === undefined || value === undefined) return orEqual ? 'TRUE' : 'FALSE';
  const name = alwaysQuote(column.name);
  if (otherColumns.length === 0) return `${name} ${operatorFor(column, behind, orEqual)} ${value}`;
  const rest = expand(otherValues, otherColumns, behind, orEqual);
  return `(${name} ${operatorFor(column, behind, false)} ${value} OR (${name} = ${value} AND ${rest}))`;
}

function operatorFor(column: IndexColumn, behind: boolean, orEqual: boolean): string {
  return `${behind === column.descending ? '<' : '>'}${orEqual ? '=' : ''}`;
}
