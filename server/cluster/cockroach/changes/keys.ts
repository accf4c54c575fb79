import type { IndexColumn } from '../keys/types.ts';
import { quoted, typed } from '../keys/literals.ts';
import { alwaysQuote } from '../../names.ts';

/** Values of a primary index' columns, in key order, as texts that CockroachDB reads. None is NULL. */
export type KeyTexts = string[];

/** The reviver's third argument (ECMAScript's JSON.parse source text access), which TypeScript's types don't have. */
type SourceReviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

/**
 * The values in a changefeed's key: a JSON array with a value for each column of the primary index, shards included.
 * Numbers keep every digit: an INT8 goes past what JavaScript's numbers hold. Throws where it isn't that.
 */
export function parseFeedKey(json: string, columns: readonly IndexColumn[]): KeyTexts {
  const reviver: SourceReviver = (_key, value, { source }) =>
    typeof value === 'number' || typeof value === 'boolean' ? (source ?? String(value)) : value;
  const values: unknown = JSON.parse(json, reviver as (key: string, value: unknown) => unknown);
  if (!Array.isArray(values) || values.length !== columns.length) throw new Error('not a key of this table');
  return values.map((value: unknown) => {
    if (typeof value !== 'string') throw new Error('not a value of a key');
    return value;
  });
}

const STRINGS = new Set(['STRING', 'VARCHAR', 'CHAR', '"char"', 'NAME']);
const INTEGERS = new Set(['INT2', 'INT4', 'INT8']);

/** One value as an SQL constant that a key is looked up by. */
export function keyLiteral(text: string, { type }: IndexColumn): string {
  const family = type.replace(/\(.*\)$/, '');
  if (INTEGERS.has(family)) return typed(text, 'INT8');
  if (STRINGS.has(family)) return typed(text, 'STRING');
  const collation = / COLLATE (.+)$/.exec(type)?.[1];
  if (collation !== undefined) return `${quoted(text)} COLLATE ${collation}`;
  // A width would round or cut, and the value in the key has been through that.
  return `${quoted(text)}::${family === 'BIT' ? 'VARBIT' : family}`;
}

/** `(1, 'a'), (2, 'b')`: keys as rows of constants. */
export function keyRows(keys: readonly KeyTexts[], columns: readonly IndexColumn[]): string {
  return keys.map((key) => `(${keyValues(key, columns).join(', ')})`).join(', ');
}

function keyValues(key: KeyTexts, columns: readonly IndexColumn[]): string[] {
  return columns.map((column, index) => keyLiteral(key[index] ?? '', column));
}

/** A predicate for exactly the rows with these keys, of which the optimizer makes point look-ups in the primary index. */
export function whereKeys(keys: readonly KeyTexts[], columns: readonly IndexColumn[]): string {
  const [first] = columns;
  if (columns.length === 1 && first !== undefined)
    return `${alwaysQuote(first.name)} IN (${keys.flatMap((key) => keyValues(key, columns)).join(', ')})`;
  return `(${columnList(columns)}) IN (${keyRows(keys, columns)})`;
}

export function columnList(columns: readonly { name: string }[]): string {
  return columns.map(({ name }) => alwaysQuote(name)).join(', ');
}
