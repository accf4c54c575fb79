import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf } from '../testing/compare.ts';
import { ROOT_PASSWORD, startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { startWireServer } from './server.ts';
import type { WireServer } from './server.ts';

const DEMO = path.resolve(import.meta.dirname, '../cluster/embedded/demo.sql');

let rig: Rig;
let wire: WireServer;

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE bank');
  await rig.server.exec('bank', await readFile(DEMO, 'utf8'));
  await rig.startEngine();
  wire = await startWireServer({
    host: '127.0.0.1',
    port: 0,
    authenticate: (user, password) => rig.services.accounts.check(user, password, 'sql'),
    clusterExists: (name) => rig.services.clusters.exists(name),
    runner: rig.services.statements,
    logger: pino({ level: 'silent' }),
  });
}, 120_000);

afterAll(async () => {
  await wire.close();
  await rig.stop();
}, 60_000);

async function withClient<T>(work: (client: pg.Client, notices: string[]) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: wire.port,
    user: 'root',
    password: ROOT_PASSWORD,
    database: 'default',
  });
  const notices: string[] = [];
  client.on('notice', (notice) => notices.push(`${notice.severity ?? ''}: ${notice.message ?? ''}`));
  await client.connect();
  try {
    return await work(client, notices);
  } finally {
    await client.end();
  }
}

describe('the whole way from a PostgreSQL driver', () => {
  it('backs up accounts, is warned of customers, backs both up, restores them elsewhere', async () => {
    await withClient(async (client, notices) => {
      await client.query("BACKUP bank.accounts TO 'nodelocal://self/alone'");
      expect(notices.filter((notice) => notice.startsWith('WARNING')).join('\n')).toContain(
        'bank.public.customers',
      );

      const backup = await client.query<Record<string, string>>(
        "BACKUP TABLE bank.accounts, bank.customers TO 'nodelocal://self/both'",
      );
      expect(backup.fields.map((field) => field.name)).toEqual([
        'job_id',
        'status',
        'fraction_completed',
        'rows',
        'index_entries',
        'bytes',
      ]);
      expect(backup.rows[0]).toMatchObject({ status: 'succeeded', fraction_completed: 1, rows: '30000' });

      await expect(
        client.query("RESTORE bank.accounts FROM 'nodelocal://self/alone' WITH into_db = 'copy', create_db"),
      ).rejects.toMatchObject({
        code: '2BP01',
        message: expect.stringContaining('skip_missing_foreign_keys') as string,
      });
      await client.query(
        "RESTORE bank.accounts, bank.customers FROM 'nodelocal://self/both' WITH into_db = 'copy', create_db",
      );
    });
    const [source, copy] = [await contentsOf(rig.server, 'bank'), await contentsOf(rig.server, 'copy')];
    for (const table of ['r "public"."accounts"', 'r "public"."customers"', 'S "public"."accounts_id_seq"']) {
      expect(source[table]).toBeDefined();
      expect(copy[table]).toEqual(source[table]);
    }
  }, 60_000);

  it('answers SHOW JOBS, SHOW BACKUP and a refusal with its SQLSTATE, hint and position', async () => {
    await withClient(async (client) => {
      const jobs = await client.query<{ job_type: string; status: string; description: string }>('SHOW JOBS');
      expect(jobs.rows.map((row) => row.job_type)).toEqual(['RESTORE', 'BACKUP', 'BACKUP']);
      expect(jobs.rows[0]?.description).toBe(
        "RESTORE TABLE bank.accounts, bank.customers FROM 'nodelocal://self/both' WITH into_db = 'copy', create_db",
      );
      const shown = await client.query<{ object_name: string; rows: string | null }>(
        "SHOW BACKUP 'nodelocal://self/both'",
      );
      expect(shown.rows).toContainEqual(expect.objectContaining({ object_name: 'accounts', rows: '20000' }));
      await expect(client.query("BACKUP bank.accounts INTO TO 'x'")).rejects.toMatchObject({
        severity: 'ERROR',
      });
      await expect(client.query('SELECT * FROM accounts')).rejects.toMatchObject({
        code: '42601',
        hint: expect.any(String) as string,
      });
    });
  });

  it('refuses a wrong password, and after ten of them the right one too', async () => {
    const log = async (password: string): Promise<string> => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: wire.port,
        user: 'root',
        password,
        database: 'default',
      });
      try {
        await client.connect();
        return 'in';
      } catch (error) {
        return (error as pg.DatabaseError).code ?? 'no code';
      } finally {
        await client.end().catch(() => undefined);
      }
    };
    expect(await log(ROOT_PASSWORD)).toBe('in');
    for (let attempt = 0; attempt < 10; attempt++) expect(await log('wrong')).toBe('28P01');
    expect(await log(ROOT_PASSWORD)).toBe('53400');
    await rig.server.exec('holdfast', 'DELETE FROM login_attempts');
    expect(await log(ROOT_PASSWORD)).toBe('in');
  }, 60_000);

  it('serves psql itself where there is one', async () => {
    const run = promisify(execFile);
    const psql = await run('psql', ['--version']).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
    const statement =
      "BACKUP bank.branches TO 'nodelocal://self/by-psql'; SHOW BACKUP 'nodelocal://self/by-psql'";
    if (psql) {
      const { stdout, stderr } = await run(
        'psql',
        [
          '-X',
          '-h',
          '127.0.0.1',
          '-p',
          String(wire.port),
          '-U',
          'root',
          '-d',
          'default',
          '-v',
          'ON_ERROR_STOP=1',
          '-c',
          statement,
        ],
        { env: { ...process.env, PGPASSWORD: ROOT_PASSWORD } },
      );
      expect(stdout).toMatch(/job_id.*fraction_completed[\s\S]*succeeded[\s\S]*branches/);
      expect(stderr).toMatch(/NOTICE: {2}job \d+ started/);
    } else {
      await withClient(async (client) => {
        const [backup, shown] = (await client.query(statement)) as unknown as pg.QueryResult<
          Record<string, string>
        >[];
        expect(backup?.rows[0]).toMatchObject({ status: 'succeeded' });
        expect(shown?.rows).toContainEqual(expect.objectContaining({ object_name: 'branches' }));
      });
    }
  }, 60_000);
});
