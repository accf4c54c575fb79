import { describe, expect, it } from 'vitest';
import {
  takeDefaults,
  withoutColumns,
  withoutIndexInterleaving,
  withoutInterleaving,
  withoutPartitioning,
} from './create-table.ts';
import { print, splitStatements, tokenize } from './lexer.ts';
import { withoutDatabase } from './relative.ts';

const OBJECTS = new Set(['public.orders', 'public.order_no', 'au dit.lo"g', 'public.top', 'pub.lic.x']);
const knows = (schema: string, name: string) => OBJECTS.has(`${schema}.${name}`);
const relative = (sql: string, database = 'shop') => withoutDatabase(sql, database, knows);

describe('withoutDatabase', () => {
  it.each([
    ['SELECT o.no FROM shop.public.orders AS o', 'SELECT o.no FROM public.orders AS o'],
    ['SELECT shop.public.orders.no FROM shop.public.orders', 'SELECT public.orders.no FROM public.orders'],
    ['FROM shop."au dit"."lo""g"', 'FROM "au dit"."lo""g"'],
    ['FROM "shop".public.orders', 'FROM public.orders'],
    [`nextval('shop.public.order_no'::REGCLASS)`, `nextval('public.order_no'::REGCLASS)`],
    [`nextval('shop.public.order_no':::STRING)`, `nextval('public.order_no':::STRING)`],
    [`'shop."au dit"."lo""g"'::REGCLASS`, `'"au dit"."lo""g"'::REGCLASS`],
    [`'new':::shop.public.top`, `'new':::public.top`],
  ])('changes %s', (sql, expected) => {
    expect(relative(sql)).toBe(expected);
  });

  it.each([
    `SELECT 'shop.public.orders'`,
    `SELECT e'it\\'s shop.public.orders'`,
    `SELECT b'\\' shop.public.orders'`,
    `SELECT 'it''s shop.public.orders'`,
    'SELECT "x shop.public.orders"',
    'SELECT 1 -- shop.public.orders',
    'SELECT /* shop.public.orders */ 1',
    'SELECT $$ shop.public.orders $$',
    // A column of table public in schema shop: no such object is known.
    'SELECT shop.public.total FROM shop.public',
    'SELECT other.shop.public.orders',
    'FROM Shops.public.orders',
    'FROM bank.public.orders',
    `concat('shop.public.order_no')`,
  ])('leaves %s alone', (sql) => {
    expect(relative(sql)).toBe(sql);
  });

  it('reads a database name with anything in it', () => {
    expect(relative(`SELECT 1 FROM "sh""op.x".public.orders`, 'sh"op.x')).toBe('SELECT 1 FROM public.orders');
    expect(relative(`nextval('"sh''op".public.order_no'::REGCLASS)`, `sh'op`)).toBe(
      `nextval('public.order_no'::REGCLASS)`,
    );
    expect(relative('FROM "Shop".public.orders')).toBe('FROM "Shop".public.orders');
  });

  it('loses nothing of a text', () => {
    const sql = `SELECT "a""b", e'\\\\', 1.5e3, x'ff', ünï FROM t WHERE a:::INT8 = $1; -- end`;
    expect(print(tokenize(sql))).toBe(sql);
  });
});

describe('splitStatements', () => {
  it('minds semicolons in texts and names', () => {
    expect(
      splitStatements(`CREATE TABLE "a;b" (x STRING DEFAULT ';');\nCOMMENT ON TABLE "a;b" IS e'\\';';`),
    ).toEqual([`CREATE TABLE "a;b" (x STRING DEFAULT ';')`, `COMMENT ON TABLE "a;b" IS e'\\';'`]);
  });
});

describe('takeDefaults', () => {
  const create = `CREATE TABLE public.t (
	id INT8 NOT NULL DEFAULT nextval('public.s'::REGCLASS),
	"de fault" STRING NULL DEFAULT concat('a, b', 'default'),
	amount DECIMAL(12,2) NULL DEFAULT 0:::DECIMAL,
	CONSTRAINT "primary" PRIMARY KEY (id ASC),
	FAMILY "primary" (id, "de fault", amount)
)`;

  it('takes those that are asked for, whole', () => {
    const taken = takeDefaults(create, new Set(['id', 'de fault']));
    expect(Object.fromEntries(taken.defaults)).toEqual({
      id: `nextval('public.s'::REGCLASS)`,
      'de fault': `concat('a, b', 'default')`,
    });
    expect(taken.create).toContain('id INT8 NOT NULL ,');
    expect(taken.create).toContain('amount DECIMAL(12,2) NULL DEFAULT 0:::DECIMAL,');
    expect(taken.create).not.toContain('nextval');
  });

  it('changes nothing where there is nothing to take', () => {
    expect(takeDefaults(create, new Set())).toEqual({ create, defaults: new Map() });
  });
});

describe('withoutColumns', () => {
  it('takes definitions, and names in lists not', () => {
    const create = `CREATE TABLE t (
	id INT8 NOT NULL,
	s INT4 NOT VISIBLE NOT NULL AS (mod(fnv32(COALESCE(CAST(id AS STRING), '':::STRING)), 4:::INT8)) STORED,
	CONSTRAINT "primary" PRIMARY KEY (id ASC) USING HASH WITH BUCKET_COUNT = 4,
	FAMILY "primary" (id, s)
)`;
    expect(withoutColumns(create, new Set(['s']))).toBe(`CREATE TABLE t (
	id INT8 NOT NULL,
	CONSTRAINT "primary" PRIMARY KEY (id ASC) USING HASH WITH BUCKET_COUNT = 4,
	FAMILY "primary" (id, s)
)`);
    expect(withoutColumns(create, new Set())).toBe(create);
  });
});

describe('clauses that a restore can not repeat', () => {
  const plain = `CREATE TABLE public.t (
	city STRING NOT NULL,
	id INT8 NOT NULL,
	CONSTRAINT "primary" PRIMARY KEY (city ASC, id ASC),
	INDEX by_id (id ASC),
	FAMILY "primary" (city, id)
)`;

  it('partitioning of the table and of its indexes is taken out whole', () => {
    const values = `PARTITION us VALUES IN (('new york'), ('PARTITION BY (')), PARTITION "else" VALUES IN ((DEFAULT))`;
    const printed = plain
      .replace(
        'INDEX by_id (id ASC)',
        `INDEX by_id (id ASC) PARTITION BY RANGE (id) (PARTITION low VALUES FROM (MINVALUE) TO (10))`,
      )
      .replace(/\)$/, `) PARTITION BY LIST (city) (\n\t${values}\n)`);
    expect(withoutPartitioning(printed)).toBe(plain);
    expect(withoutPartitioning(plain)).toBe(plain);
  });

  it('interleaving of the table and of its indexes is taken out separately', () => {
    const interleaved = `${plain} INTERLEAVE IN PARENT public."par ent" (city)`;
    const index = (sql: string) =>
      sql.replace('INDEX by_id (id ASC)', 'INDEX by_id (id ASC) INTERLEAVE IN PARENT public.other (id)');
    expect(withoutInterleaving(interleaved)).toBe(plain);
    expect(withoutInterleaving(index(interleaved))).toBe(index(plain));
    expect(withoutIndexInterleaving(index(interleaved))).toBe(interleaved);
    expect(withoutInterleaving(plain)).toBe(plain);
  });
});
