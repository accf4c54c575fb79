import fc from 'fast-check';
import { literal } from '../cluster/literal.ts';
import { alwaysQuote } from '../cluster/names.ts';
import { KEYS, type KeyType, VALUES, type ValueType } from './values.ts';

/** Random tables: what they are made with, and the SQL that makes them and their rows. */

/** Of each, a number is what to count in the lists of types and names. */
export interface TableShape {
  name: number;
  key: number[];
  keyed: 'primary' | 'unique' | 'none';
  /** What the WAL tells of old rows: the key, all columns, or the index of the rows' numbers. */
  identity: 'key' | 'full' | 'number';
  columns: number[];
  counter: 'none' | 'serial' | 'identity';
  generated: boolean;
  external: boolean;
}

export const tableShape: fc.Arbitrary<TableShape> = fc.record({
  name: fc.nat(20),
  key: fc.array(fc.nat(KEYS.length - 1), { minLength: 1, maxLength: 2 }),
  keyed: fc.constantFrom('primary', 'primary', 'primary', 'unique', 'none'),
  identity: fc.constantFrom('key', 'key', 'key', 'full', 'number'),
  columns: fc.array(fc.nat(VALUES.length - 1), { minLength: 1, maxLength: 6 }),
  counter: fc.constantFrom('none', 'serial', 'identity'),
  generated: fc.boolean(),
  external: fc.boolean(),
});

const TABLES = ['plain', 'With "Quotes"', 'ünï côdé', 'dots.and\\', 'tab\tle', '表', 'select', "it's"];
const COLUMNS = ['c', 'Column ', 'é"', 'back\\', 'from.', "o'", '列'];

export const SCHEMAS = ['public', 'Other é'];

interface ModelColumn {
  name: string;
  of: ValueType;
}

/** One table of a history as it is now. */
export class TableModel {
  readonly shape: TableShape;
  schema: string;
  name: string;
  columns: ModelColumn[];
  readonly key: (ModelColumn & { of: KeyType })[];
  readonly #index: number;
  #columnsMade = 0;
  /** Counts how often it was made. */
  #made = 0;

  constructor(shape: TableShape, index: number) {
    this.shape = shape;
    this.#index = index;
    this.schema = pick(SCHEMAS, shape.name);
    this.name = `${pick(TABLES, shape.name)}${index}`;
    this.columns = shape.columns.map((type) => ({ name: this.newName(), of: pick(VALUES, type) }));
    this.key = shape.key.map((type, place) => ({ name: `K "${place}" é`, of: pick(KEYS, type) }));
  }

  get sql(): string {
    return `${alwaysQuote(this.schema)}.${alwaysQuote(this.name)}`;
  }

  /** A name that no column of the table had before. */
  newName(): string {
    return `${pick(COLUMNS, this.#columnsMade)}${this.#columnsMade++}`;
  }

