import { column, inPublic, table } from './define.ts';
import type { ChangeRate, LocalName, SimulatedDatabase, World } from './model.ts';
import { CALM, type Unrest } from './unrest.ts';
import { simulatedNodes } from './world.ts';

const mood = inPublic('mood');
const ticket = inPublic('ticket');
const customers = inPublic('customers');
const accounts = inPublic('accounts');
const log: LocalName = { schema: 'audit', name: 'log' };
const FIRST_ACCOUNT = 100;

/** What FIXTURE of the conformance suite makes, as a simulation; in small ranges. Its rows never change unless told to. */
export function fixtureWorld(
  databases: { name: string; accounts: number }[],
  changes: ChangeRate | null = null,
  unrest: Partial<Unrest> = {},
): World {
  return {
    identity: 'fixture',
    seed: 1,
    nodes: simulatedNodes(3),
    rangeBytes: 20_000,
    changes,
    unrest: { ...CALM, ...unrest },
    databases: databases.map((database) => fixtureDatabase(database.name, database.accounts)),
  };
}

/** The ids of that many accounts. */
export function fixtureIds(count: number): number[] {
  return Array.from({ length: count }, (_, ordinal) => FIRST_ACCOUNT + ordinal);
}

function fixtureDatabase(name: string, count: number): SimulatedDatabase {
  return {
    name,
    types: [{ ...mood, labels: ['glad', 'sad'] }],
    sequences: [
      {
        ...ticket,
        start: FIRST_ACCOUNT,
        lastValue: FIRST_ACCOUNT + count - 1,
        isCalled: true,
        ownedBy: null,
      },
    ],
    tables: [
      table({
        ...customers,
        rows: 100,
        columns: [
          column('id', 'bigint', ({ ordinal }) => ordinal + 1),
          column('name', 'character varying(40)', ({ ordinal }) => `customer ${ordinal + 1}`),
          column('feeling', 'public.mood', () => 'glad', { nullable: true, enumType: mood }),
        ],
        primaryKey: ['id'],
      }),
      table({
        ...accounts,
        rows: count,
        columns: [
          column('id', 'bigint', ({ ordinal }) => FIRST_ACCOUNT + ordinal, { sequence: ticket }),
          column('customer', 'bigint', (cell) => 1 + cell.random(100)),
          column('balance', 'bigint', (cell) => 1000 + cell.random(1000)),
          column('note', 'character varying(200)', () => 'a note that makes the row some bytes longer', {
            nullable: true,
          }),
        ],
        primaryKey: ['id'],
        indexes: [['balance']],
        foreignKeys: [
          { name: 'accounts_customer', columns: ['customer'], table: customers, references: ['id'] },
        ],
      }),
      table({
        ...inPublic('nothing'),
        rows: 0,
        columns: [column('id', 'bigint', ({ ordinal }) => ordinal)],
        primaryKey: ['id'],
      }),
      table({
        ...log,
        rows: 1,
        columns: [
          column('id', 'bigint', ({ ordinal }) => ordinal + 1),
          column('what', 'character varying(40)', () => 'opened', { nullable: true }),
        ],
        primaryKey: ['id'],
      }),
    ],
    views: [
      {
        ...inPublic('rich'),
        query: 'SELECT id, customer FROM public.accounts WHERE balance > 100',
        uses: [accounts],
      },
      { ...inPublic('richest'), query: 'SELECT id FROM public.rich', uses: [inPublic('rich')] },
    ],
  };
}
