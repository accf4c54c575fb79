import { describe, expect, it } from 'vitest';
import { containing } from '../../conformance-tools.ts';
import { sizes, TABLE, useLabs } from './changes-lab.ts';

/** What PostgreSQL alone has: one kind of transaction, of key and of mishap after the other. */

const { make } = useLabs();

describe('transactions', () => {
  it('are those that committed since the base, and no others', async () => {
    const lab = await make();
    await lab.exec('UPDATE t SET v = v WHERE id = 1');
    const base = await lab.backup();
    await lab.exec(`BEGIN; UPDATE t SET v = 'no' WHERE id = 2; ROLLBACK; UPDATE t SET v = 'x' WHERE id IN (3, 4);
      DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (101, NULL)`);
    expect(sizes((await lab.step(base)).tables['t'])).toEqual([3, 1]);
  });

  it('that began before the base and committed after it are in; those still running are in the next', async () => {
    const lab = await make();
    const [early, long] = [await lab.session(), await lab.session()];
    await early.query(`BEGIN; UPDATE t SET v = 'early' WHERE id = 1`);
    await long.query(`BEGIN; DELETE FROM t WHERE id = 2`);
    // The slot's own mark was set before: bases are taken while both run.
    const base = await lab.backup();
    await early.query('COMMIT');
    const one = await lab.step(base);
    expect(sizes(one.tables['t'])).toEqual([1, 0]);
    await long.query(`SAVEPOINT s; UPDATE t SET v = 'long' WHERE id = 3; COMMIT`);
    expect(sizes((await lab.step(one.now)).tables['t'])).toEqual([1, 1]);
    expect(sizes((await lab.step(base)).tables['t'])).toEqual([2, 1]);
  });

  it('are read with their subtransactions, those rolled back left out', async () => {
    const lab = await make();
    const session = await lab.session();
    await session.query(`BEGIN; SAVEPOINT a; UPDATE t SET v = 'a' WHERE id = 1`);
    const base = await lab.backup();
    await session.query(`SAVEPOINT b; UPDATE t SET v = 'b' WHERE id = 2; ROLLBACK TO b;
      SAVEPOINT c; UPDATE t SET v = 'c' WHERE id = 3; RELEASE c; COMMIT`);
    expect(sizes((await lab.step(base)).tables['t'])).toEqual([2, 0]);
  });

  it('that were prepared are in when they are committed', async () => {
    const lab = await make();
    await lab.exec(`BEGIN; UPDATE t SET v = 'prepared' WHERE id = 1; PREPARE TRANSACTION 'p1'`);
    const base = await lab.backup();
    const one = await lab.step(base);
    expect(sizes(one.tables['t'])).toEqual([0, 0]);
    await lab.exec(`COMMIT PREPARED 'p1'`);
    expect(sizes((await lab.step(one.now)).tables['t'])).toEqual([1, 0]);
    expect(sizes((await lab.step(base)).tables['t'])).toEqual([1, 0]);
  });

  it('are in though they were visible before they were flushed', async () => {
    const lab = await make();
    const session = await lab.session();
    await session.query('SET synchronous_commit = off');
    let base = await lab.backup();
    for (let n = 0; n < 5; n++) {
      await session.query(`UPDATE t SET v = 'round ${n}' WHERE id <= 10`);
      const { now, tables } = await lab.step(base);
      expect(sizes(tables['t'])).toEqual([10, 0]);
      base = now;
    }
  });
});

