import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { FIXTURE, type Lab, named } from './conformance-lab.ts';
import {
  atMoment,
  copyDatabase,
  describeAll,
  describeTable,
  failing,
  inDatabase,
  linesOf,
  never,
  containing,
  readTable,
} from './conformance-tools.ts';

/** What a restore does: objects, rows, and the ledger of both. */
export function restoringConformance(lab: Lab): void {
  describe('restore', () => {
    it('makes the same objects and rows in another database', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const copy = lab.databaseToCome();
      const made = await copyDatabase(lab.cluster, database, copy);
      expect(made).toHaveLength(8);
      const [original, again] = await atMoment(lab.cluster, [database, copy], async (at) => [
        inDatabase(await describeAll(lab.cluster, database, at), copy),
        inDatabase(await describeAll(lab.cluster, copy, at), copy),
      ]);
      expect(again).toEqual(original);
      for (const sql of [
        'SELECT * FROM customers ORDER BY id',
        'SELECT * FROM accounts ORDER BY id',
        'SELECT * FROM richest ORDER BY id',
        'SELECT * FROM audit.log',
        `SELECT nextval('ticket')`,
      ])
        expect(await lab.subject.exec(copy, sql)).toEqual(await lab.subject.exec(database, sql));
      await expect(lab.subject.exec(copy, 'INSERT INTO accounts VALUES (0, 0, 0)')).rejects.toThrow(
        /foreign key/,
      );
    });

    it('loads all of a stream or nothing, and says what the source said', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const table = await atMoment(lab.cluster, [database], (at) =>
        describeTable(lab.cluster, named(database, 'nothing'), at),
      );
      const lines = Array.from({ length: 50_000 }, (_, i) => String(i));
      const corrupt = new HoldfastError('corrupt-backup', 'the checksum does not hold');
      await expect(lab.cluster.load(database, table, failing(lines, corrupt), never)).rejects.toBe(corrupt);
      const count = () => lab.subject.exec(database, 'SELECT id FROM nothing').then((rows) => rows.length);
      expect(await count()).toBe(0);
      const broken = failing(lines, corrupt);
      broken.destroy(corrupt);
      await expect(lab.cluster.load(database, table, broken, never)).rejects.toBe(corrupt);
      await expect(lab.cluster.load(database, table, linesOf(['1', 'one']), never)).rejects.toMatchObject({
        code: 'job-failed',
        message: containing('nothing'),
      });
      expect(await count()).toBe(0);
      expect(await lab.cluster.load(database, table, linesOf(lines), never)).toEqual({ rows: 50_000 });
      const latest = await lab.cluster.holdLatest([database]);
      const there = await readTable(
        lab.cluster,
        { ...table, name: named(database, 'nothing') },
        latest.moment,
        1e9,
      );
      await latest.release();
      expect(there.flat()).toHaveLength(50_000);
      expect(await count()).toBe(50_000);
      expect(await lab.cluster.load(database, table, linesOf([]), never)).toEqual({ rows: 0 });
    });

    it('loads several streams into one table at once', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const table = await atMoment(lab.cluster, [database], (at) =>
        describeTable(lab.cluster, named(database, 'nothing'), at),
      );
      const loads = Array.from({ length: 8 }, (_, part) =>
        lab.cluster.load(
          database,
          table,
          linesOf(Array.from({ length: 5000 }, (_, i) => String(part * 5000 + i))),
          never,
        ),
      );
      expect((await Promise.all(loads)).map(({ rows }) => rows)).toEqual(Array(8).fill(5000));
      expect(await lab.subject.exec(database, 'SELECT id FROM nothing')).toHaveLength(40_000);
    });

    it('stops a load on abort, and nothing is left of it', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const table = await atMoment(lab.cluster, [database], (at) =>
        describeTable(lab.cluster, named(database, 'nothing'), at),
      );
      const abort = new AbortController();
      let line = 0;
      const endless = new Readable({
        read() {
          this.push(`${line++}\n`);
          if (line === 1000) abort.abort();
        },
      });
      await expect(lab.cluster.load(database, table, endless, abort.signal)).rejects.toMatchObject({
        code: 'canceled',
      });
      expect(endless.destroyed).toBe(true);
      expect(await lab.subject.exec(database, 'SELECT id FROM nothing')).toEqual([]);
    });

    describe('removing rows by their keys', () => {
      const KEYED = `
        CREATE TABLE keyed (
          note VARCHAR(40), b VARCHAR(40) NOT NULL, a INT8 NOT NULL, PRIMARY KEY (a, b));
        INSERT INTO keyed SELECT 'note', 'b' || i::text, i % 10 FROM generate_series(1, 3000) AS g (i);
        INSERT INTO keyed VALUES
          ('tab', E'tab\there', 1), ('newline', E'new\nline', 1), ('backslash', E'back\\\\slash', 1),
          ('null', E'\\\\N', 1), ('empty', '', 1), ('case', 'B1', 1), ('space', 'b1 ', 1);`;

      async function keyed() {
        const database = await lab.freshDatabase(KEYED);
        const table = await atMoment(lab.cluster, [database], (at) =>
          describeTable(lab.cluster, named(database, 'keyed'), at),
        );
        const notes = async () =>
          (await lab.subject.exec(database, `SELECT note FROM keyed WHERE note <> 'note' ORDER BY note`)).map(
            (row) => String(row.note),
          );
        const count = async () => (await lab.subject.exec(database, 'SELECT a FROM keyed')).length;
        // Whatever adapter describes the table: its key is what the rows are told by, and not in the table's order.
        return { database, table: { ...table, rowKey: ['a', 'b'] }, notes, count };
      }

      it('takes those that are there, whatever is in their keys, and no other', async () => {
        const { database, table, notes, count } = await keyed();
        const lines = [
          '1\ttab\\there',
          '1\tnew\\nline',
          '1\tback\\\\slash',
          '1\t\\\\N',
          '1\t',
          '2\tb1',
          '99\tb2',
        ];
        expect(await lab.cluster.removeKeys(database, table, linesOf(lines), never)).toEqual({ rows: 7 });
        expect(await notes()).toEqual(['case', 'space']);
        expect(await count()).toBe(3002);
        const all = Array.from({ length: 2900 }, (_, i) => `${(i + 1) % 10}\tb${i + 1}`);
        expect(await lab.cluster.removeKeys(database, table, linesOf(all), never)).toEqual({ rows: 2900 });
        expect(await count()).toBe(102);
        expect(await lab.cluster.removeKeys(database, table, linesOf([]), never)).toEqual({ rows: 0 });
        expect(await count()).toBe(102);
      });

      it('takes all of a stream or nothing, and says what the source said', async () => {
        const { database, table, count } = await keyed();
        const lost = new HoldfastError('corrupt-backup', 'the checksum does not hold');
        await expect(lab.cluster.removeKeys(database, table, failing(['1\tb1'], lost), never)).rejects.toBe(
          lost,
        );
        await expect(
          lab.cluster.removeKeys(database, table, linesOf(['1\tb1', '1']), never),
        ).rejects.toMatchObject({ code: 'job-failed', message: containing('keyed') });
        await expect(
          lab.cluster.removeKeys(database, table, linesOf(['1\tb1']), AbortSignal.abort()),
        ).rejects.toMatchObject({ code: 'canceled' });
        expect(await count()).toBe(3007);
        await expect(
          lab.cluster.removeKeys(
            database,
            { ...table, name: named(database, 'gone') },
            linesOf(['1\tb1']),
            never,
          ),
        ).rejects.toMatchObject({ code: 'undefined-object', message: containing('gone') });
      });

      it('takes each file once, also when two try at the same time', async () => {
        const { database, table, count } = await keyed();
        await lab.cluster.openLedger(database, '5');
        const once = { restore: '5', key: 'data/keys 1' };
        const lines = ['1\tb1', '2\tb2', '3\tnot there'];
        const answers = await Promise.all([
          lab.cluster.removeKeys(database, table, linesOf(lines), never, once),
          lab.cluster.removeKeys(database, table, linesOf(lines), never, once),
        ]);
        expect(answers).toEqual([{ rows: 3 }, { rows: 3 }]);
        expect(await count()).toBe(3005);
        // The rows are back, and are another file's: a straggler may not take them again.
        await lab.cluster.load(database, table, linesOf(['note\tb1\t1']), never, { ...once, key: 'rows' });
        expect(await lab.cluster.removeKeys(database, table, linesOf(lines), never, once)).toEqual({
          rows: 3,
        });
        expect(await count()).toBe(3006);
        await lab.cluster.closeLedger(database, '5');
        await expect(
          lab.cluster.removeKeys(database, table, linesOf(lines), never, once),
        ).rejects.toMatchObject({ code: 'undefined-object' });
        expect(await count()).toBe(3006);
      });
    });

    it('runs DDL in one transaction and names the statement that fails', async () => {
      const database = await lab.freshDatabase();
      const statements = ['CREATE TABLE public.one (id INT8)', 'CREATE TABLE public.two (id no_such_type)'];
      await expect(lab.cluster.runDdl(database, statements, never)).rejects.toThrow(
        /CREATE TABLE public\.two/,
      );
      // But for rows that it inserts, which may be hashes of passwords.
      const insert = `INSERT INTO public.one VALUES ('the secret')`;
      const failed: unknown = await lab.cluster
        .runDdl(database, [insert], never)
        .catch((error: unknown) => error);
      expect(failed).toMatchObject({ message: containing('INSERT INTO public.one VALUES …') });
      expect(String(failed)).not.toContain('secret');
      expect((await lab.cluster.catalog(database)).objects).toEqual([]);
      await expect(lab.cluster.runDdl(database, statements, AbortSignal.abort())).rejects.toMatchObject({
        code: 'canceled',
      });
    });

    it('sets sequences past 2^53, called and not called', async () => {
      const database = await lab.freshDatabase('CREATE SEQUENCE s;');
      await lab.cluster.setSequence(database, named(database, 's'), '9007199254740993', true);
      expect(String((await lab.subject.exec(database, `SELECT nextval('s') AS n`))[0]?.n)).toBe(
        '9007199254740994',
      );
      await lab.cluster.setSequence(database, named(database, 's'), '5', false);
      expect(String((await lab.subject.exec(database, `SELECT nextval('s') AS n`))[0]?.n)).toBe('5');
    });
  });

  describe('ledger', () => {
    const create = (name: string) => `CREATE TABLE public.${name} (id INT8 PRIMARY KEY)`;
    const table = (database: string, name: string) => ({
      kind: 'table' as const,
      name: named(database, name),
    });

    it('undoes what the restore created and nothing else', async () => {
      const database = await lab.freshDatabase('CREATE TABLE mine (id INT8 PRIMARY KEY);');
      await lab.cluster.openLedger(database, '5');
      await lab.cluster.openLedger(database, '5');
      await lab.cluster.ensureSchema(database, 'public', '5');
      await lab.cluster.ensureSchema(database, 'fresh', '5');
      await lab.cluster.ensureSchema(database, 'shared', '5');
      await lab.cluster.runDdl(
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
      await lab.subject.exec(database, 'CREATE TABLE shared.somebodys (id INT8 PRIMARY KEY)');
      // The ledger itself is nobody's data.
      const listed = (await lab.cluster.catalog(database)).objects.map(({ name }) => name.name).sort();
      expect(listed).toEqual(['mine', 'mood', 's', 'somebodys', 't', 'u', 'v', 'w']);
      expect(await lab.cluster.undoLedger(database, '5')).toBe(true);
      expect(await lab.cluster.undoLedger(database, '5')).toBe(true);
      expect((await lab.cluster.catalog(database)).objects.map(({ name }) => name.name).sort()).toEqual([
        'mine',
        'somebodys',
      ]);
      await expect(lab.subject.exec(database, 'CREATE TABLE fresh.x (id INT8)')).rejects.toThrow(/fresh/);
      await lab.cluster.closeLedger(database, '5');
      await lab.cluster.closeLedger(database, '5');
      expect(await lab.cluster.undoLedger(database, '5')).toBe(false);
    });

    it('leaves alone what somebody else made under the same name since', async () => {
      const database = await lab.freshDatabase();
      await lab.cluster.openLedger(database, '5');
      await lab.cluster.runDdl(database, [create('t')], never, {
        restore: '5',
        created: [table(database, 't')],
      });
      await lab.subject.exec(database, 'DROP TABLE t; CREATE TABLE t (other INT8 PRIMARY KEY)');
      expect(await lab.cluster.undoLedger(database, '5')).toBe(true);
      expect((await lab.cluster.catalog(database)).objects.map(({ name }) => name.name)).toEqual(['t']);
    });

    it('keeps everything when something from outside depends on it', async () => {
      const database = await lab.freshDatabase();
      await lab.cluster.openLedger(database, '5');
      await lab.cluster.runDdl(database, [create('t'), create('u')], never, {
        restore: '5',
        created: [table(database, 't'), table(database, 'u')],
      });
      await lab.subject.exec(database, 'CREATE VIEW theirs AS SELECT id FROM t');
      await expect(lab.cluster.undoLedger(database, '5')).rejects.toMatchObject({
        code: 'missing-dependency',
        message: containing('theirs'),
      });
      expect((await lab.cluster.catalog(database)).objects).toHaveLength(3);
      await lab.subject.exec(database, 'DROP VIEW theirs');
      expect(await lab.cluster.undoLedger(database, '5')).toBe(true);
      expect((await lab.cluster.catalog(database)).objects).toEqual([]);
    });

    it('notes nothing of statements that failed', async () => {
      const database = await lab.freshDatabase('CREATE TABLE t (id INT8 PRIMARY KEY);');
      await lab.cluster.openLedger(database, '5');
      await expect(
        lab.cluster.runDdl(database, [create('t')], never, { restore: '5', created: [table(database, 't')] }),
      ).rejects.toMatchObject({ code: 'duplicate-object' });
      expect(await lab.cluster.undoLedger(database, '5')).toBe(true);
      expect((await lab.cluster.catalog(database)).objects).toHaveLength(1);
    });

    it('takes each file once, also when two try at the same time', async () => {
      const database = await lab.freshDatabase('CREATE TABLE nothing (id INT8 PRIMARY KEY);');
      const target = await atMoment(lab.cluster, [database], (at) =>
        describeTable(lab.cluster, named(database, 'nothing'), at),
      );
      await lab.cluster.openLedger(database, '5');
      const once = { restore: '5', key: 'data/file 1' };
      const lost = new HoldfastError('corrupt-backup', 'lost');
      await expect(lab.cluster.load(database, target, failing(['1'], lost), never, once)).rejects.toBe(lost);
      const lines = ['1', '2', '3'];
      const answers = await Promise.all([
        lab.cluster.load(database, target, linesOf(lines), never, once),
        lab.cluster.load(database, target, linesOf(lines), never, once),
      ]);
      expect(answers).toEqual([{ rows: 3 }, { rows: 3 }]);
      expect(await lab.cluster.load(database, target, linesOf(['4']), never, once)).toEqual({ rows: 3 });
      expect(await lab.subject.exec(database, 'SELECT id FROM nothing')).toHaveLength(3);
      await lab.cluster.closeLedger(database, '5');
      // The restore has been undone or has ended: a straggler may not load any more.
      await expect(lab.cluster.load(database, target, linesOf(['5']), never, once)).rejects.toMatchObject({
        code: 'undefined-object',
      });
      expect(await lab.subject.exec(database, 'SELECT id FROM nothing')).toHaveLength(3);
    });

    it('tells whose a database is', async () => {
      const name = lab.databaseToCome();
      await lab.cluster.createDatabase(name, '5');
      await expect(lab.cluster.createDatabase(name, '5')).rejects.toMatchObject({
        code: 'duplicate-database',
      });
      await lab.cluster.dropDatabase(name, '6');
      expect((await lab.cluster.databases()).map((database) => database.name)).toContain(name);
      await lab.cluster.dropDatabase(name, '5');
      await lab.cluster.dropDatabase(name, '5');
      expect((await lab.cluster.databases()).map((database) => database.name)).not.toContain(name);
      expect(await lab.cluster.undoLedger(name, '5')).toBe(false);
      await lab.cluster.closeLedger(name, '5');
      await lab.cluster.createDatabase(name, '5');
      await lab.cluster.closeLedger(name, '5');
      await lab.cluster.dropDatabase(name, '5');
      expect((await lab.cluster.databases()).map((database) => database.name)).toContain(name);
    });
  });
}
