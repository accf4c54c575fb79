import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, chown, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { environment } from '../embedded/initialise.ts';
import { postgresUser } from '../embedded/os-user.ts';

const run = promisify(execFile);

/** How long a server may take to answer. */
const START_MS = 30_000;

export interface InstalledOptions {
  /** The directory of initdb and postgres. */
  bin: string;
  /** The URL of the server that it is to be a standby of. */
  copyOf: string | undefined;
  /** A directory of the server's own. */
  directory: string;
  databaseDir: string;
  port: number;
  user: string;
  password: string;
  initdbFlags: string[];
  postgresFlags: string[];
}

/** Makes the data directory of a server of a PostgreSQL that is installed on this machine. */
export async function makeInstalled(options: InstalledOptions): Promise<void> {
  const { bin, directory, databaseDir, user, password } = options;
  const owner = await postgresUser();
  const as = owner === null ? {} : { uid: owner.uid, gid: owner.gid };
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password);
  if (owner !== null) for (const path of [directory, passwordFile]) await chown(path, owner.uid, owner.gid);
  await chmod(passwordFile, 0o600);
  const [program, flags] =
    options.copyOf === undefined
      ? ['initdb', ['-U', user, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...options.initdbFlags]]
      : ['pg_basebackup', ['--write-recovery-conf', '--checkpoint=fast', '-d', options.copyOf]];
  await run(join(bin, program), ['-D', databaseDir, ...flags], { ...as, cwd: directory, env: environment() });
}

/** Starts a server that was made; answers what stops it. */
export async function startInstalled(options: InstalledOptions): Promise<() => Promise<void>> {
  const { bin, directory, databaseDir, port, user, password } = options;
  const owner = await postgresUser();
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', databaseDir, '-p', String(port), ...options.postgresFlags],
    {
      ...(owner === null ? {} : { uid: owner.uid, gid: owner.gid }),
      cwd: directory,
      env: environment(),
      stdio: 'ignore',
    },
  );
  await answering(server, { host: '127.0.0.1', port, user, password, database: 'postgres' });
  return () =>
    new Promise((resolve) => {
      if (server.exitCode !== null) resolve();
      server.once('exit', () => {
        resolve();
      });
      // A fast shutdown: sessions are ended.
      server.kill('SIGINT');
    });
}

async function answering(server: ChildProcess, config: pg.ClientConfig): Promise<void> {
  for (const deadline = Date.now() + START_MS; ; await sleep(50)) {
    const client = new pg.Client(config);
    try {
      await client.connect();
      return;
    } catch (error) {
      if (server.exitCode !== null || Date.now() > deadline) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
