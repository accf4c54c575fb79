import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import {
  atMoment,
  copyDatabase,
  describeAll,
  describeTable,
  failing,
  inDatabase,
  linesOf,
  never,
  rangesOf,
  readLines,
  readTable,
} from './conformance-tools.ts';
import type { ObjectName } from './names.ts';

/** A live cluster that may be written to. */
export interface ConformanceSubject {
  cluster: Cluster;
  /** Runs SQL in a session of its own, past the adapter; answers the rows of the last statement. */
  exec(database: string, sql: string): Promise<Record<string, unknown>[]>;
  /** How many sessions the adapter has open, as the cluster counts them. */
  sessions(): Promise<number>;
  /** Another adapter of the same cluster, to be closed by the test. */
  another(): Cluster;
  cleanup(): Promise<void>;
}

const FIXTURE = `
  CREATE TYPE mood AS ENUM ('glad', 'sad');
  CREATE SEQUENCE ticket START 100;
  CREATE TABLE customers (id INT8 PRIMARY KEY, name VARCHAR(40) NOT NULL, feeling mood);
  CREATE TABLE accounts (
    id INT8 PRIMARY KEY DEFAULT nextval('ticket'),
    customer INT8 NOT NULL,
    balance INT8 NOT NULL,
    note VARCHAR(200),
    CONSTRAINT accounts_customer FOREIGN KEY (customer) REFERENCES customers (id));
  CREATE INDEX accounts_by_balance ON accounts (balance);
  CREATE TABLE nothing (id INT8 PRIMARY KEY);
  CREATE VIEW rich AS SELECT id, customer FROM accounts WHERE balance > 100;
  CREATE VIEW richest AS SELECT id FROM rich;
  CREATE SCHEMA audit;
  CREATE TABLE audit.log (id INT8 PRIMARY KEY, what VARCHAR(40));
  INSERT INTO customers SELECT i, 'customer ' || i::text, 'glad' FROM generate_series(1, 100) AS g (i);
  INSERT INTO accounts (customer, balance, note)
    SELECT 1 + i % 100, 1000, 'a note that makes the row some bytes longer' FROM generate_series(1, 4000) AS g (i);
  INSERT INTO audit.log VALUES (1, 'opened');`;

/**
 * What every adapter of the Cluster port must do, on a live cluster. SQL in here is what PostgreSQL and CockroachDB
 * both speak. `open` is called once; the suite makes databases of its own and drops them.
 */
