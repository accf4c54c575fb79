import { column, idColumn, idSequence, inPublic, money, pick, share, table, timestamp } from './define.ts';
import type { LocalName, SimulatedDatabase } from './model.ts';
import { emailAddress, personName, remark } from './people.ts';

const KINDS = ['current', 'savings', 'loan'];
const EVENTS = ['log in', 'log out', 'transfer', 'refused'];

const customers = inPublic('customers');
const accounts = inPublic('accounts');
const transfers = inPublic('transfers');
const accountKind = inPublic('account_kind');
const events: LocalName = { schema: 'audit', name: 'events' };

/** A bank with about that many rows. */
export function bank(rows: number): SimulatedDatabase {
  const count = {
    customers: share(rows, 0.1),
    accounts: share(rows, 0.2),
    transfers: share(rows, 0.5),
    events: share(rows, 0.2),
  };
  return {
    name: 'bank',
    types: [{ ...accountKind, labels: KINDS }],
    sequences: [
      idSequence(customers, count.customers),
      idSequence(accounts, count.accounts),
      idSequence(transfers, count.transfers),
    ],
    tables: [
      table({
        ...customers,
        rows: count.customers,
        columns: [
          idColumn(inPublic('customers_id_seq')),
          column('name', 'text', personName),
          column('email', 'text', emailAddress('bank')),
        ],
        primaryKey: ['id'],
        unique: [['email']],
      }),
      table({
        ...accounts,
        rows: count.accounts,
        columns: [
          idColumn(inPublic('accounts_id_seq')),
          column('customer_id', 'bigint', (cell) => 1 + cell.random(count.customers)),
          column('kind', 'public.account_kind', (cell) => pick(KINDS, cell.random(KINDS.length)), {
            enumType: accountKind,
          }),
          column('balance', 'numeric(14,2)', (cell) => money(cell.random(2_000_000) - 200_000)),
          column('opened', 'timestamp without time zone', ({ ordinal }) => timestamp(ordinal * 311)),
        ],
        primaryKey: ['id'],
        indexes: [['customer_id']],
        foreignKeys: [
          {
            name: 'accounts_customer_id_fkey',
            columns: ['customer_id'],
            table: customers,
            references: ['id'],
          },
        ],
      }),
      table({
        ...transfers,
        rows: count.transfers,
        columns: [
          idColumn(inPublic('transfers_id_seq')),
          column('debit', 'bigint', (cell) => 1 + cell.random(count.accounts)),
          column('credit', 'bigint', (cell) => 1 + cell.random(count.accounts)),
          column('amount', 'numeric(14,2)', (cell) => money(1 + cell.random(500_000))),
          column('made', 'timestamp without time zone', ({ ordinal }) => timestamp(ordinal * 29)),
          column('reference', 'text', (cell) => (cell.random(2, 200) > 0 ? null : remark(cell)), {
            nullable: true,
          }),
        ],
        primaryKey: ['id'],
        indexes: [['debit'], ['credit']],
        checks: [{ name: 'transfers_amount_check', condition: 'amount > 0::numeric' }],
        foreignKeys: [
          { name: 'transfers_debit_fkey', columns: ['debit'], table: accounts, references: ['id'] },
          { name: 'transfers_credit_fkey', columns: ['credit'], table: accounts, references: ['id'] },
        ],
      }),
      table({
        ...events,
        rows: count.events,
        columns: [
          column('id', 'uuid', (cell) => {
            // Version 8: made by a rule of our own. The ordinal comes first, so that the key grows with it.
            const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
            return `${hex(cell.ordinal, 8)}-${hex(cell.random(65_536), 4)}-8${hex(cell.random(4096, 1), 3)}-a${hex(cell.random(4096, 2), 3)}-${hex(cell.random(2 ** 32, 3), 12)}`;
          }),
          column('happened', 'timestamp without time zone', ({ ordinal }) => timestamp(ordinal * 17)),
          column('what', 'text', (cell) => pick(EVENTS, cell.random(EVENTS.length))),
          column('customer_id', 'bigint', (cell) => 1 + cell.random(count.customers)),
        ],
        primaryKey: ['id'],
        foreignKeys: [
          { name: 'events_customer_id_fkey', columns: ['customer_id'], table: customers, references: ['id'] },
        ],
      }),
    ],
    views: [
      {
        ...inPublic('wealth'),
        query: `SELECT c.id, c.name, sum(a.balance) AS balance
  FROM public.customers c
  JOIN public.accounts a ON a.customer_id = c.id
 GROUP BY c.id, c.name`,
        uses: [customers, accounts],
      },
    ],
  };
}
