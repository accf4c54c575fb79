import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { HoldfastError } from '../../errors.ts';
import type { TableDescriptor } from '../descriptor.ts';
import { alwaysQuote, type ObjectName, printName, sqlName } from '../names.ts';
import type { Connections, Lease } from './connections.ts';
import { type BatchStatement, runBatches } from './batches.ts';
import type { CopyRow } from './copy-rows.ts';
import { clusterError } from './errors.ts';

/** Keys that one DELETE names: each is a point look-up. */
const KEYS_A_STATEMENT = 500;

/** Implements Cluster.removeKeys: deletes of many keys, and their entry in the ledger, in one transaction. */
export function removeKeys(
  connections: Connections,
  database: string,
  table: TableDescriptor,
  keys: Readable,
  signal: AbortSignal,
  once?: { restore: string; key: string },
): Promise<{ rows: number }> {
  const target: ObjectName = { ...table.name, database };
  const doing = `remove rows of ${printName(target)}`;
  return runBatches(connections, { database, doing, rows: keys, signal, once }, new Remove(target, table));
}

/** `DELETE FROM … WHERE (key) IN (…)` with a placeholder for each value. */
class Remove implements BatchStatement {
  readonly batchRows = KEYS_A_STATEMENT;
  readonly #target: ObjectName;
  readonly #columns: { name: string; type: string }[];
  readonly #name: string;

  constructor(target: ObjectName, table: TableDescriptor) {
    this.#target = target;
    this.#columns = (table.rowKey ?? []).map((name) => {
      const column = table.columns.find((one) => one.name === name);
      return { name, type: column?.type ?? '' };
    });
    if (this.#columns.length === 0)
      throw new HoldfastError('internal', `${printName(target)} has no key to remove rows by`);
    this.#name = `remove ${createHash('sha256').update(sqlName(target)).digest('hex').slice(0, 32)}`;
  }

  async run(session: Lease, rows: CopyRow[], doing: string): Promise<void> {
    const wide = rows.find((row) => row.length !== this.#columns.length);
    if (wide !== undefined)
      throw new HoldfastError(
        'job-failed',
        `could not ${doing}: a key has ${wide.length} values instead of ${this.#columns.length}`,
      );
    try {
      await session.client.query({
        // Full batches have one plan for all of them.
        ...(rows.length === this.batchRows ? { name: this.#name } : {}),
        text: this.#sql(rows.length),
        values: rows.flat(),
      });
    } catch (error) {
      throw clusterError(error, session.place, doing);
    }
  }

  #sql(rows: number): string {
    const width = this.#columns.length;
    // Types are said, since a placeholder in a list takes none from the column.
    const value = (position: number) => {
      const type = this.#columns[position % width]?.type ?? '';
      return `$${position + 1}${type === '"char"' ? '::STRING' : `::${type}`}`;
    };
    const keys = Array.from({ length: rows }, (_row, row) => {
      const values = this.#columns.map((_column, at) => value(row * width + at)).join(', ');
      return width === 1 ? values : `(${values})`;
    });
    const names = this.#columns.map(({ name }) => alwaysQuote(name)).join(', ');
    return `DELETE FROM ${sqlName(this.#target)} WHERE ${width === 1 ? names : `(${names})`} IN (${keys.join(', ')})`;
  }
}