export function clusterConformance(kind: string, open: () => Promise<ConformanceSubject>): void {
  describe(`${kind} as a cluster`, () => {
    let subject: ConformanceSubject;
    let cluster: Cluster;
    const made: string[] = [];
    const restore = '1';

    async function freshDatabase(sql = ''): Promise<string> {
      const name = `conformance ${made.length}`;
      made.push(name);
      await cluster.createDatabase(name, restore);
      await cluster.closeLedger(name, restore);
      if (sql !== '') await subject.exec(name, sql);
      return name;
    }

    /** A name for a database that a test makes itself. */
    function databaseToCome(): string {
      const name = `conformance ${made.length}`;
      made.push(name);
      return name;
    }

    beforeAll(async () => {
      subject = await open();
      ({ cluster } = subject);
    });

    afterAll(async () => {
      try {
        for (const name of made) {
          // Only a restore's own database is dropped, so each is made one again first.
          await cluster.openLedger(name, restore).catch(() => undefined);
          await cluster.dropDatabase(name, restore);
        }
      } finally {
        await subject.cleanup();
      }
    });

    const named = (database: string, name: string, schema = 'public'): ObjectName => ({
      database,
      schema,
      name,
    });

    it('describes itself, the same each time', async () => {
      const info = await cluster.describe();
      expect(info.kind).toBe(kind);
      expect(info.version).toMatch(/^\d+\.\d+/);
      expect(info.identity).not.toBe('');
      expect(info.nodes.length).toBeGreaterThan(0);
      expect(info.nodes.every((node) => /:\d+$/.test(node.address))).toBe(true);
      expect(new Set(info.nodes.map((node) => node.id)).size).toBe(info.nodes.length);
      expect((await cluster.describe()).identity).toBe(info.identity);
    });

    it('lists databases and users', async () => {
      const database = await freshDatabase();
      const found = (await cluster.databases()).find(({ name }) => name === database);
      expect(found).toMatchObject({ system: false });
      const { user } = await cluster.describe();
      expect((await cluster.users()).map(({ name }) => name)).toContain(user);
    });

    describe('catalog', () => {
      it('lists objects with their dependencies', async () => {
        const database = await freshDatabase(FIXTURE);
        const { objects } = await cluster.catalog(database);
        const dependencies = Object.fromEntries(
          objects.map(({ kind: sort, name, dependencies: list }) => [
            `${sort} ${name.schema}.${name.name}`,
            list.map(({ kind: why, on }) => `${why} ${on.schema}.${on.name}`).sort(),
          ]),
        );
        expect(dependencies).toEqual({
          'type public.mood': [],
          'sequence public.ticket': [],
          'table public.customers': ['type public.mood'],
          'table public.accounts': ['foreign-key public.customers', 'sequence public.ticket'],
          'table public.nothing': [],
          'table audit.log': [],
          'view public.rich': ['view public.accounts'],
          'view public.richest': ['view public.rich'],
        });
        expect(objects.every((object) => object.unsupported === null)).toBe(true);
        const accounts = objects.find(({ name }) => name.name === 'accounts');
        expect(accounts?.dependencies.find(({ kind: why }) => why === 'foreign-key')?.via).toBe(
          'accounts_customer',
        );
        expect(accounts?.bytes).toBeGreaterThan(0);
        expect(accounts?.rows).toBeGreaterThan(500);
      });

      it('shows what there was at a moment', async () => {
        const database = await freshDatabase('CREATE TABLE before_it (id INT8 PRIMARY KEY);');
        await atMoment(cluster, [database], async (at) => {
          await subject.exec(database, 'CREATE TABLE after_it (id INT8 PRIMARY KEY)');
          const names = (await cluster.catalog(database, at)).objects.map(({ name }) => name.name);
          expect(names).toEqual(['before_it']);
          expect((await cluster.catalog(database)).objects).toHaveLength(2);
        });
      });
    });

    describe('moment', () => {
      it('is what every range is read as of, while rows move', async () => {
        const database = await freshDatabase(FIXTURE);
        await subject.exec(database, 'DELETE FROM accounts WHERE id > 2100');
        const stop = new AbortController();
        const writer = (async () => {
          for (let i = 0; !stop.signal.aborted; i++)
            await subject.exec(
              database,
              `BEGIN;
               UPDATE accounts SET balance = balance - 7 WHERE id >= ${100 + (i % 10) * 200} AND id < ${200 + (i % 10) * 200};
               UPDATE accounts SET balance = balance + 7 WHERE id >= ${200 + (i % 10) * 200} AND id < ${300 + (i % 10) * 200};
               DELETE FROM accounts WHERE id = ${100_000 + i};
               INSERT INTO accounts VALUES (${100_001 + i}, 1, 0, NULL);
               COMMIT`,
            );
          return 'stopped';
        })();
        try {
          for (let round = 0; round < 3; round++)
            await atMoment(cluster, [database], async (at) => {
              const table = await describeTable(cluster, named(database, 'accounts'), at);
              const lines: string[] = [];
              for (const range of await rangesOf(cluster, table.name, at, 20_000))
                lines.push(...(await readLines(cluster, table, range, at)));
              const rows = lines.map((line) => line.split('\t'));
              expect(new Set(rows.map(([id]) => id)).size).toBe(rows.length);
              expect(rows.filter(([id]) => Number(id) <= 2100)).toHaveLength(2001);
              expect(rows.reduce((sum, row) => sum + Number(row[2]), 0)).toBe(2001 * 1000);
            });
        } finally {
          stop.abort();
        }
        expect(await writer).toBe('stopped');
      });

      it('covers the databases that it was asked for, and no other', async () => {
        const one = await freshDatabase('CREATE TABLE t (id INT8 PRIMARY KEY); INSERT INTO t VALUES (1);');
        const two = await freshDatabase('CREATE TABLE t (id INT8 PRIMARY KEY); INSERT INTO t VALUES (2);');
        await atMoment(cluster, [one, two], async (at) => {
          expect(Date.parse(at.at)).toBeLessThanOrEqual(Date.now() + 1000);
          const descriptors = await cluster.descriptors([named(two, 't'), named(one, 't')], at);
          expect(descriptors.map(({ name }) => name.database)).toEqual([two, one]);
          const rows = await Promise.all(
            descriptors.map((table) => (table.kind === 'table' ? readTable(cluster, table, at, 1e6) : [])),
          );
          expect(rows.flat(2)).toEqual(['2', '1']);
        });
      });

      it('is readable from another adapter, and by many at once', async () => {
        const database = await freshDatabase(FIXTURE);
        const other = subject.another();
        try {
          await atMoment(cluster, [database], async (at) => {
            await subject.exec(database, 'DELETE FROM accounts');
            const table = await describeTable(cluster, named(database, 'accounts'), at);
            const reads = Array.from({ length: 40 }, async () =>
              (await readTable(other, table, at, 1e9)).flat(),
            );
            for (const lines of await Promise.all(reads)) expect(lines).toHaveLength(4000);
          });
        } finally {
          await other.close();
        }
      });

      it('can not be read in the past of the universe', async () => {
        const database = await freshDatabase();
        await expect(cluster.holdMoment([database], '1970-01-02T00:00:00Z')).rejects.toMatchObject({
          code: 'unreadable-moment',
          field: 'asOf',
        });
      });
    });

    describe('ranges', () => {
      it('are disjoint and cover the table', async () => {
        const database = await freshDatabase(FIXTURE);
        await subject.exec(database, 'DELETE FROM accounts WHERE id % 7 = 0');
        const expected = await subject.exec(database, 'SELECT id FROM accounts');
        await atMoment(cluster, [database], async (at) => {
          const table = await describeTable(cluster, named(database, 'accounts'), at);
          for (const targetBytes of [1, 10_000, 100_000, 1e12]) {
            const parts = await readTable(cluster, table, at, targetBytes);
            const ids = parts.flat().map((line) => line.split('\t')[0]);
            expect(new Set(ids).size).toBe(ids.length);
            expect(ids.map(Number).sort((a, b) => a - b)).toEqual(
              expected.map((row) => Number(row.id)).sort((a, b) => a - b),
            );
          }
        });
      });

      it('are at least one, also of an empty table, and numbered in order', async () => {
        const database = await freshDatabase(FIXTURE);
        const { nodes } = await cluster.describe();
        await atMoment(cluster, [database], async (at) => {
          const [empty, ...more] = await rangesOf(cluster, named(database, 'nothing'), at, 1000);
          expect(empty).toMatchObject({ index: 0, start: null, end: null });
          expect(more).toEqual([]);
          const ranges = await rangesOf(cluster, named(database, 'accounts'), at, 50_000);
          expect(ranges.map(({ index }) => index)).toEqual(ranges.map((_, index) => index));
          expect(ranges[0]?.start).toBeNull();
          expect(ranges.at(-1)?.end).toBeNull();
          for (const { leaseholder } of ranges) expect(nodes.map(({ id }) => id)).toContain(leaseholder);
        });
      });

      it('can be read in part: an abort or a destroyed stream leaves no session busy', async () => {
        const database = await freshDatabase(FIXTURE);
        await subject.exec(
          database,
          `INSERT INTO accounts (customer, balance, note)
           SELECT 1, 1, repeat('x', 200) FROM generate_series(1, 60000)`,
        );
        await atMoment(cluster, [database], async (at) => {
          const table = await describeTable(cluster, named(database, 'accounts'), at);
          const [range] = await rangesOf(cluster, table.name, at, 1e12);
          if (range === undefined) throw new Error('no range');
          // More than there are connections: each must be given back.
          for (let i = 0; i < 20; i++) {
            const abort = new AbortController();
            const stream = await cluster.readRange(table, range, at, abort.signal);
            const closed = new Promise((resolve) => stream.once('close', resolve));
            const failure = new Promise<unknown>((resolve) => stream.once('error', resolve));
            await new Promise((resolve) => stream.once('data', resolve));
            stream.pause();
            if (i % 2 === 0) {
              abort.abort();
              expect(await failure).toMatchObject({ code: 'canceled' });
            } else stream.destroy();
            await closed;
          }
          expect((await readTable(cluster, table, at, 1e6)).flat()).toHaveLength(64_000);
        });
        await expect.poll(() => subject.sessions(), { timeout: 5000 }).toBeLessThan(20);
      });

      it('are not read once the signal is aborted', async () => {
        const database = await freshDatabase(FIXTURE);
        await atMoment(cluster, [database], async (at) => {
          const table = await describeTable(cluster, named(database, 'accounts'), at);
          const [range] = await rangesOf(cluster, table.name, at, 1e12);
          if (range === undefined) throw new Error('no range');
          await expect(cluster.readRange(table, range, at, AbortSignal.abort())).rejects.toMatchObject({
            code: 'canceled',
          });
        });
      });
    });

    describe('restore', () => {
      it('makes the same objects and rows in another database', async () => {
        const database = await freshDatabase(FIXTURE);
        const copy = databaseToCome();
        const made = await copyDatabase(cluster, database, copy);
        expect(made).toHaveLength(8);
        const [original, again] = await atMoment(cluster, [database, copy], async (at) => [
          inDatabase(await describeAll(cluster, database, at), copy),
          await describeAll(cluster, copy, at),
        ]);
        expect(again).toEqual(original);
        for (const sql of [
          'SELECT * FROM customers ORDER BY id',
          'SELECT * FROM accounts ORDER BY id',
          'SELECT * FROM richest ORDER BY id',
          'SELECT * FROM audit.log',
          `SELECT nextval('ticket')`,
        ])
          expect(await subject.exec(copy, sql)).toEqual(await subject.exec(database, sql));
        await expect(subject.exec(copy, 'INSERT INTO accounts VALUES (0, 0, 0)')).rejects.toThrow(
          /foreign key/,
        );
      });

      it('loads all of a stream or nothing, and says what the source said', async () => {
        const database = await freshDatabase(FIXTURE);
        const table = await atMoment(cluster, [database], (at) =>
          describeTable(cluster, named(database, 'nothing'), at),
        );
        const lines = Array.from({ length: 50_000 }, (_, i) => String(i));
        const corrupt = new HoldfastError('corrupt-backup', 'the checksum does not hold');
        await expect(cluster.load(database, table, failing(lines, corrupt), never)).rejects.toBe(corrupt);
        const count = () => subject.exec(database, 'SELECT id FROM nothing').then((rows) => rows.length);
        expect(await count()).toBe(0);
        const broken = failing(lines, corrupt);
        broken.destroy(corrupt);
        await expect(cluster.load(database, table, broken, never)).rejects.toBe(corrupt);
        await expect(cluster.load(database, table, linesOf(['1', 'one']), never)).rejects.toMatchObject({
          code: 'job-failed',
          message: expect.stringContaining('nothing'),
        });
        expect(await count()).toBe(0);
        expect(await cluster.load(database, table, linesOf(lines), never)).toEqual({ rows: 50_000 });
        expect(await count()).toBe(50_000);
        expect(await cluster.load(database, table, linesOf([]), never)).toEqual({ rows: 0 });
      });

      it('loads several streams into one table at once', async () => {
        const database = await freshDatabase(FIXTURE);
        const table = await atMoment(cluster, [database], (at) =>
          describeTable(cluster, named(database, 'nothing'), at),
        );
        const loads = Array.from({ length: 8 }, (_, part) =>
          cluster.load(
            database,
            table,
            linesOf(Array.from({ length: 5000 }, (_, i) => String(part * 5000 + i))),
            never,
          ),
        );
        expect((await Promise.all(loads)).map(({ rows }) => rows)).toEqual(Array(8).fill(5000));
        expect(await subject.exec(database, 'SELECT id FROM nothing')).toHaveLength(40_000);
      });

      it('stops a load on abort, and nothing is left of it', async () => {
        const database = await freshDatabase(FIXTURE);
        const table = await atMoment(cluster, [database], (at) =>
          describeTable(cluster, named(database, 'nothing'), at),
        );
        const abort = new AbortController();
        const { Readable } = await import('node:stream');
        let line = 0;
        const endless = new Readable({
          read() {
            this.push(`${line++}\n`);
            if (line === 1000) abort.abort();
          },
        });
        await expect(cluster.load(database, table, endless, abort.signal)).rejects.toMatchObject({
          code: 'canceled',
        });
        expect(endless.destroyed).toBe(true);
        expect(await subject.exec(database, 'SELECT id FROM nothing')).toEqual([]);
      });

      it('runs DDL in one transaction and names the statement that fails', async () => {
        const database = await freshDatabase();
        const statements = ['CREATE TABLE public.one (id INT8)', 'CREATE TABLE public.two (id no_such_type)'];
        await expect(cluster.runDdl(database, statements, never)).rejects.toThrow(/CREATE TABLE public\.two/);
        expect((await cluster.catalog(database)).objects).toEqual([]);
        await expect(cluster.runDdl(database, statements, AbortSignal.abort())).rejects.toMatchObject({
          code: 'canceled',
        });
      });

      it('sets sequences past 2^53, called and not called', async () => {
        const database = await freshDatabase('CREATE SEQUENCE s;');
        await cluster.setSequence(database, named(database, 's'), '9007199254740993', true);
        expect(String((await subject.exec(database, `SELECT nextval('s') AS n`))[0]?.n)).toBe(
          '9007199254740994',
        );
        await cluster.setSequence(database, named(database, 's'), '5', false);
        expect(String((await subject.exec(database, `SELECT nextval('s') AS n`))[0]?.n)).toBe('5');
      });
    });

    describe('ledger', () => {
      const create = (name: string) => `CREATE TABLE public.${name} (id INT8 PRIMARY KEY)`;
      const table = (database: string, name: string) => ({
        kind: 'table' as const,
        name: named(database, name),
      });

      it('undoes what the restore created and nothing else', async () => {
        const database = await freshDatabase('CREATE TABLE mine (id INT8 PRIMARY KEY);');
        await cluster.openLedger(database, '5');
        await cluster.openLedger(database, '5');
        await cluster.ensureSchema(database, 'public', '5');
        await cluster.ensureSchema(database, 'fresh', '5');
        await cluster.ensureSchema(database, 'shared', '5');
        await cluster.runDdl(
          database,
          [
            `CREATE TYPE public.mood AS ENUM ('glad')`,
            'CREATE SEQUENCE public.s',
            `CREATE TABLE fresh.t (id INT8 PRIMARY KEY DEFAULT nextval('public.s'), m public.mood)`,
            'CREATE TABLE public.u (id INT8 PRIMARY KEY, CONSTRAINT to_t FOREIGN KEY (id) REFERENCES fresh.t (id))',
            'CREATE VIEW public.v AS SELECT id FROM fresh.t',
            'CREATE VIEW public.w AS SELECT id FROM public.v',
          ],
          never,
          {
            restore: '5',
            created: [
              { kind: 'type', name: named(database, 'mood') },
              { kind: 'sequence', name: named(database, 's') },
              { kind: 'table', name: named(database, 't', 'fresh') },
              table(database, 'u'),
              { kind: 'view', name: named(database, 'v') },
              { kind: 'view', name: named(database, 'w') },
            ],
          },
        );
        await subject.exec(database, 'CREATE TABLE shared.somebodys (id INT8 PRIMARY KEY)');
        // The ledger itself is nobody's data.
        const listed = (await cluster.catalog(database)).objects.map(({ name }) => name.name).sort();
        expect(listed).toEqual(['mine', 'mood', 's', 'somebodys', 't', 'u', 'v', 'w']);
        expect(await cluster.undoLedger(database, '5')).toBe(true);
        expect(await cluster.undoLedger(database, '5')).toBe(true);
        expect((await cluster.catalog(database)).objects.map(({ name }) => name.name).sort()).toEqual([
          'mine',
          'somebodys',
        ]);
        await expect(subject.exec(database, 'CREATE TABLE fresh.x (id INT8)')).rejects.toThrow(/fresh/);
        await cluster.closeLedger(database, '5');
        await cluster.closeLedger(database, '5');
        expect(await cluster.undoLedger(database, '5')).toBe(false);
      });

      it('leaves alone what somebody else made under the same name since', async () => {
        const database = await freshDatabase();
        await cluster.openLedger(database, '5');
        await cluster.runDdl(database, [create('t')], never, {
          restore: '5',
          created: [table(database, 't')],
        });
        await subject.exec(database, 'DROP TABLE t; CREATE TABLE t (other INT8 PRIMARY KEY)');
        expect(await cluster.undoLedger(database, '5')).toBe(true);
        expect((await cluster.catalog(database)).objects.map(({ name }) => name.name)).toEqual(['t']);
      });

      it('keeps everything when something from outside depends on it', async () => {
        const database = await freshDatabase();
        await cluster.openLedger(database, '5');
        await cluster.runDdl(database, [create('t'), create('u')], never, {
          restore: '5',
          created: [table(database, 't'), table(database, 'u')],
        });
        await subject.exec(database, 'CREATE VIEW theirs AS SELECT id FROM t');
        await expect(cluster.undoLedger(database, '5')).rejects.toMatchObject({
          code: 'missing-dependency',
          message: expect.stringContaining('theirs'),
        });
        expect((await cluster.catalog(database)).objects).toHaveLength(3);
        await subject.exec(database, 'DROP VIEW theirs');
        expect(await cluster.undoLedger(database, '5')).toBe(true);
        expect((await cluster.catalog(database)).objects).toEqual([]);
      });

      it('notes nothing of statements that failed', async () => {
        const database = await freshDatabase('CREATE TABLE t (id INT8 PRIMARY KEY);');
        await cluster.openLedger(database, '5');
        await expect(
          cluster.runDdl(database, [create('t')], never, { restore: '5', created: [table(database, 't')] }),
        ).rejects.toMatchObject({ code: 'duplicate-object' });
        expect(await cluster.undoLedger(database, '5')).toBe(true);
        expect((await cluster.catalog(database)).objects).toHaveLength(1);
      });

      it('takes each file once, also when two try at the same time', async () => {
        const database = await freshDatabase('CREATE TABLE nothing (id INT8 PRIMARY KEY);');
        const target = await atMoment(cluster, [database], (at) =>
          describeTable(cluster, named(database, 'nothing'), at),
        );
        await cluster.openLedger(database, '5');
        const once = { restore: '5', key: 'data/file 1' };
        const lost = new HoldfastError('corrupt-backup', 'lost');
        await expect(cluster.load(database, target, failing(['1'], lost), never, once)).rejects.toBe(lost);
        const lines = ['1', '2', '3'];
        const answers = await Promise.all([
          cluster.load(database, target, linesOf(lines), never, once),
          cluster.load(database, target, linesOf(lines), never, once),
        ]);
        expect(answers).toEqual([{ rows: 3 }, { rows: 3 }]);
        expect(await cluster.load(database, target, linesOf(['4']), never, once)).toEqual({ rows: 3 });
        expect(await subject.exec(database, 'SELECT id FROM nothing')).toHaveLength(3);
        await cluster.closeLedger(database, '5');
        // The restore has been undone or has ended: a straggler may not load any more.
        await expect(cluster.load(database, target, linesOf(['5']), never, once)).rejects.toMatchObject({
          code: 'undefined-object',
        });
        expect(await subject.exec(database, 'SELECT id FROM nothing')).toHaveLength(3);
      });

      it('tells whose a database is', async () => {
        const name = databaseToCome();
        await cluster.createDatabase(name, '5');
        await expect(cluster.createDatabase(name, '5')).rejects.toMatchObject({ code: 'duplicate-database' });
        await cluster.dropDatabase(name, '6');
        expect((await cluster.databases()).map((database) => database.name)).toContain(name);
        await cluster.dropDatabase(name, '5');
        await cluster.dropDatabase(name, '5');
        expect((await cluster.databases()).map((database) => database.name)).not.toContain(name);
        expect(await cluster.undoLedger(name, '5')).toBe(false);
        await cluster.closeLedger(name, '5');
        await cluster.createDatabase(name, '5');
        await cluster.closeLedger(name, '5');
        await cluster.dropDatabase(name, '5');
        expect((await cluster.databases()).map((database) => database.name)).toContain(name);
      });
    });

    describe('refusals', () => {
      it('name what does not exist', async () => {
        const database = await freshDatabase(FIXTURE);
        const missing = { code: 'undefined-database', message: expect.stringContaining('no such db') };
        await expect(cluster.catalog('no such db')).rejects.toMatchObject(missing);
        await expect(cluster.holdMoment([database, 'no such db'], null)).rejects.toMatchObject(missing);
        await expect(cluster.runDdl('no such db', ['SELECT 1'], never)).rejects.toMatchObject(missing);
        const gone = named(database, 'gone');
        const undefinedObject = { code: 'undefined-object', message: expect.stringContaining('gone') };
        await expect(cluster.setSequence(database, gone, '1', true)).rejects.toMatchObject(undefinedObject);
        await atMoment(cluster, [database], async (at) => {
          await expect(cluster.descriptors([gone], at)).rejects.toMatchObject(undefinedObject);
          await expect(rangesOf(cluster, gone, at, 1000)).rejects.toMatchObject(undefinedObject);
          const table = await describeTable(cluster, named(database, 'nothing'), at);
          await expect(
            cluster.load(database, { ...table, name: gone }, linesOf(['1']), never),
          ).rejects.toMatchObject(undefinedObject);
        });
      });
    });

    it('closes every connection, with reads, loads and moments going on', async () => {
      const database = await freshDatabase(FIXTURE);
      const before = await subject.sessions();
      const other = subject.another();
      const held = await other.holdMoment([database], null);
      const table = await describeTable(other, named(database, 'accounts'), held.moment);
      const [range] = await rangesOf(other, table.name, held.moment, 1e12);
      if (range === undefined) throw new Error('no range');
      const stream = await other.readRange(table, range, held.moment, never);
      const over = new Promise((resolve) => stream.once('close', resolve));
      stream.on('error', () => undefined);
      expect(await subject.sessions()).toBeGreaterThan(before);
      await other.close();
      stream.resume();
      await over;
      await expect.poll(() => subject.sessions(), { timeout: 5000 }).toBeLessThanOrEqual(before);
      await expect(other.databases()).rejects.toBeInstanceOf(HoldfastError);
    });
  });
}
