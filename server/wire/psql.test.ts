import { execFile, spawn, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PASSWORD, pgClient, rejection, startTestServer, withClient } from './testing.ts';
import type { TestServer } from './testing.ts';

/** The real psql where it is installed; the same through `pg` where it is not. */
const hasPsql = spawnSync('psql', ['--version']).status === 0;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const args = (...more: string[]) => {
  const target = ['-X', '-w', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'root'];
  return [...target, ...more];
};
const env = (password = PASSWORD) => ({ ...process.env, PGPASSWORD: password, LC_ALL: 'C.UTF-8' });

async function psql(
  password: string,
  ...more: string[]
): Promise<{ code: number; out: string; error: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)('psql', args(...more), { env: env(password) });
    return { code: 0, out: stdout, error: stderr };
  } catch (failure) {
    const { code, stdout, stderr } = failure as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, error: stderr };
  }
}

describe(hasPsql ? 'psql' : 'pg, since psql is not installed', () => {
  it('runs a BACKUP and shows its answer and notices', async () => {
    if (!hasPsql) {
      const result = await withClient(server, (client) => client.query("BACKUP a.b TO 'u'"));
      expect(result.rows[0]).toMatchObject({ job_id: '1229718866879676417', status: 'succeeded' });
      return;
    }
    const { code, out, error } = await psql(PASSWORD, 'default', '-c', "BACKUP a.b TO 'u'");
    expect({ code, error }).toEqual({ code: 0, error: 'NOTICE:  exported 1 of 1 ranges\n' });
    expect(out).toContain(
      '       job_id        |  status   | fraction_completed | rows | index_entries | bytes',
    );
    expect(out).toContain(
      ' 1229718866879676417 | succeeded |                  1 |   10 |             7 |  1090',
    );
  });

  it('shows an error with its line, its place and its hint', async () => {
    if (!hasPsql) {
      const error = await withClient(server, (client) => rejection(client.query("BACKUP a.b\nTOO 'u'")));
      expect(error).toMatchObject({ code: '42601', position: '12' });
      return;
    }
    const { code, error } = await psql(PASSWORD, 'default', '-c', "BACKUP ä.b\nTOO 'u'");
    expect(code).toBe(1);
    expect(error).toContain('ERROR:  at or near "too": syntax error\nLINE 2: TOO \'u\'\n        ^\nHINT:  ');
  });

  it('says what is wrong with a login', async () => {
    if (!hasPsql) {
      expect(await rejection(pgClient(server, { password: 'x' }).connect())).toMatchObject({ code: '28P01' });
      expect(await rejection(pgClient(server, { database: 'x' }).connect())).toMatchObject({ code: '3D000' });
      return;
    }
    const wrong = await psql('wrong', 'default', '-c', 'SHOW JOBS');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.error).toContain('FATAL:  password authentication failed for user "root"');
    const nameless = await psql(PASSWORD, '-c', 'SHOW JOBS');
    expect(nameless).toMatchObject({ code: 2 });
    expect(nameless.error).toContain('FATAL:  cluster "root" does not exist');
    expect(nameless.error).toContain('HINT:  On this port the database is the name of a cluster');
  });

  it('runs a script with several statements, \\conninfo and a prompt', async () => {
    const script = '\\conninfo\nSHOW JOBS; SELECT 1;\nPAUSE JOB 1;\n\\echo :SERVER_VERSION_NAME\n';
    if (!hasPsql) {
      const results = await withClient(server, (client) => client.query('SHOW JOBS; PAUSE JOB 1'));
      expect(results).toMatchObject([{ rows: [{}, {}, {}] }, { command: 'PAUSE' }]);
      return;
    }
    const child = spawn('psql', args('default', '-At', '-v', 'ON_ERROR_STOP=1'), { env: env() });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stdin.end(script);
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(out).toContain('You are connected to database "default" as user "root"');
    expect(out).toContain("\n3|BACKUP|BACKUP TABLE a.b TO 'ü'||root|succeeded|");
    expect(out).toMatch(/\n1\nPAUSE JOBS 1\n13\.0\.0\n$/);
  });

  it('Ctrl-C ends the wait, not the session', async () => {
    server.runner.ran.length = 0;
    if (!hasPsql) {
      const client = pgClient(server);
      await client.connect();
      const waiting = rejection(client.query("BACKUP a.b TO 'slow'"));
      await vi.waitFor(() => expect(server.runner.ran.length).toBe(1));
      client.connection.stream.destroy();
      await waiting;
      await vi.waitFor(() => expect(server.runner.aborted).toBe(1));
      return;
    }
    const child = spawn('psql', args('default', '-At'), { env: env() });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const closed = new Promise((resolve) => child.on('close', resolve));
    child.stdin.write("BACKUP a.b TO 'slow';\n");
    await vi.waitFor(() => expect(out).toContain('still at it'));
    // psql sends the cancel request itself. Not talking to a terminal, it ends after that.
    child.kill('SIGINT');
    await vi.waitFor(() => expect(server.runner.aborted).toBe(1));
    child.stdin.end();
    await closed;
    expect(out).toContain('ERROR:  canceled the wait; the job goes on');
  });
});
