import { storedColumns } from '../../cluster/descriptor.ts';
import type { TableDescriptor } from '../../cluster/descriptor.ts';
import { LONGEST_HELD } from './key-index.ts';

/** How a table's rows can be told apart in its files. */
export type KeyForm =
  | {
      kind: 'texts';
      /** Of the key's columns in a line of rows, in the key's order. */
      positions: number[];
      /** What a key has at most, in bytes, or LONGEST_HELD where that is less. */
      bytes: number;
    }
  | {
      kind: 'other';
      /** Why not by the texts alone: the rest of a sentence for people. */
      reason: string;
    };

/**
 * Types whose values are equal exactly when their COPY texts are, as the adapters' sessions print them, and how long those are at
 * most. What isn't here is not known to be so: numeric has 1.0 and 1.00, floats have -0, intervals 1 day and 24 hours,
 * citext is PostgreSQL's for text of any case.
 */
const BYTES: Readonly<Record<string, number>> = {
  // PostgreSQL's own types are the only ones that it prints without a schema.
  smallint: 6,
  integer: 11,
  bigint: 20,
  uuid: 36,
  boolean: 1,
  date: 16,
  'timestamp without time zone': 32,
  'timestamp with time zone': 35,
  text: LONGEST_HELD,
  'character varying': LONGEST_HELD,
  bytea: LONGEST_HELD,
  // CockroachDB's.
  INT2: 6,
  INT4: 11,
  INT8: 20,
  UUID: 36,
  BOOL: 5,
  DATE: 16,
  TIMESTAMP: 32,
  TIMESTAMPTZ: 35,
  STRING: LONGEST_HELD,
  VARCHAR: LONGEST_HELD,
  BYTES: LONGEST_HELD,
};

/** Those of PostgreSQL that have a collation, which may take other texts for equal. CockroachDB's types say so themselves. */
const COLLATED = new Set(['text', 'character varying']);

/** A length or a precision: `character varying(40)`, `timestamp(3) without time zone`. */
const MODIFIER = /\(\d+\)/;

/** Whether a table's rows can be told apart by what stands in its files, byte by byte. */
export function keyForm(table: TableDescriptor): KeyForm {
  const { rowKey } = table;
  const columns = storedColumns(table);
  if (rowKey === null || rowKey.length === 0) return { kind: 'other', reason: 'it has no key' };
  const positions: number[] = [];
  // Tabs between.
  let bytes = rowKey.length - 1;
  for (const name of rowKey) {
    const position = columns.findIndex((column) => column.name === name);
    const { type } = columns[position] ?? {};
    if (type === undefined) return { kind: 'other', reason: `its key's column ${name} is in no file` };
    const bare = type.replace(MODIFIER, '');
    const most = Object.hasOwn(BYTES, bare) ? BYTES[bare] : undefined;
    if (most === undefined)
      return {
        kind: 'other',
        reason: `its key's column ${name} is of type ${type}, of which equal values may be written differently`,
      };
    if (COLLATED.has(bare) && mayBeCollated(table))
      return {
        kind: 'other',
        reason: `its key's column ${name} is of type ${type}, and may have a collation that takes different texts for equal`,
      };
    positions.push(position);
    bytes += most;
  }
  return { kind: 'texts', positions, bytes: Math.min(bytes, LONGEST_HELD) };
}

/**
 * Whether some column may have another collation than its database's, which always tells different texts apart
 * (https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC). A column's collation stands in CREATE TABLE
 * alone, and in that of its parents where it comes from there.
 */
function mayBeCollated({ ddl }: TableDescriptor): boolean {
  return ddl.some(({ phase, sql }) => phase === 'create' && /\b(COLLATE|INHERITS)\b/i.test(sql));
}