  get #keyName(): string {
    return alwaysQuote(`key ${this.#index}.${this.#made}`);
  }

  get #identityIndex(): string {
    return alwaysQuote(`by ${this.#index}.${this.#made}`);
  }

  create(): string {
    const { shape, key } = this;
    this.#made++;
    const keyList = key.map(({ name }) => alwaysQuote(name)).join(', ');
    const columns = [
      // Rows are found by their numbers, whatever their keys are.
      'n int NOT NULL',
      ...key.map(({ name, of }) => `${alwaysQuote(name)} ${of.type} NOT NULL`),
      ...this.columns.map(({ name, of }) => `${alwaysQuote(name)} ${of.type}`),
      ...(shape.counter === 'serial' ? ['s bigserial'] : []),
      ...(shape.counter === 'identity' ? ['s int GENERATED ALWAYS AS IDENTITY (INCREMENT -3)'] : []),
      ...(shape.generated ? ['g int GENERATED ALWAYS AS (n * 2) STORED'] : []),
      ...(shape.keyed === 'primary' ? [`CONSTRAINT ${this.#keyName} PRIMARY KEY (${keyList})`] : []),
    ];
    const index = shape.keyed === 'unique' && shape.identity !== 'number' ? keyList : 'n';
    const statements = [`CREATE TABLE ${this.sql} (${columns.join(', ')})`];
    if (shape.keyed === 'unique' || shape.identity === 'number')
      statements.push(
        `CREATE UNIQUE INDEX ${this.#identityIndex} ON ${this.sql} (${index})`,
        this.ownIdentity(),
      );
    if (shape.identity === 'full') statements.push(`ALTER TABLE ${this.sql} REPLICA IDENTITY FULL`);
    const long = this.columns.filter(({ of }) => of.type === 'text' || of.type === 'bytea');
    if (shape.external)
      for (const { name } of long)
        statements.push(`ALTER TABLE ${this.sql} ALTER ${alwaysQuote(name)} SET STORAGE EXTERNAL`);
    return statements.join('; ');
  }

  /** The replica identity that it is made with, unless that is FULL. */
  ownIdentity(): string {
    const { keyed, identity } = this.shape;
    const indexed = keyed === 'unique' || identity === 'number';
    return `ALTER TABLE ${this.sql} REPLICA IDENTITY ${indexed ? `USING INDEX ${this.#identityIndex}` : 'DEFAULT'}`;
  }

  /** Drops the primary key, once the table isn't followed any more: else its rows could not be changed. */
  dropKey(): string {
    return `DO $body$ BEGIN
      IF EXISTS (SELECT FROM pg_publication_tables WHERE schemaname = ${literal(this.schema)} AND tablename = ${literal(this.name)}) THEN
        ALTER PUBLICATION holdfast DROP TABLE ${this.sql};
      END IF;
      ALTER TABLE ${this.sql} DROP CONSTRAINT IF EXISTS ${this.#keyName};
    END $body$`;
  }

  insert(from: number, count: number, turn: number): string {
    const columns = [{ name: 'n' }, ...this.key, ...this.columns].map(({ name }) => alwaysQuote(name));
    const rows = Array.from({ length: count }, (_, offset) => {
      const n = from + offset;
      const values = [
        String(n),
        ...this.key.map(({ of }) => of.value(n)),
        ...this.columns.map(({ of }, place) => of.value(n + turn + place)),
      ];
      return `(${values.join(', ')})`;
    });
    return `INSERT INTO ${this.sql} (${columns.join(', ')}) VALUES ${rows.join(', ')} ON CONFLICT DO NOTHING`;
  }

  /** Gives one column of some rows another value; the others, long ones too, stay. */
  update(column: number, where: string, turn: number): string {
    const place = column % Math.max(this.columns.length, 1);
    const set = this.columns[place];
    if (set === undefined) return this.touch(where);
    return `UPDATE ${this.sql} SET ${alwaysQuote(set.name)} = ${set.of.value(turn + place)} WHERE ${where}`;
  }

  touch(where: string): string {
    return `UPDATE ${this.sql} SET n = n WHERE ${where}`;
  }

  /** Writes the keys of some rows otherwise: equal they stay. */
  respell(where: string): string {
    const sets = this.key.map(({ name, of }) => {
      const column = alwaysQuote(name);
      return `${column} = ${of.respelt?.(column) ?? column}`;
    });
    return `UPDATE ${this.sql} SET ${sets.join(', ')} WHERE ${where}`;
  }

  /** Makes row `from` row `to`, with its key, unless there is one. */
  move(from: number, to: number): string {
    const sets = [`n = ${to}`, ...this.key.map(({ name, of }) => `${alwaysQuote(name)} = ${of.value(to)}`)];
    return `UPDATE ${this.sql} SET ${sets.join(', ')}
      WHERE n = ${from} AND NOT EXISTS (SELECT FROM ${this.sql} WHERE n = ${to})`;
  }
}

export function pick<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('nothing to choose from');
  return found;
}
