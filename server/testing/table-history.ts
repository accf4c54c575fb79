import fc from 'fast-check';
import { alwaysQuote } from '../cluster/names.ts';
import { pick, SCHEMAS, TableModel, type TableShape, tableShape } from './table-model.ts';
import { VALUES } from './values.ts';

/** Random histories: what happens to random tables between backups, and the SQL of it. */

interface Change {
  do: 'insert' | 'update' | 'delete' | 'touch' | 'respell' | 'move' | 'empty' | 'count';
  table: number;
  /** The first row's number, and how many: for a move, how far. */
  from: number;
  count: number;
  column: number;
  savepoint: 'none' | 'released' | 'rolled back';
}

interface Redefinition {
  do:
    | 'add column'
    | 'drop column'
    | 'rename column'
    | 'retype column'
    | 'swap names'
    | 'move to schema'
    | 'identity'
    | 'drop key'
    | 'rewrite'
    | 'vacuum'
    | 'make anew'
    | 'add label'
    | 'rename label';
  table: number;
  /** Which column, type or schema, as there are. */
  which: number;
}

export type Step =
  | { do: 'transaction'; changes: Change[]; end: 'commit' | 'rollback' | 'stay open' }
  | Redefinition
  /** Lets tables that are new be followed. */
  | { do: 'follow' }
  /** Upon which of the backups so far; null: a full one. */
  | { do: 'backup'; base: number | null };

export interface History {
  tables: TableShape[];
  steps: Step[];
}

const table = fc.nat(2);
const change: fc.Arbitrary<Change> = fc.record({
  do: fc.oneof(
    { weight: 4, arbitrary: fc.constant('insert' as const) },
    { weight: 5, arbitrary: fc.constant('update' as const) },
    { weight: 3, arbitrary: fc.constantFrom('delete' as const, 'move' as const) },
    { weight: 2, arbitrary: fc.constant('respell' as const) },
    { weight: 1, arbitrary: fc.constantFrom('touch' as const, 'empty' as const, 'count' as const) },
  ),
  table,
  from: fc.nat(40),
  count: fc.integer({ min: 1, max: 20 }),
  column: fc.nat(5),
  savepoint: fc.constantFrom('none', 'none', 'released', 'rolled back'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('transaction' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 5 }),
      end: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const, 'stay open' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'add column' as const,
        'drop column' as const,
        'rename column' as const,
        'retype column' as const,
        'swap names' as const,
        'move to schema' as const,
        'identity' as const,
        'drop key' as const,
        'rewrite' as const,
        'vacuum' as const,
        'make anew' as const,
        'add label' as const,
        'rename label' as const,
      ),
      table,
      which: fc.nat(50),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'follow' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('backup' as const), base: fc.option(fc.nat(20), { freq: 12 }) }),
  },
);

export const history: fc.Arbitrary<History> = fc.record({
  tables: fc.array(tableShape, { minLength: 1, maxLength: 3, size: 'max' }),
  steps: fc.array(step, { minLength: 1, maxLength: 20, size: 'max' }),
});

/** Rows of transactions that stay open have numbers from here on: others don't wait for them. */
const APART = 100;

/** What a history does, as SQL. */
export interface HistorySql {
  /** Runs in the session of what commits at once. */
  run(sql: string): Promise<void>;
  /** Runs in a session whose transaction stays open. */
  runApart(sql: string): Promise<void>;
}

/** The tables of one history as they are now, changed step by step. */
export class TableHistory {
  readonly #tables: TableModel[];
  readonly #sql: HistorySql;
  #turn = 0;
  #open = false;

  constructor(shapes: readonly TableShape[], sql: HistorySql) {
    this.#tables = shapes.map((shape, index) => new TableModel(shape, index));
    this.#sql = sql;
  }