describe('rows', () => {
  it('whose key changed are there by both keys', async () => {
    const lab = await make();
    const base = await lab.backup();
    await lab.exec('UPDATE t SET id = id + 1000 WHERE id <= 10; UPDATE t SET id = 1 WHERE id = 1001');
    expect(sizes((await lab.step(base)).tables['t'])).toEqual([10, 10]);
  });

  it('whose key changed to an equal one with another text are there once', async () => {
    const lab = await make(
      `CREATE TABLE n (id numeric PRIMARY KEY, v int); INSERT INTO n VALUES (1.0, 1), (2, 2)`,
    );
    const base = await lab.backup();
    await lab.exec(
      'UPDATE n SET id = 1.00; UPDATE n SET v = 3 WHERE id = 2'.replace('1.00;', '1.000 WHERE id = 1;'),
    );
    const { tables } = await lab.step(base);
    expect([...(tables['n']?.changes?.rows.keys() ?? [])].sort()).toEqual(['1.000', '2']);
  });

  it('are found by keys of every kind', async () => {
    const lab = await make(`CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN code AS varchar(9);
      CREATE TABLE texts (a text, b char(4), c code, PRIMARY KEY (a, b, c));
      CREATE TABLE times (a timestamptz, b interval, c date, PRIMARY KEY (a, b, c));
      CREATE TABLE others (a mood, b uuid, c bytea, d boolean, e int[], f inet, g "char", h bit(3), PRIMARY KEY (a, b, c, d, e, f, g, h));
      CREATE TABLE floats (a float8, b numeric(9,2), c money, PRIMARY KEY (a, b, c));
      CREATE TABLE indexed (id int PRIMARY KEY, k text NOT NULL UNIQUE, v int);
      ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_k_key;
      CREATE TABLE "odd ""name" ("K ""x" text PRIMARY KEY, g int GENERATED ALWAYS AS (1) STORED, "v.w" text[]);
      CREATE TABLE fully (id int PRIMARY KEY, v text); ALTER TABLE fully REPLICA IDENTITY FULL;`);
    const fill = (n: number) => `
      INSERT INTO texts VALUES (E'a\\tb\\n\\\\ ''"{}, Köln ' || ${n}, 'x ', 'c${n}'), ('', '', 'NULL${n}');
      INSERT INTO times VALUES ('infinity', '1 mon ${n} days', '0044-03-15 BC'), ('2026-01-01 00:00:00.123456+01', '-03:04:05.${n}', '2026-01-0${n}');
      INSERT INTO others VALUES ('sad', '00000000-0000-0000-0000-00000000000${n}', '\\x00ff', true, '{1,NULL,${n}}', '10.0.0.${n}/24', 'x', B'101');
      INSERT INTO floats VALUES (0.1::float8 + 0.2::float8, ${n}, 12.5), ('NaN', 'NaN', ${n}), ('-Infinity', ${n}, -1), ('-0', ${n}, 3);
      INSERT INTO indexed VALUES (${n}, 'k${n}', 1);
      INSERT INTO "odd ""name" ("K ""x") VALUES (E'\\u2028 ${n}'), (repeat('${n}', 2000));
      INSERT INTO fully VALUES (${n}, repeat('long', 5000));`;
    await lab.exec([1, 2, 3].map(fill).join(''));
    const base = await lab.backup();
    await lab.exec(`${fill(4)}
      DELETE FROM texts WHERE c LIKE '%1'; DELETE FROM times WHERE b = '1 mon 1 days'; DELETE FROM others WHERE b::text LIKE '%1';
      DELETE FROM floats WHERE b = 1 OR c = 1::money; DELETE FROM indexed WHERE id = 1; UPDATE indexed SET id = 22, v = 2 WHERE id = 2;
      UPDATE "odd ""name" SET "v.w" = '{a,NULL}' WHERE "K ""x" LIKE '2%'; DELETE FROM "odd ""name" WHERE "K ""x" LIKE '1%';
      UPDATE fully SET id = id + 10 WHERE id < 3; DELETE FROM fully WHERE id = 3;`);
    const { tables } = await lab.step(base);
    for (const [name, { plan }] of Object.entries(tables))
      expect(plan, name).toMatchObject({ method: 'feed' });
    expect(sizes(tables['indexed'])).toEqual([2, 1]);
    expect(sizes(tables['texts'])).toEqual([2, 2]);
    expect(sizes(tables['fully'])).toEqual([3, 3]);
  }, 30_000);

  it('that the WAL does not tell in full are looked up', async () => {
    // Not compressed: values that long are stored out of line.
    const long = (n: number) =>
      `(SELECT string_agg(md5(i::text || '${n}'), '') FROM generate_series(1, 200) i)`;
    const lab = await make(`CREATE TABLE t (id int PRIMARY KEY, v int, long text, longer text);
      INSERT INTO t SELECT n, 1, ${long(1)}, ${long(2)} FROM generate_series(1, 20) n;
      CREATE TABLE big (id int PRIMARY KEY, b bytea)`);
    const base = await lab.backup();
    await lab.exec(`UPDATE t SET v = 2 WHERE id <= 10; UPDATE t SET long = ${long(3)} WHERE id = 11;
      UPDATE t SET longer = NULL WHERE id = 12; UPDATE t SET v = 3, id = 100 WHERE id = 13;
      UPDATE t SET v = 4 WHERE id = 14; DELETE FROM t WHERE id = 14; UPDATE t SET v = 5 WHERE id = 15;
      UPDATE t SET long = 'short', longer = 'too' WHERE id = 15;
      INSERT INTO big VALUES (1, decode(repeat('00ff', 1000000), 'hex')), (2, 'x')`);
    const { tables } = await lab.step(base);
    expect(sizes(tables['t'])).toEqual([14, 2]);
    expect(sizes(tables['big'])).toEqual([2, 0]);
  });

  it('whose keys a collation takes to be equal are told apart by their text', async () => {
    const lab =
      await make(`CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE t (k text COLLATE any_case PRIMARY KEY, n int, long text);
      ALTER TABLE t ALTER long SET STORAGE EXTERNAL; INSERT INTO t VALUES ('key', 1, repeat('long', 5000)), ('other', 2, '')`);
    const base = await lab.backup();
    await lab.exec(`UPDATE t SET k = upper(k)`);
    const { tables } = await lab.step(base);
    expect([...(tables['t']?.changes?.rows.keys() ?? [])].sort()).toEqual(['KEY', 'OTHER']);
    expect([...(tables['t']?.changes?.deleted ?? [])].sort()).toEqual(['key', 'other']);
  });
});

