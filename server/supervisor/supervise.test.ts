import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { processesOf } from '../../scripts/holdfast.ts';
import { freePort } from '../cluster/embedded/free-port.ts';
import { embeddedPaths } from '../cluster/embedded/initialise.ts';
import { readPostmaster } from '../cluster/embedded/postmaster.ts';
import { readConfig, type Config } from '../config.ts';
import { Supervisor } from './supervise.ts';

const STAND_IN = path.join(import.meta.dirname, 'stand-in.fixture.ts');

describe('the supervisor', { timeout: 60_000 }, () => {
  let config: Config;
  let said: string[];
  let passwords: string[];
  const all: Supervisor[] = [];

  function make(): Supervisor {
    const supervisor = new Supervisor({
      config,
      entries: { engine: STAND_IN, console: STAND_IN },
      say: (_kind, line) => said.push(line),
      firstPassword: (password) => passwords.push(password),
      broken: (error) => said.push(`broken: ${error.message}`),
    });
    all.push(supervisor);
    return supervisor;
  }

  async function expectNothingLeft(): Promise<void> {
    expect(await processesOf(config.dataDir)).toEqual([]);
    expect(existsSync(path.join(config.dataDir, 'supervisor.lock'))).toBe(false);
  }

  /** A cluster elsewhere, which nobody asks here: the embedded PostgreSQL is for the metadata store alone. */
  function withoutDemo(): void {
    config = { ...config, clusterUrl: 'postgresql://nobody@127.0.0.1:1/elsewhere' };
  }

  async function databases(): Promise<string[]> {
    const password = (await readFile(embeddedPaths(config.dataDir).password, 'utf8')).trim();
    const client = new pg.Client({
      host: '127.0.0.1',
      port: config.embeddedPort,
      user: 'root',
      password,
      database: 'postgres',
    });
    await client.connect();
    try {
      const sql = 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1';
      return (await client.query<{ datname: string }>(sql)).rows.map((row) => row.datname);
    } finally {
      await client.end();
    }
  }

  beforeEach(async () => {
    vi.unstubAllEnvs();
    config = readConfig({
      HOLDFAST_DATA_DIR: await mkdtemp(path.join(tmpdir(), 'holdfast-supervisor-')),
      HOLDFAST_PORT: String(await freePort()),
      HOLDFAST_SQL_PORT: String(await freePort()),
      HOLDFAST_EMBEDDED_PORT: String(await freePort()),
    });
    said = [];
    passwords = [];
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const supervisor of all.splice(0)) await supervisor.stop(true);
    await rm(config.dataDir, { recursive: true, force: true });
  });

  test('starts everything, tells the first password once, and leaves nothing', async () => {
    const first = make();
    const running = await first.start();
    expect(running.url).toBe(`http://127.0.0.1:${config.port}`);
    expect(await databases()).toEqual(['bank', 'holdfast', 'postgres']);
    // PostgreSQL, an engine, a console.
    expect((await processesOf(config.dataDir)).length).toBeGreaterThanOrEqual(3);
    const password = (await readFile(embeddedPaths(config.dataDir).password, 'utf8')).trim();
    expect(passwords).toEqual([password]);
    expect(JSON.stringify([running, said])).not.toContain(password);

    await expect(make().start()).rejects.toThrow(`another Holdfast (process ${process.pid}, ${running.url})`);
    await first.stop();
    await expectNothingLeft();

    const began = performance.now();
    const second = make();
    await second.start();
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(passwords).toHaveLength(1);
    await second.stop();
    await expectNothingLeft();
  });

  test('brings PostgreSQL back when it is killed', async () => {
    withoutDemo();
    const supervisor = make();
    await supervisor.start();
    const { pgdata } = embeddedPaths(config.dataDir);
    const before = await readPostmaster(pgdata);
    process.kill(before?.pid ?? 0, 'SIGKILL');
    await vi.waitFor(
      async () => {
        const now = await readPostmaster(pgdata);
        expect(now).toMatchObject({ ready: true });
        expect(now?.pid).not.toBe(before?.pid);
        expect(await databases()).toEqual(['holdfast', 'postgres']);
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(said.join('\n')).not.toContain('broken');
    await supervisor.stop();
    await expectNothingLeft();
  });

  test('leaves nothing running when a part does not start', async () => {
    withoutDemo();
    vi.stubEnv('STAND_IN', 'fail');
    await expect(make().start()).rejects.toThrow('did not start: it is Monday');
    await expectNothingLeft();
  });

  test.each([0, 100, 400, 1_000, 2_500])('can be stopped %s ms into its start', async (ms) => {
    const supervisor = make();
    const starting = supervisor.start().then(
      () => 'started',
      (error: unknown) => String(error),
    );
    await new Promise((resolve) => setTimeout(resolve, ms));
    await supervisor.stop();
    expect(await starting).not.toBe('started');
    await expectNothingLeft();
  });

  test('has an end for somebody in a hurry', async () => {
    withoutDemo();
    vi.stubEnv('STAND_IN', 'deaf');
    const supervisor = make();
    await supervisor.start();
    const began = performance.now();
    const stopping = supervisor.stop();
    await supervisor.stop(true);
    await stopping;
    expect(performance.now() - began).toBeLessThan(5_000);
    await expectNothingLeft();
  });
});
