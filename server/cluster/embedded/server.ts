import { spawn } from 'node:child_process';
import { mkdir, open, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { HoldfastError, messageOf } from '../../errors.ts';
import { findBinaries, type Binaries } from './binaries.ts';
import { embeddedPaths, environment, initialise, readPassword, SUPERUSER } from './initialise.ts';
import { postgresUser, type OsUser } from './os-user.ts';
import {
  isAlive,
  readPostmaster,
  removeStalePidFile,
  runningPostmaster,
  stopPostmaster,
} from './postmaster.ts';

const HOST = '127.0.0.1';
const MAJOR = '18';
const START_MS = 60_000;

export interface EmbeddedOptions {
  /** Holdfast's data directory: absolute, there, writable. */
  dataDir: string;
  /** On 127.0.0.1. */
  port: number;
  /** The superuser's password if the server has to be set up; later starts use the one it was set up with. */
  password: string;
  /** Hears what happens, for the log. */
  log: (message: string) => void;
}

/** A running embedded PostgreSQL. */
export interface Embedded {
  /** URL of its database `postgres`, as superuser, with the password. */
  url: string;
  /** The same for another database. */
  adminUrl(database: string): string;
  /** The superuser's password and the file that it is kept in. */
  password: string;
  passwordFile: string;
  pid: number;
  /** This start set it up: it was empty before. */
  freshlyInitialised: boolean;
  /** Settles when the server is gone, for whatever reason. */
  exited: Promise<void>;
  /** Stops it; `hurry` doesn't wait for an orderly end. */
  stop(hurry?: boolean): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL of this data directory, on 127.0.0.1 alone, setting it up at first. A server that
 * an earlier Holdfast left running there is taken over. Its log is `<dataDir>/logs/postgresql.log`.
 * Throws `cluster-unavailable` and `cluster-denied`. The caller sees to it that it is alone on the data directory.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { dataDir, port, log } = options;
  const paths = embeddedPaths(dataDir);
  const user = await postgresUser();
  const binaries = await findBinaries(user);
  const freshlyInitialised = await initialise(options, binaries, user);
  // Not by way of a link: PostgreSQL's user may not be able to follow it.
  const pgdata = await realpath(paths.pgdata);
  await refuseOtherVersion(pgdata);
  const password = await readPassword(dataDir);

  const pid = (await adopt(pgdata, port, log)) ?? (await launch(options, pgdata, binaries, user));
  const adminUrl = (database: string) =>
    `postgresql://${SUPERUSER}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}`;
  try {
    await checkLogin(adminUrl('postgres'), paths);
  } catch (error) {
    await stopPostmaster(pid);
    throw error;
  }
  const stopped = new AbortController();
  return {
    url: adminUrl('postgres'),
    adminUrl,
    password,
    passwordFile: paths.password,
    pid,
    freshlyInitialised,
    exited: gone(pid, stopped.signal),
    stop: async (hurry = false) => {
      await stopPostmaster(pid, hurry ? 1_000 : undefined);
      stopped.abort();
    },
  };
}

/** The port that a server left running on this data directory listens on; null when none runs. */
export async function embeddedPortInUse(dataDir: string): Promise<number | null> {
  const pgdata = await realpath(embeddedPaths(dataDir).pgdata).catch(() => null);
  return pgdata === null ? null : ((await runningPostmaster(pgdata))?.port ?? null);
}

/** Takes over a server that runs on the data directory; one that doesn't suit is stopped. */
async function adopt(pgdata: string, port: number, log: (message: string) => void): Promise<number | null> {
  for (const deadline = Date.now() + START_MS; ; await sleep(50)) {
    const running = await runningPostmaster(pgdata);
    if (running === null) break;
    if (running.ready && running.port === port) {
      log(`embedded PostgreSQL (pid ${running.pid}) was still running and has been taken over`);
      return running.pid;
    }
    // Starting up or shutting down takes it a moment; another port is another configuration.
    if (running.ready || Date.now() > deadline) {
      log(
        `embedded PostgreSQL (pid ${running.pid}) was still running on port ${running.port} and is stopped`,
      );
      await stopPostmaster(running.pid);
    }
  }
  const stale = await removeStalePidFile(pgdata);
  if (stale !== null) log(`postmaster.pid named process ${stale}, which is not PostgreSQL; removed`);
  return null;
}

/** What the engine needs of a PostgreSQL server: logical decoding for incrementals, many connections at once. */
const SETTINGS = {
  listen_addresses: HOST,
  // No socket file: its path would be limited to 107 bytes, and TCP serves everyone.
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  wal_level: 'logical',
  max_replication_slots: '20',
  max_wal_senders: '20',
  max_connections: '200',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

/** Starts the server process and waits until it takes connections. */
async function launch(
  options: EmbeddedOptions,
  pgdata: string,
  binaries: Binaries,
  user: OsUser | null,
): Promise<number> {
  const logFile = path.join(options.dataDir, 'logs', 'postgresql.log');
  await mkdir(path.dirname(logFile), { recursive: true });
  const out = await open(logFile, 'a', 0o640);
  const { size: before } = await out.stat();
  try {
    const child = spawn(
      binaries.postgres,
      [
        ...['-D', pgdata, '-p', String(options.port)],
        ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      {
        ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
        cwd: '/',
        // A session of its own: Ctrl-C in the terminal is for the supervisor, which stops the server last.
        detached: true,
        stdio: ['ignore', out.fd, out.fd],
        env: environment(),
      },
    );
    child.unref();
    let failed: Error | null = null;
    child.once('error', (error) => (failed = error));
    for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(20)) {
      const postmaster = await readPostmaster(pgdata);
      if (child.pid !== undefined && postmaster?.pid === child.pid && postmaster.ready) return child.pid;
      if (failed !== null || child.exitCode !== null || child.signalCode !== null) break;
    }
    if (child.pid !== undefined) await stopPostmaster(child.pid, 2_000);
    throw new HoldfastError(
      'cluster-unavailable',
      `The embedded PostgreSQL did not start on port ${options.port} (HOLDFAST_EMBEDDED_PORT): ` +
        (failed === null ? await reason(logFile, before) : messageOf(failed)),
      { hint: `Its log is ${logFile}.` },
    );
  } finally {
    await out.close();
  }
}

/** What the server itself said last about why it ended. */
async function reason(logFile: string, from: number): Promise<string> {
  const said = (await readFile(logFile)).subarray(from).toString('utf8').split('\n');
  const lines = said.filter((line) => /FATAL|PANIC|could not|error/i.test(line));
  return lines.at(0)?.replace(/^.*?(FATAL|PANIC|LOG|WARNING): +/, '') ?? 'it gave no reason';
}

async function checkLogin(url: string, paths: ReturnType<typeof embeddedPaths>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (cause) {
    const denied = cause instanceof pg.DatabaseError && cause.code === '28P01';
    throw new HoldfastError(
      denied ? 'cluster-denied' : 'cluster-unavailable',
      denied
        ? `The embedded PostgreSQL does not take the password in ${paths.password}`
        : `The embedded PostgreSQL takes no connections: ${messageOf(cause)}`,
      denied ? { hint: `Put the password of its superuser ${SUPERUSER} into that file.`, cause } : { cause },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function refuseOtherVersion(pgdata: string): Promise<void> {
  const version = await readFile(path.join(pgdata, 'PG_VERSION'), 'utf8').catch(() => '');
  if (version.trim() === MAJOR) return;
  throw new HoldfastError(
    'cluster-unavailable',
    `${pgdata} is of PostgreSQL ${version.trim() || '(version unknown)'}, and this Holdfast brings ${MAJOR}`,
    { hint: 'Set HOLDFAST_DATA_DIR to another directory.' },
  );
}

/** A server that was taken over isn't our child, so its end has to be looked for. */
async function gone(pid: number, stopped: AbortSignal): Promise<void> {
  while (isAlive(pid)) {
    // Until it is stopped, looking for it keeps nobody's process from ending.
    if (stopped.aborted) await sleep(25);
    else await sleep(250, undefined, { ref: false, signal: stopped }).catch(() => undefined);
  }
}