describe('tables', () => {
  it('are whole, with the reason, where what changed can not be told', async () => {
    const lab =
      await make(`${TABLE} CREATE TABLE u AS TABLE t; CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY);
      CREATE TABLE silent (id int PRIMARY KEY); ALTER TABLE silent REPLICA IDENTITY NOTHING;
      CREATE TABLE truncated (id int PRIMARY KEY); CREATE TABLE altered (id int PRIMARY KEY, v int);
      CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE TABLE felt (id int PRIMARY KEY, m mood[]); INSERT INTO felt VALUES (1, '{sad}');
      CREATE TABLE strict (id int PRIMARY KEY, v int); CREATE TABLE remade (id int PRIMARY KEY); CREATE TABLE gone (id int PRIMARY KEY);
      CREATE TABLE left_out (id int PRIMARY KEY); CREATE TABLE vacuumed (id int PRIMARY KEY);
      CREATE DOMAIN relation AS regclass; CREATE TABLE named (id int PRIMARY KEY, r relation[]); INSERT INTO named VALUES (1, '{t}')`);
    await lab.exec('ALTER PUBLICATION holdfast DROP TABLE left_out');
    const base = await lab.backup();
    await lab.exec(`TRUNCATE truncated; INSERT INTO truncated VALUES (1); ALTER TABLE altered RENAME v TO w; ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
      ALTER TABLE strict ALTER v SET NOT NULL; DROP TABLE remade, gone; CREATE TABLE remade (id int PRIMARY KEY); CREATE TABLE fresh (id int PRIMARY KEY);
      DELETE FROM u WHERE id = 7; ALTER PUBLICATION holdfast ADD TABLE left_out`);
    await lab.exec('VACUUM FULL vacuumed');
    const { now, tables } = await lab.step(base);
    const why = Object.fromEntries(Object.entries(tables).map(([name, { plan }]) => [name, plan.reason]));
    const anew = containing('made anew, truncated');
    expect(why).toEqual({
      t: null,
      u: containing('no primary key'),
      unlogged: containing('unlogged'),
      silent: containing('NOTHING'),
      truncated: anew,
      altered: anew,
      felt: anew,
      strict: anew,
      remade: containing('not followed'),
      vacuumed: anew,
      left_out: containing('only since'),
      named: containing('name objects'),
      fresh: containing('not in the newest base'),
    });
    // A base of its own each: from here on they are followed again.
    await lab.cluster.meet('tables', lab.database);
    const next = await lab.step(now);
    expect(next.tables['truncated']?.plan.method).toBe('feed');
    expect(next.tables['fresh']?.plan.reason).toMatch(/only since/);
    expect((await lab.step(next.now)).tables['fresh']?.plan.method).toBe('feed');
  }, 30_000);

  it('without a key can be written to as before', async () => {
    const lab = await make('CREATE TABLE u (v int); INSERT INTO u VALUES (1)');
    await lab.exec('UPDATE u SET v = 2; DELETE FROM u');
  });

  it('whose rows could not be changed any more are not followed', async () => {
    const lab =
      await make(`CREATE TABLE t (id int PRIMARY KEY, n int, g int GENERATED ALWAYS AS (n * 2) STORED);
      ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 1)`);
    const base = await lab.backup();
    await lab.exec('UPDATE t SET n = 3; DELETE FROM t WHERE n = 4');
    const { tables } = await lab.step(base);
    // PostgreSQL 18 refuses these changes of a table that is published.
    const refused = lab.version >= 180000;
    expect(sizes(tables['t'])).toEqual(refused ? containing('generated columns') : [1, 0]);
  });

  it('that writers hold are told, and the others are followed', async () => {
    const lab = await make(`${TABLE} CREATE TABLE held (id int PRIMARY KEY)`, true);
    const session = await lab.session();
    await session.query('BEGIN; INSERT INTO held VALUES (1)');
    await expect(lab.cluster.meet('slot', lab.database)).rejects.toMatchObject({
      code: 'cluster-unavailable',
      message: containing('held'),
    });
    await session.query('COMMIT');
    await lab.cluster.meet('slot', lab.database);
    expect((await lab.cluster.prerequisites(lab.database)).map(({ met }) => met)).not.toContain(false);
  }, 30_000);
});

