import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HoldfastError } from '../errors.ts';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

const DEMO = path.resolve(import.meta.dirname, '../cluster/embedded/demo.sql');

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE bank');
  await rig.server.exec('bank', await readFile(DEMO, 'utf8'));
  await rig.startEngine();
}, 120_000);

afterAll(async () => {
  await rig.stop();
}, 60_000);

async function filesBelow(location: string): Promise<string[]> {
  const entries = await readdir(path.join(rig.externDir, location), {
    recursive: true,
    withFileTypes: true,
  }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

async function databases(): Promise<string[]> {
  return (await rig.server.exec('postgres', 'SELECT datname FROM pg_database ORDER BY 1')).map((row) =>
    String(row['datname']),
  );
}

async function refusal(sql: string): Promise<HoldfastError> {
  const before = await rig.services.jobs.page({ limit: 1 });
  const error: unknown = await rig.run(sql).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error, sql).toMatchObject({ name: 'HoldfastError' });
  // Refused before anything is written: not even a job.
  expect((await rig.services.jobs.page({ limit: 1 })).jobs[0]?.id).toBe(before.jobs[0]?.id);
  return error as HoldfastError;
}

describe('a backup and its restore', () => {
  it('brings a whole database back under another name, equal in everything', async () => {
    const backup = await rig.run("BACKUP DATABASE bank TO 'nodelocal://self/whole'");
    expect(backup.tag).toBe('BACKUP 1');
    expect(backup.rows[0]?.slice(1, 5)).toEqual(['succeeded', '1', '262932', '0']);
    expect((await filesBelow('whole')).map((file) => path.basename(file))).not.toContain('checkpoint.json');
    const restore = await rig.run(
      "RESTORE DATABASE bank FROM 'nodelocal://self/whole' WITH into_db = 'whole copy'",
    );
    expect(restore.rows[0]?.slice(1, 4)).toEqual(['succeeded', '1', '262932']);
    expect(await contentsOf(rig.server, 'whole copy')).toEqual(await contentsOf(rig.server, 'bank'));
  }, 120_000);

  it('is consistent while money moves between accounts', async () => {
    const total = async (database: string): Promise<unknown> =>
      (
        await rig.server.exec(
          database,
          'SELECT sum(balance)::text AS total, count(*)::text AS n FROM accounts',
        )
      )[0];
    const before = await total('bank');
    let moving = true;
    let transfers = 0;
    const mover = (async () => {
      while (moving) {
        await rig.server.exec(
          'bank',
          `DO $$ BEGIN FOR i IN 1..50 LOOP
             UPDATE accounts SET balance = balance - 1 WHERE id = (SELECT id FROM accounts ORDER BY random() LIMIT 1);
             UPDATE accounts SET balance = balance + 1 WHERE id = (SELECT id FROM accounts ORDER BY random() LIMIT 1);
             COMMIT; END LOOP; END $$`,
        );
        transfers += 50;
      }
    })();
    await rig.run("BACKUP TABLE bank.accounts, bank.customers TO 'nodelocal://self/moving'");
    moving = false;
    await mover;
    expect(transfers).toBeGreaterThan(0);
    await rig.run(
      "RESTORE TABLE bank.accounts, bank.customers FROM 'nodelocal://self/moving' WITH into_db = 'moved', create_db",
    );
    expect(await total('moved')).toEqual(before);
  }, 120_000);

  it('restores one table among others, and leaves those alone', async () => {
    await rig.server.exec('postgres', 'CREATE DATABASE partial');
    await rig.server.exec('partial', 'CREATE TABLE mine (a int); INSERT INTO mine VALUES (1)');
    await rig.run("RESTORE TABLE bank.customers FROM 'nodelocal://self/whole' WITH into_db = 'partial'");
    expect((await rig.server.exec('partial', 'SELECT count(*)::int AS n FROM customers'))[0]).toEqual({
      n: 10_000,
    });
    // Its tables are there now: what depends on them needs no option any more.
    await rig.run("RESTORE TABLE bank.accounts FROM 'nodelocal://self/whole' WITH into_db = 'partial'");
    await rig.run(
      "RESTORE TABLE bank.account_balances FROM 'nodelocal://self/whole' WITH into_db = 'partial'",
    );
    expect(
      (await rig.server.exec('partial', 'SELECT count(*)::int AS n FROM account_balances, mine'))[0],
    ).toEqual({ n: 20_000 });
  }, 60_000);

  it('skips what is missing when it is told to', async () => {
    const notices: string[] = [];
    await rig.run(
      `RESTORE TABLE bank.transactions, bank.statements, bank.rich_customers FROM 'nodelocal://self/whole'
       WITH into_db = 'skipped', create_db, skip_missing_foreign_keys, skip_missing_sequences, skip_missing_views`,
      notices,
    );
    const constraints = await rig.server.exec(
      'skipped',
      "SELECT conname FROM pg_constraint WHERE contype = 'f'",
    );
    expect(constraints).toEqual([]);
    expect(
      await rig.server.exec('skipped', "SELECT viewname FROM pg_views WHERE schemaname = 'public'"),
    ).toEqual([]);
    expect(notices.filter((notice) => notice.startsWith('WARNING')).slice(0, 5)).toEqual([
      'WARNING: View bank.public.rich_customers is not restored: bank.public.account_balances is missing.',
      expect.stringContaining('is restored without its foreign key transactions_'),
      expect.stringContaining('is restored without its foreign key transactions_'),
      expect.stringContaining('bank.public.statements is restored without'),
      expect.stringContaining('bank.public.statements is restored without'),
    ]);
  }, 60_000);

  it('restores a sequence without the table that owns it', async () => {
    await rig.run(
      "RESTORE bank.accounts_id_seq FROM 'nodelocal://self/whole' WITH into_db = 'sequence', create_db",
    );
    expect(await rig.server.exec('sequence', 'SELECT last_value::int AS n FROM accounts_id_seq')).toEqual([
      { n: 20_000 },
    ]);
  }, 60_000);

  it('gives restored tables the grants of the database they land in, not the source’s', async () => {
    await rig.server.exec('postgres', 'CREATE ROLE reader; CREATE ROLE auditor');
    await rig.server.exec('postgres', 'CREATE DATABASE granted');
    await rig.server.exec('bank', 'GRANT SELECT ON branches TO auditor');
    await rig.server.exec('granted', 'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader');
    await rig.run("BACKUP bank.branches TO 'nodelocal://self/granted'");
    await rig.run("RESTORE bank.branches FROM 'nodelocal://self/granted' WITH into_db = 'granted'");
    const grants = await rig.server.exec(
      'granted',
      "SELECT grantee FROM information_schema.role_table_grants WHERE table_name = 'branches' AND grantee <> 'root'",
    );
    expect(grants).toEqual([{ grantee: 'reader' }]);
  }, 60_000);

  it('backs up an empty database and views alone', async () => {
    await rig.server.exec('postgres', 'CREATE DATABASE hollow');
    expect(
      (await rig.run("BACKUP DATABASE hollow TO 'nodelocal://self/hollow'")).rows[0]?.slice(1, 4),
    ).toEqual(['succeeded', '1', '0']);
    await rig.run("RESTORE DATABASE hollow FROM 'nodelocal://self/hollow' WITH into_db = 'hollow again'");
    expect(await databases()).toContain('hollow again');
    const notices: string[] = [];
    await rig.run("BACKUP bank.account_balances TO 'nodelocal://self/view'", notices);
    expect(notices.join('\n')).toContain('skip_missing_views');
  }, 60_000);
});

describe('a statement that can’t be', () => {
  it.each([
    ["BACKUP bank.nothere TO 'nodelocal://self/x'", 'undefined-object', 'bank.nothere'],
    ["BACKUP DATABASE nothere TO 'nodelocal://self/x'", 'undefined-database', 'nothere'],
    ["BACKUP DATABASE bank TO 'ftp://h/x'", 'location-invalid', 'unsupported storage scheme: "ftp"'],
    ["BACKUP DATABASE bank TO ''", 'location-invalid', 'no destination'],
    ["BACKUP DATABASE bank TO 'nodelocal://self/../x'", 'location-refused', 'extern directory'],
    ["BACKUP DATABASE bank TO 'nodelocal://self//etc/x'", 'location-refused', 'extern directory'],
    [
      "BACKUP DATABASE bank TO 'nodelocal://self/whole'",
      'duplicate-file',
      'already contains a manifest.json',
    ],
    [
      "BACKUP DATABASE bank TO 'nodelocal://self/x' AS OF SYSTEM TIME '-10s'",
      'unreadable-moment',
      'AS OF SYSTEM TIME',
    ],
    [
      "BACKUP DATABASE bank TO 'nodelocal://self/x' INCREMENTAL FROM 'nodelocal://self/whole'",
      'unreadable-moment',
      'what changed in database bank since the newest base',
    ],
    ["RESTORE DATABASE bank FROM 'nodelocal://self/nothing'", 'undefined-backup', 'there is no backup'],
    [
      "RESTORE DATABASE bank FROM 'nodelocal://self/whole'",
      'duplicate-database',
      'database "bank" already exists',
    ],
    ["RESTORE bank.customers FROM 'nodelocal://self/whole'", 'duplicate-object', 'bank.public.customers'],
    ["RESTORE bank.nothere FROM 'nodelocal://self/whole'", 'undefined-object', 'use SHOW BACKUP'],
    [
      "RESTORE DATABASE other FROM 'nodelocal://self/whole'",
      'undefined-database',
      'unknown database "other"',
    ],
    ["RESTORE DATABASE bank FROM 'nodelocal://self/moving'", 'undefined-database', 'unknown database "bank"'],
    [
      "RESTORE bank.customers FROM 'nodelocal://self/whole' WITH into_db = 'nodb'",
      'undefined-database',
      'needs to exist',
    ],
    [
      "RESTORE bank.rich_customers FROM 'nodelocal://self/whole' WITH into_db = 'nodb', create_db",
      'missing-dependency',
      'skip_missing_views',
    ],
    [
      "RESTORE bank.accounts FROM 'nodelocal://self/whole' WITH into_db = 'nodb', create_db",
      'missing-dependency',
      'skip_missing_foreign_keys',
    ],
    [
      "RESTORE bank.customers FROM 'nodelocal://self/whole', 'nodelocal://self/inc' WITH into_db = 'nodb'",
      'undefined-backup',
      'there is no backup at nodelocal://self/inc',
    ],
    [
      "RESTORE bank.customers FROM 'nodelocal://self/whole', 'nodelocal://self/moving' WITH into_db = 'nodb'",
      'invalid-value',
      'nodelocal://self/moving is a full backup, but only the first of a chain is one',
    ],
    [
      "RESTORE bank.customers FROM 'nodelocal://self/whole' AS OF SYSTEM TIME '-10s' WITH into_db = 'nodb'",
      'unsupported',
      'none of the backups is as of',
    ],
    ["SHOW BACKUP 'nodelocal://self/nothing'", 'undefined-backup', 'there is no backup'],
    ['CANCEL JOB 1', 'undefined-job', 'job with ID 1 does not exist'],
    ['PAUSE JOB 1', 'undefined-job', 'job with ID 1 does not exist'],
    ['RESUME JOB 1', 'undefined-job', 'job with ID 1 does not exist'],
  ])('%s', async (sql, code, message) => {
    const before = await databases();
    const error = await refusal(sql);
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
    expect(error.hint ?? '').not.toBe('');
    expect(await filesBelow('x')).toEqual([]);
    expect(await databases()).toEqual(before);
  });
});

describe('a job', () => {
  it('is told as events without a gap, from wherever one goes on', async () => {
    const { rows } = await rig.run("BACKUP DATABASE bank TO 'nodelocal://self/events'");
    const id = rows[0]?.[0] ?? '';
    const events = await rig.events(id);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter((event) => event.type === 'state').map((event) => event.state)).toEqual([
      'pending',
      'running',
      'succeeded',
    ]);
    const fractions = events.flatMap((event) => (event.type === 'progress' ? [event.fraction] : []));
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    const rest = [];
    for await (const event of rig.services.jobs.watch(id, 3, undefined)) rest.push(event);
    expect(rest).toEqual(events.slice(3));
    expect((await rig.services.jobs.tables(id)).map((table) => [table.name.name, table.rows])).toContainEqual(
      ['transactions', 200_000],
    );
  }, 60_000);

  it('that is canceled leaves nothing, and says so', async () => {
    const before = await databases();
    const stops = [];
    for (const sql of [
      "BACKUP DATABASE bank TO 'nodelocal://self/canceled' WITH detached",
      "RESTORE DATABASE bank FROM 'nodelocal://self/whole' WITH into_db = 'canceled', detached",
    ]) {
      const id = (await rig.run(sql)).rows[0]?.[0] ?? '';
      for await (const event of rig.services.jobs.watch(id, 0, undefined)) {
        // In mid-work: tasks are running.
        if (event.type === 'progress') break;
      }
      await rig.run(`CANCEL JOB ${id}`);
      await rig.run(`CANCEL JOB ${id}`);
      await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
      stops.push((await rig.services.jobs.view(id)).state);
    }
    expect(stops).toEqual(['canceled', 'canceled']);
    expect(await filesBelow('canceled')).toEqual([]);
    expect(await databases()).toEqual(before);
  }, 60_000);

  it('that nobody has begun is canceled at once', async () => {
    const id = await rig.jobStore.create({
      kind: 'BACKUP',
      cluster: 'default',
      statement: '',
      user: 'root',
      location: '',
      spec: {
        kind: 'backup',
        targets: { kind: 'databases', names: ['bank'] },
        to: 'nodelocal://self/never',
        asOf: null,
        incrementalFrom: [],
        options: { detached: true },
      },
      estimatedBytes: 0,
    });
    await rig.run(`CANCEL JOB ${id}`);
    expect((await rig.services.jobs.view(id)).state).toBe('canceled');
  });

  it('has a destination of its own: of two at once, one backs up and one fails', async () => {
    const run = (): Promise<string> =>
      rig.run("BACKUP bank.branches TO 'nodelocal://self/contended'").then(
        (answer) => answer.rows[0]?.[1] ?? '',
        (error: HoldfastError) => error.code,
      );
    expect((await Promise.all([run(), run()])).toSorted()).toEqual(['duplicate-file', 'succeeded']);
    expect((await rig.run("SHOW BACKUP 'nodelocal://self/contended'")).rows.length).toBeGreaterThan(0);
  }, 60_000);

  it('that restores a damaged file fails, names it, and removes what it created', async () => {
    await rig.run("BACKUP bank.branches, bank.exchange_rates TO 'nodelocal://self/damaged'");
    const file = (await filesBelow('damaged')).find((name) => name.includes('exchange_rates')) ?? '';
    const bytes = await readFile(file);
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 0x10;
    await writeFile(file, bytes);
    const before = await databases();
    await expect(
      rig.run(
        "RESTORE bank.branches, bank.exchange_rates FROM 'nodelocal://self/damaged' WITH into_db = 'bad', create_db",
      ),
    ).rejects.toMatchObject({
      code: 'corrupt-backup',
      message: expect.stringContaining(path.basename(file)) as string,
    });
    expect(await databases()).toEqual(before);
    await expect(
      rig.run(
        "RESTORE bank.branches, bank.exchange_rates FROM 'nodelocal://self/damaged' WITH into_db = 'moved'",
      ),
    ).rejects.toMatchObject({ code: 'corrupt-backup' });
    const tables = await rig.server.exec(
      'moved',
      "SELECT tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1",
    );
    expect(tables.map((row) => row['tablename'])).toEqual(['accounts', 'customers']);
  }, 60_000);

  it('shows no password of a cluster and no key anywhere in the metadata store', async () => {
    const dump: string[] = [];
    for (const table of ['clusters', 'jobs', 'job_events', 'job_attempts', 'tasks', 'users', 'sessions']) {
      const rows = await rig.server.exec('holdfast', `SELECT r::text AS r FROM ${table} AS r`);
      dump.push(...rows.map((row) => String(row['r'])));
    }
    expect(dump.join('\n')).not.toMatch(/a secret\/of:test@s|a%20secret/);
    expect(dump.join('\n')).toContain('redacted');
  });
});
