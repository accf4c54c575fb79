import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { HoldfastError } from '../../errors.ts';
import { storedColumns, type TableDescriptor } from '../descriptor.ts';
import { alwaysQuote, type ObjectName, printName, sqlName } from '../names.ts';
import type { Connections, Lease } from './connections.ts';
import type { CopyRow } from './copy-rows.ts';
import { clusterError } from './errors.ts';
import { literal } from '../literal.ts';
import { type BatchStatement, runBatches } from './batches.ts';

/**
 * Rows go in by prepared INSERTs of many rows and not by COPY, which is faster and can't load every type: 21.1 stores
 * BYTES as the text of their hex, leaves the escapes in JSONB, and refuses arrays and collated strings. See
 * docs/cockroachdb.md.
 */
const MOST_ROWS = 1000;
const MOST_VALUES = 6000;

/** Implements Cluster.load: the rows and their entry in the ledger in one transaction. */
export function load(
  connections: Connections,
  database: string,
  table: TableDescriptor,
  rows: Readable,
  signal: AbortSignal,
  once?: { restore: string; key: string },
): Promise<{ rows: number }> {
  const target: ObjectName = { ...table.name, database };
  const doing = `load rows into ${printName(target)}`;
  return runBatches(connections, { database, doing, rows, signal, once }, new Insert(target, table));
}

/** A text NULL in an array, as arrays are printed; a quote within a text has a backslash before it. */
const QUOTED_NULL = /(?<=[{,])"NULL"(?=[,}])/g;

/** A text that stands for another one in an array's text: nothing else in there is like it. */
function standIn(array: string): string {
  let text = '\ue000';
  while (array.includes(text)) text += '\ue000';
  return text;
}

/** `INSERT INTO … VALUES …` with a placeholder for each value; the cluster reads each as its column's type. */
class Insert implements BatchStatement {
  readonly batchRows: number;
  readonly #head: string;
  readonly #types: string[];
  readonly #casts: string[];
  readonly #name: string;
  readonly #target: ObjectName;

  constructor(target: ObjectName, table: TableDescriptor) {
    const columns = storedColumns(table);
    this.batchRows = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_VALUES / Math.max(1, columns.length))));
    this.#target = target;
    this.#head = `INSERT INTO ${sqlName(target)} (${columns.map(({ name }) => alwaysQuote(name)).join(', ')}) VALUES `;
    this.#types = columns.map(({ type }) => type);
    this.#name = `load ${createHash('sha256').update(this.#head).digest('hex').slice(0, 32)}`;
    // CockroachDB 21.1 can't take text for a placeholder of the type "char" ("unsupported OID 18").
    this.#casts = columns.map(({ type }) => (type === '"char"' ? '::STRING' : ''));
  }

  async run(session: Lease, rows: CopyRow[], doing: string): Promise<void> {
    const wide = rows.find((row) => row.length !== this.#casts.length);
    if (wide !== undefined)
      throw new HoldfastError(
        'job-failed',
        `could not ${doing}: a row has ${wide.length} values, but there are ${this.#casts.length} columns`,
        { hint: `Check that ${printName(this.#target)} is what was backed up.` },
      );
    const values = rows.flat();
    const replaced = this.#replaceQuotedNulls(values);
    try {
      await session.client.query({
        // Full batches have one plan for all of them.
        ...(rows.length === this.batchRows && replaced.size === 0 ? { name: this.#name } : {}),
        text: this.#head + this.#placeholders(rows.length, replaced),
        values,
      });
    } catch (error) {
      throw clusterError(error, session.place, doing);
    }
  }

  /**
   * CockroachDB 21.1 reads a text NULL in an array (`{"NULL"}`) as no value at all, however it is quoted. So another
   * text goes there, which the statement turns back. Answers the expressions of such values, by their position.
   */
  #replaceQuotedNulls(values: CopyRow): Map<number, string> {
    const replaced = new Map<number, string>();
    for (const [position, value] of values.entries()) {
      const type = this.#types[position % this.#types.length] ?? '';
      if (value === null || !type.endsWith('[]') || value.search(QUOTED_NULL) < 0) continue;
      const other = standIn(value);
      values[position] = value.replaceAll(QUOTED_NULL, `"${other}"`);
      replaced.set(position, `array_replace($${position + 1}::STRING[], ${literal(other)}, 'NULL')::${type}`);
    }
    return replaced;
  }

  #placeholders(rows: number, replaced: Map<number, string>): string {
    const width = this.#types.length;
    const value = (position: number) =>
      replaced.get(position) ?? `$${position + 1}${this.#casts[position % width] ?? ''}`;
    return Array.from(
      { length: rows },
      (_row, row) => `(${this.#types.map((_type, at) => value(row * width + at)).join(', ')})`,
    ).join(', ');
  }
}