describe('a base', () => {
  const refused = (reason: string) => ({
    code: 'unreadable-moment',
    field: 'bases',
    message: containing(reason),
    hint: containing('full backup'),
  });

  it('serves several incremental backups', async () => {
    const lab = await make();
    const full = await lab.backup();
    await lab.exec(`UPDATE t SET v = 'one' WHERE id = 1`);
    const one = await lab.step(full);
    await lab.exec('DELETE FROM t WHERE id = 1; DELETE FROM t WHERE id = 2');
    // Turned on again, it stays what it is.
    await lab.cluster.meet('slot', lab.database);
    const [two, other] = [await lab.step(one.now), await lab.step(full)];
    expect(sizes(two.tables['t'])).toEqual([0, 2]);
    expect(sizes(other.tables['t'])).toEqual([0, 2]);
    await lab.exec(`INSERT INTO t VALUES (1, 'again')`);
    expect(sizes((await lab.step(other.now)).tables['t'])).toEqual([1, 0]);
  });

  it('is refused before incremental backups are turned on, or where it is older than that', async () => {
    const lab = await make(TABLE, true);
    const base = await lab.backup();
    await expect(lab.step(base)).rejects.toMatchObject(refused('no replication slot'));
    const unmet = (await lab.cluster.prerequisites(lab.database)).filter(({ met }) => !met);
    expect(unmet.map(({ id }) => id)).toEqual(['slot']);
    expect(await lab.cluster.gcWindows(lab.database)).toEqual([]);
    await lab.cluster.meet('slot', lab.database);
    await expect(lab.step(base)).rejects.toMatchObject(refused('the base is older'));
    expect((await lab.step(await lab.backup())).tables['t']?.plan.method).toBe('feed');
    expect((await lab.cluster.gcWindows(lab.database))[0]).toMatchObject({
      table: { name: 't' },
      seconds: 604800,
    });
  });

  it('is refused where a transaction older than the slot was still running', async () => {
    const lab = await make(TABLE, true);
    const session = await lab.session();
    await lab.cluster.meet('slot', lab.database);
    // Making a slot waits for such transactions; a slot whose marks were lost is marked anew.
    await lab.exec(`COMMENT ON PUBLICATION holdfast IS NULL`);
    await session.query('BEGIN; UPDATE t SET v = v WHERE id = 1');
    await lab.cluster.meet('slot', lab.database);
    const base = await lab.backup();
    await expect(lab.step(base)).rejects.toMatchObject(refused('while older ones were running'));
    await session.query('COMMIT');
  });

  it('is refused where the slot was dropped, and where it was made anew', async () => {
    const lab = await make();
    const base = await lab.backup();
    const [slot] = await lab.exec(
      `SELECT slot_name AS name FROM pg_replication_slots WHERE database = current_database()`,
    );
    await lab.exec(`SELECT pg_drop_replication_slot('${String(slot?.['name'])}')`);
    await expect(lab.step(base)).rejects.toMatchObject(refused('no replication slot'));
    await lab.exec('DELETE FROM t WHERE id = 1');
    await lab.cluster.meet('slot', lab.database);
    await expect(lab.step(base)).rejects.toMatchObject(refused('the base is older'));
  });

  it('is refused on another timeline, or ahead of the server', async () => {
    const lab = await make();
    const base = await lab.backup();
    if (base.moment.kind !== 'snapshot') throw new Error('no snapshot');
    const [there] = Object.values(base.moment.databases);
    if (there === undefined) throw new Error('no database');
    const altered = (change: Partial<typeof there>) => ({
      ...base,
      moment: {
        ...base.moment,
        databases: { [lab.database]: { ...there, ...change } },
      } as typeof base.moment,
    });
    await expect(lab.step(altered({ timeline: 7 }))).rejects.toMatchObject(refused('timeline 7 then, 1 now'));
    await expect(lab.step(altered({ timeline: undefined }))).rejects.toMatchObject(refused('which timeline'));
    await expect(lab.step(altered({ lsn: 'FF/0' }))).rejects.toMatchObject(refused('ahead of the server'));
  });
});
