import { describe, expect, it } from 'vitest';
import { FIXTURE, type Lab, named } from './conformance-lab.ts';
import { atMoment, describeTable, rangesOf, readLines, readTable } from './conformance-tools.ts';

/** Catalog, moments and ranges. */
export function readingConformance(lab: Lab): void {
  describe('catalog', () => {
    it('lists objects with their dependencies', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const { objects } = await lab.cluster.catalog(database);
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
      const database = await lab.freshDatabase('CREATE TABLE before_it (id INT8 PRIMARY KEY);');
      await atMoment(lab.cluster, [database], async (at) => {
        await lab.subject.exec(database, 'CREATE TABLE after_it (id INT8 PRIMARY KEY)');
        const names = (await lab.cluster.catalog(database, at)).objects.map(({ name }) => name.name);
        expect(names).toEqual(['before_it']);
        expect((await lab.cluster.catalog(database)).objects).toHaveLength(2);
      });
    });
  });

  describe('moment', () => {
    it('is what every range is read as of, while rows move', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      await lab.subject.exec(database, 'DELETE FROM accounts WHERE id > 2100');
      const stop = new AbortController();
      const writer = (async () => {
        for (let i = 0; !stop.signal.aborted; i++)
          await lab.subject.exec(
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
          await atMoment(lab.cluster, [database], async (at) => {
            const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
            const lines: string[] = [];
            for (const range of await rangesOf(lab.cluster, table.name, at, 20_000))
              lines.push(...(await readLines(lab.cluster, table, range, at)));
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
      const one = await lab.freshDatabase('CREATE TABLE t (id INT8 PRIMARY KEY); INSERT INTO t VALUES (1);');
      const two = await lab.freshDatabase('CREATE TABLE t (id INT8 PRIMARY KEY); INSERT INTO t VALUES (2);');
      await atMoment(lab.cluster, [one, two], async (at) => {
        expect(Date.parse(at.at)).toBeLessThanOrEqual(Date.now() + 1000);
        const descriptors = await lab.cluster.descriptors([named(two, 't'), named(one, 't')], at);
        expect(descriptors.map(({ name }) => name.database)).toEqual([two, one]);
        const rows = await Promise.all(
          descriptors.map((table) =>
            table.kind === 'table' ? readTable(lab.cluster, table, at, 1e6) : Promise.resolve([]),
          ),
        );
        expect(rows.flat(2)).toEqual(['2', '1']);
      });
    });

    it('is readable from another adapter, and by many at once', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const other = lab.subject.another();
      try {
        await atMoment(lab.cluster, [database], async (at) => {
          await lab.subject.exec(database, 'DELETE FROM accounts');
          const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
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
      const database = await lab.freshDatabase();
      await expect(lab.cluster.holdMoment([database], '1970-01-02T00:00:00Z')).rejects.toMatchObject({
        code: 'unreadable-moment',
        field: 'asOf',
      });
    });
  });

  describe('ranges', () => {
    it('are disjoint and cover the table', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      await lab.subject.exec(database, 'DELETE FROM accounts WHERE id % 7 = 0');
      const expected = await lab.subject.exec(database, 'SELECT id FROM accounts');
      await atMoment(lab.cluster, [database], async (at) => {
        const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
        for (const targetBytes of [1, 10_000, 100_000, 1e12]) {
          const parts = await readTable(lab.cluster, table, at, targetBytes);
          const ids = parts.flat().map((line) => line.split('\t')[0]);
          expect(new Set(ids).size).toBe(ids.length);
          expect(ids.map(Number).sort((a, b) => a - b)).toEqual(
            expected.map((row) => Number(row.id)).sort((a, b) => a - b),
          );
        }
      });
    });

    it('are at least one, also of an empty table, and numbered in order', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const { nodes } = await lab.cluster.describe();
      await atMoment(lab.cluster, [database], async (at) => {
        const [empty, ...more] = await rangesOf(lab.cluster, named(database, 'nothing'), at, 1000);
        expect(empty).toMatchObject({ index: 0, start: null, end: null });
        expect(more).toEqual([]);
        const ranges = await rangesOf(lab.cluster, named(database, 'accounts'), at, 50_000);
        expect(ranges.map(({ index }) => index)).toEqual(ranges.map((_, index) => index));
        expect(ranges[0]?.start).toBeNull();
        expect(ranges.at(-1)?.end).toBeNull();
        for (const { leaseholder } of ranges) expect(nodes.map(({ id }) => id)).toContain(leaseholder);
      });
    });

    it('can be read in part: an abort or a destroyed stream leaves no session busy', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      await lab.subject.exec(
        database,
        `INSERT INTO accounts (customer, balance, note)
         SELECT 1, 1, repeat('x', 200) FROM generate_series(1, 60000)`,
      );
      await atMoment(lab.cluster, [database], async (at) => {
        const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
        const [range] = await rangesOf(lab.cluster, table.name, at, 1e12);
        if (range === undefined) throw new Error('no range');
        // More than there are connections: each must be given back.
        for (let i = 0; i < 20; i++) {
          const abort = new AbortController();
          const stream = await lab.cluster.readRange(table, range, at, abort.signal);
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
        expect((await readTable(lab.cluster, table, at, 1e6)).flat()).toHaveLength(64_000);
      });
      await expect.poll(() => lab.subject.sessions(), { timeout: 5000 }).toBeLessThan(20);
    });

    it('are not read once the signal is aborted', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      await atMoment(lab.cluster, [database], async (at) => {
        const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
        const [range] = await rangesOf(lab.cluster, table.name, at, 1e12);
        if (range === undefined) throw new Error('no range');
        await expect(lab.cluster.readRange(table, range, at, AbortSignal.abort())).rejects.toMatchObject({
          code: 'canceled',
        });
      });
    });
  });
}
