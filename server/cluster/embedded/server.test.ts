import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from './free-port.ts';
import { embeddedPaths } from './initialise.ts';
import { isAlive, readPostmaster, stopPostmaster } from './postmaster.ts';
import { embeddedPortInUse, startEmbedded, type Embedded } from './server.ts';

const PASSWORD = 'a pässword with / and @';

describe('the embedded PostgreSQL', () => {
  let dataDir: string;
  let port: number;
  let heard: string[];
  const running: Embedded[] = [];

  async function start(password = PASSWORD): Promise<Embedded> {
    const embedded = await startEmbedded({ dataDir, port, password, log: (line) => heard.push(line) });
    running.push(embedded);
    return embedded;
  }

  async function ask(url: string, sql: string): Promise<string[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query<string[]>({ text: sql, rowMode: 'array' });
      return rows.flat().map(String);
    } finally {
      await client.end();
    }
  }

  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-embedded-'));
    port = await freePort();
    heard = [];
  });

  afterEach(async () => {
    for (const embedded of running.splice(0)) await embedded.stop(true);
    await rm(dataDir, { recursive: true, force: true });
  });

  test('sets itself up once, for the password alone, on this machine alone', async () => {
    const first = await start();
    expect(first.freshlyInitialised).toBe(true);
    const names = [
      'listen_addresses',
      'wal_level',
      'max_replication_slots',
      'max_wal_senders',
      'max_connections',
    ];
    const settings = names.map((name) => `current_setting('${name}')`).join();
    expect(await ask(first.url, `SELECT ${settings}, current_user, getdatabaseencoding()`)).toEqual([
      '127.0.0.1',
      'logical',
      '20',
      '20',
      '200',
      'root',
      'UTF8',
    ]);
    expect(await ask(first.url, `SELECT DISTINCT auth_method FROM pg_hba_file_rules`)).toEqual([
      'scram-sha-256',
    ]);
    await expect(ask(`postgresql://root:wrong@127.0.0.1:${port}/postgres`, 'SELECT 1')).rejects.toThrow(
      'password authentication failed',
    );
    expect((await stat(first.passwordFile)).mode & 0o777).toBe(0o600);
    await ask(first.url, 'CREATE DATABASE kept');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    await first.exited;

    const second = await start('root has another password by now');
    expect(second.freshlyInitialised).toBe(false);
    expect(second.password).toBe(PASSWORD);
    expect(await ask(second.adminUrl('kept'), 'SELECT current_database()')).toEqual(['kept']);
  });

  test('takes over a server that a killed Holdfast left, and stops it at the end', async () => {
    const script = path.join(import.meta.dirname, 'start-and-hang.fixture.ts');
    const killed = spawn(process.execPath, [script, dataDir, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(killed.stdout, 'data');
    const exit = once(killed, 'exit');
    killed.kill('SIGKILL');
    await exit;
    expect(await embeddedPortInUse(dataDir)).toBe(port);
    const left = await readPostmaster(embeddedPaths(dataDir).pgdata);

    const embedded = await start();
    expect(embedded.pid).toBe(left?.pid);
    expect(heard.join()).toContain('taken over');
    expect(await ask(embedded.url, 'SELECT 1')).toEqual(['1']);
    await embedded.stop();
    expect(isAlive(embedded.pid)).toBe(false);
    expect(await embeddedPortInUse(dataDir)).toBe(null);
  });

  test('recovers from a kill of the server itself, whoever has its process id now', async () => {
    const first = await start();
    await ask(first.url, 'CREATE DATABASE kept');
    const pidFile = path.join(embeddedPaths(dataDir).pgdata, 'postmaster.pid');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    // After a reboot the number can be any process's: ours, here.
    await writeFile(pidFile, `${process.pid}\n/elsewhere\n1\n${port}\n\n127.0.0.1\n\nready   \n`);

    const second = await start();
    expect(await ask(second.adminUrl('kept'), 'SELECT 1')).toEqual(['1']);
    process.kill(second.pid, 'SIGKILL');
    await second.exited;
    const third = await start();
    expect(await ask(third.adminUrl('kept'), 'SELECT 1')).toEqual(['1']);
  });

  test('starts over where setting up was killed half-way', async () => {
    const half = path.join(dataDir, 'embedded.unfinished-1-aaaa', 'pgdata');
    await mkdir(half, { recursive: true });
    await writeFile(path.join(half, 'PG_VERSION'), '18\n');
    const embedded = await start();
    expect(embedded.freshlyInitialised).toBe(true);
    expect((await readdir(dataDir)).sort()).toEqual(['embedded', 'logs']);
  });

  // Root's own clones are below /root, which nobody else may enter.
  test.runIf(process.getuid?.() === 0)('runs for root where its user can’t enter', async () => {
    const outer = dataDir;
    await chmod(outer, 0o700);
    dataDir = path.join(outer, 'data');
    await mkdir(dataDir);
    const first = await start();
    const place = path.dirname(await realpath(path.join(dataDir, 'embedded')));
    try {
      expect(heard.join()).toContain(`PostgreSQL's files are kept in ${place}`);
      expect((await stat(first.passwordFile)).mode & 0o777).toBe(0o600);
      await ask(first.url, 'CREATE DATABASE kept');
      await first.stop();
      const second = await start();
      expect(second.freshlyInitialised).toBe(false);
      expect(await ask(second.adminUrl('kept'), 'SELECT 1')).toEqual(['1']);
      expect(await embeddedPortInUse(dataDir)).toBe(port);
      await second.stop();
    } finally {
      await rm(place, { recursive: true, force: true });
      dataDir = outer;
    }
    expect((await stat(outer)).mode & 0o777).toBe(0o700);
  });

  test('says which variable to change when its port is taken, and leaves nothing running', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    await expect(start()).rejects.toThrow(
      new RegExp(`did not start on port ${port} \\(HOLDFAST_EMBEDDED_PORT\\): .*Address already in use`),
    );
    other.close();
    expect(await embeddedPortInUse(dataDir)).toBe(null);
  });

  test('refuses the data directory of another version, and a password that does not fit', async () => {
    const embedded = await start();
    await embedded.stop();
    const { pgdata, password } = embeddedPaths(dataDir);
    await writeFile(password, 'wrong\n');
    await expect(start()).rejects.toThrow(`does not take the password in ${password}`);
    expect(await embeddedPortInUse(dataDir)).toBe(null);
    await writeFile(path.join(pgdata, 'PG_VERSION'), '19\n');
    await expect(start()).rejects.toThrow(`${pgdata} is of PostgreSQL 19, and this Holdfast brings 18`);
  });

  test('leaves a process alone that ended by itself', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    await expect(stopPostmaster(child.pid ?? 0)).resolves.toBeUndefined();
  });
});