  /** Makes the tables, each with some rows. */
  async make(): Promise<void> {
    for (const each of this.#tables) await this.#sql.run(`${each.create()}; ${each.insert(0, 12, 0)}`);
  }

  /** Commits what stayed open. */
  async close(): Promise<void> {
    if (this.#open) await this.#sql.runApart('COMMIT');
    this.#open = false;
  }

  async play(step: Extract<Step, { table: number } | { changes: Change[] }>): Promise<void> {
    this.#turn++;
    if (step.do === 'transaction') await this.#transaction(step);
    else {
      await this.close();
      await this.#redefine(step);
    }
  }

  async #transaction({ changes, end }: Extract<Step, { do: 'transaction' }>): Promise<void> {
    const apart = end === 'stay open';
    // What is emptied is locked for everybody; what is apart already would be waited for.
    if (apart || changes.some((each) => each.do === 'empty')) await this.close();
    const parts = changes.map((each, index) => {
      const sql = this.#change(each, apart);
      return {
        none: sql,
        released: `SAVEPOINT s${index}; ${sql}; RELEASE s${index}`,
        'rolled back': `SAVEPOINT s${index}; ${sql}; ROLLBACK TO s${index}`,
      }[each.savepoint];
    });
    const begun = `BEGIN; ${parts.join('; ')}`;
    if (apart) {
      await this.#sql.runApart(begun);
      this.#open = true;
    } else await this.#sql.run(`${begun}; ${end}`);
  }

  #change({ do: what, table: index, from, count, column }: Change, apart: boolean): string {
    const of = pick(this.#tables, index);
    const first = apart ? from + APART : from;
    const where = `n BETWEEN ${first} AND ${first + count}`;
    switch (what) {
      case 'insert':
        return of.insert(first, count, this.#turn);
      case 'update':
        return of.update(column, where, this.#turn);
      case 'delete':
        return `DELETE FROM ${of.sql} WHERE ${where}`;
      case 'touch':
        return of.touch(where);
      case 'respell':
        return of.respell(where);
      case 'move':
        return of.move(first, first + count);
      case 'empty':
        if (apart) return `DELETE FROM ${of.sql} WHERE n >= ${APART}`;
        return `TRUNCATE ${of.sql}${count % 2 === 0 ? ' RESTART IDENTITY' : ''}; ${of.insert(first, 2, this.#turn)}`;
      case 'count':
        return `SELECT nextval('counter')`;
    }
  }

  async #redefine({ do: what, table: index, which }: Redefinition): Promise<void> {
    const of = pick(this.#tables, index);
    const alter = (change: string) => this.#sql.run(`ALTER TABLE ${of.sql} ${change}`);
    const column = of.columns.length === 0 ? undefined : pick(of.columns, which);
    switch (what) {
      case 'add column': {
        const added = { name: of.newName(), of: pick(VALUES, which) };
        // A default without sub-selects and volatile functions is kept apart from the rows.
        const fallback = added.of.type === 'int8' ? ` DEFAULT ${which}` : '';
        await alter(`ADD ${alwaysQuote(added.name)} ${added.of.type}${fallback}`);
        of.columns.push(added);
        return;
      }
      case 'drop column':
        if (column === undefined) return;
        await alter(`DROP ${alwaysQuote(column.name)}`);
        of.columns = of.columns.filter((each) => each !== column);
        return;
      case 'rename column': {
        if (column === undefined) return;
        const name = of.newName();
        await alter(`RENAME ${alwaysQuote(column.name)} TO ${alwaysQuote(name)}`);
        column.name = name;
        return;
      }
      case 'retype column': {
        if (column === undefined) return;
        const name = alwaysQuote(column.name);
        await alter(`ALTER ${name} TYPE text USING ${name}::text`);
        const before = column.of;
        column.of = { type: 'text', value: (n) => `(${before.value(n)})::text` };
        return;
      }
      case 'swap names': {
        const other = pick(this.#tables, index + 1);
        if (other === of || other.schema !== of.schema) return;
        const [mine, its] = [alwaysQuote(of.name), alwaysQuote(other.name)];
        const schema = alwaysQuote(of.schema);
        await this.#sql.run(`BEGIN; ALTER TABLE ${of.sql} RENAME TO "in between";
          ALTER TABLE ${other.sql} RENAME TO ${mine}; ALTER TABLE ${schema}."in between" RENAME TO ${its}; COMMIT`);
        [of.name, other.name] = [other.name, of.name];
        return;
      }
      case 'move to schema': {
        const schema = pick(SCHEMAS, which);
        await alter(`SET SCHEMA ${alwaysQuote(schema)}`);
        of.schema = schema;
        return;
      }
      case 'identity':
        // FULL of a table with generated columns that is followed already, PostgreSQL 18 takes, and refuses changes of its rows.
        await (which % 2 === 0 && !of.shape.generated
          ? alter('REPLICA IDENTITY FULL')
          : this.#sql.run(of.ownIdentity()));
        return;
      case 'drop key':
        await this.#sql.run(of.dropKey());
        return;
      case 'rewrite':
        await this.#sql.run(`VACUUM FULL ${of.sql}`);
        return;
      case 'vacuum':
        await this.#sql.run(`VACUUM (FREEZE, ANALYZE) ${of.sql}`);
        return;
      case 'make anew':
        await this.#sql.run(`DROP TABLE ${of.sql}; ${of.create()}; ${of.insert(which, 5, this.#turn)}`);
        return;
      case 'add label':
        await this.#sql.run(`ALTER TYPE mood ADD VALUE 'mood ${this.#turn}' BEFORE 'sad'`);
        return;
      case 'rename label':
        await this.#sql.run(`DO $$ BEGIN EXECUTE format('ALTER TYPE mood RENAME VALUE %L TO %L',
          (enum_range(NULL::mood))[${1 + (which % 3)}], 'mood ${this.#turn}'); END $$`);
    }
  }
}
