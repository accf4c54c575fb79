import { describe, expect, it } from 'vitest';
import { FIXTURE, type Lab, named } from './conformance-lab.ts';
import {
  atMoment,
  describeTable,
  expectCovered,
  rangesOf,
  readLines,
  readTable,
} from './conformance-tools.ts';

/** Catalog, moments and ranges of a cluster whose rows and tables change. */
export function changingConformance(lab: Lab): void {
  describe('catalog, while tables come and go,', () => {
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

  describe('moment, while rows change,', () => {
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
  });

  describe('ranges with holes', () => {
    it('are disjoint and cover the table', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      await lab.subject.exec(database, 'DELETE FROM accounts WHERE id % 7 = 0');
      const expected = await lab.subject.exec(database, 'SELECT id FROM accounts');
      await atMoment(lab.cluster, [database], async (at) => {
        await expectCovered(
          lab.cluster,
          named(database, 'accounts'),
          at,
          expected.map((row) => Number(row.id)),
        );
      });
    });
  });
}
