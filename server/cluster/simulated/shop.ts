import { column, idColumn, idSequence, inPublic, money, pick, share, table, timestamp } from './define.ts';
import type { LocalName, SimulatedDatabase } from './model.ts';
import { emailAddress, personName, remark } from './people.ts';

const STATUS = ['placed', 'paid', 'packed', 'shipped', 'delivered', 'returned'];
const THINGS = 'kettle lamp chair scarf notebook backpack teapot blanket clock mirror'.split(' ');
const COLOURS = ['red', 'green', 'blue', 'black', 'white'];
const SITES = ['Antwerp', 'Bari', 'Cork', 'Gdańsk'];
const LINES_AN_ORDER = 3;

const customers = inPublic('customers');
const products = inPublic('products');
const orders = inPublic('orders');
const orderLines = inPublic('order_lines');
const orderStatus = inPublic('order_status');
const invoiceNumber = inPublic('invoice_number');
const stock: LocalName = { schema: 'warehouse', name: 'stock' };
const movements: LocalName = { schema: 'warehouse', name: 'movements' };

/** A shop with about that many rows: the tables that most things reference are small, the newest are large. */
export function shop(rows: number): SimulatedDatabase {
  const count = {
    customers: share(rows, 0.1),
    products: share(rows, 0.02),
    orders: share(rows, 0.15),
    orderLines: share(rows, 0.15) * LINES_AN_ORDER,
    stock: share(rows, 0.02) * SITES.length,
    movements: share(rows, 0.2),
  };
  return {
    name: 'shop',
    types: [{ ...orderStatus, labels: STATUS }],
    sequences: [
      idSequence(customers, count.customers),
      idSequence(products, count.products),
      idSequence(orders, count.orders),
      {
        ...invoiceNumber,
        start: 70_000,
        lastValue: 70_000 + Math.max(0, count.orders - 1),
        isCalled: count.orders > 0,
        ownedBy: null,
      },
    ],
    tables: [
      table({
        ...customers,
        rows: count.customers,
        comment: 'Who has ever ordered.',
        columns: [
          idColumn(inPublic('customers_id_seq')),
          column('name', 'text', personName),
          column('email', 'text', emailAddress('shop')),
          column('since', 'timestamp without time zone', ({ ordinal }) => timestamp(ordinal * 97)),
        ],
        primaryKey: ['id'],
        unique: [['email']],
      }),
      table({
        ...products,
        rows: count.products,
        columns: [
          idColumn(inPublic('products_id_seq')),
          column('sku', 'character varying(20)', ({ ordinal }) => `SKU-${100_000 + ordinal}`),
          column('name', 'text', (cell) => pick(THINGS, cell.random(THINGS.length))),
          column('price', 'numeric(10,2)', (cell) => money(199 + cell.random(20_000))),
          column(
            'attributes',
            'jsonb',
            (cell) =>
              `{"color": "${pick(COLOURS, cell.random(COLOURS.length))}", "grams": ${50 + cell.random(4000, 1)}}`,
          ),
        ],
        primaryKey: ['id'],
        unique: [['sku']],
        checks: [{ name: 'products_price_check', condition: 'price > 0' }],
      }),
      table({
        ...orders,
        rows: count.orders,
        columns: [
          idColumn(inPublic('orders_id_seq')),
          column('customer_id', 'bigint', (cell) => 1 + cell.random(count.customers)),
          column('status', 'public.order_status', (cell) => pick(STATUS, cell.random(STATUS.length)), {
            enumType: orderStatus,
          }),
          column('invoice', 'bigint', ({ ordinal }) => 70_000 + ordinal, { sequence: invoiceNumber }),
          column('placed', 'timestamp without time zone', ({ ordinal }) => timestamp(ordinal * 61)),
          column('note', 'text', (cell) => (cell.random(4, 200) > 0 ? null : remark(cell)), {
            nullable: true,
          }),
        ],
        primaryKey: ['id'],
        unique: [['invoice']],
        indexes: [['customer_id', 'placed']],
        foreignKeys: [
          {
            name: 'orders_customer_id_fkey',
            columns: ['customer_id'],
            table: customers,
            references: ['id'],
          },
        ],
      }),
      table({
        ...orderLines,
        rows: count.orderLines,
        columns: [
          column('order_id', 'bigint', ({ ordinal }) => 1 + Math.floor(ordinal / LINES_AN_ORDER)),
          column('line', 'integer', ({ ordinal }) => 1 + (ordinal % LINES_AN_ORDER)),
          column('product_id', 'bigint', (cell) => 1 + cell.random(count.products)),
          column('quantity', 'integer', (cell) => 1 + cell.random(9)),
          column('price', 'numeric(10,2)', (cell) => money(199 + cell.random(20_000))),
        ],
        primaryKey: ['order_id', 'line'],
        indexes: [['product_id']],
        foreignKeys: [
          {
            name: 'order_lines_order_id_fkey',
            columns: ['order_id'],
            table: orders,
            references: ['id'],
          },
          {
            name: 'order_lines_product_id_fkey',
            columns: ['product_id'],
            table: products,
            references: ['id'],
          },
        ],
      }),
      table({
        ...stock,
        rows: count.stock,
        columns: [
          column('product_id', 'bigint', ({ ordinal }) => 1 + Math.floor(ordinal / SITES.length)),
          column('site', 'text', ({ ordinal }) => pick(SITES, ordinal % SITES.length)),
          column('quantity', 'integer', (cell) => cell.random(500)),
        ],
        primaryKey: ['product_id', 'site'],
        checks: [{ name: 'stock_quantity_check', condition: 'quantity >= 0' }],
        foreignKeys: [
          { name: 'stock_product_id_fkey', columns: ['product_id'], table: products, references: ['id'] },
        ],
      }),
      table({
        ...movements,
        rows: count.movements,
        comment: 'A log without a primary key.',
        columns: [
          column('moved', 'timestamp without time zone', ({ ordinal }) => timestamp(ordinal * 43)),
          column('product_id', 'bigint', (cell) => 1 + cell.random(count.products)),
          column('change', 'integer', (cell) => cell.random(41) - 20),
          column('remark', 'text', remark),
        ],
        primaryKey: null,
        indexes: [['moved']],
      }),
    ],
    views: [
      {
        ...inPublic('order_totals'),
        query: `SELECT o.id, o.customer_id, o.status, sum(l.quantity * l.price) AS total
  FROM public.orders o
  JOIN public.order_lines l ON l.order_id = o.id
 GROUP BY o.id, o.customer_id, o.status`,
        uses: [orders, orderLines],
      },
      {
        ...inPublic('best_customers'),
        query: `SELECT c.name, sum(t.total) AS total
  FROM public.customers c
  JOIN public.order_totals t ON t.customer_id = c.id
 GROUP BY c.id, c.name`,
        uses: [customers, inPublic('order_totals')],
      },
    ],
  };
}
