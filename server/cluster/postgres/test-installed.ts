import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, chown, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { environment } from '../embedded/initialise.ts';
import { type OsUser, postgresUser } from '../embedded/os-user.ts';

const run = promisify(execFile);

/** How long a server may take to answer. */
const START_MS = 30_000;

export interface InstalledOptions {
  /** The directory of initdb and postgres. */
  bin: string;
  /** A directory of the server's own. */
  directory: string;
  databaseDir: string;
  port: number;
  user: string;
  password: string;
  initdbFlags: string[];
  postgresFlags: string[];
}

/** Makes a server of a PostgreSQL that is installed on this machine; as a standby of another where one is given by its URL. */
export async function makeInstalled(
  options: InstalledOptions & { copyOf: string | undefined },
): Promise<void> {
  const { bin, directory, databaseDir, user, password } = options;
  const owner = await postgresUser();
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password);
  if (owner !== null) for (const path of [directory, passwordFile]) await chown(path, owner.uid, owner.gid);
  await chmod(passwordFile, 0o600);
  const [program, flags] =
    options.copyOf === undefined
      ? ['initdb', ['-U', user, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...options.initdbFlags]]
      : ['pg_basebackup', ['--write-recovery-conf', '--checkpoint=fast', '-d', options.copyOf]];
  const how = { ...as(owner), cwd: directory, env: environment() };
  await run(join(bin, program), ['-D', databaseDir, ...flags], how);
}

/** Starts it, and waits until it answers. */
export async function startInstalled(options: InstalledOptions): Promise<void> {
  const { bin, directory, databaseDir, port, user, password } = options;
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', databaseDir, '-p', String(port), ...options.postgresFlags],
    { ...as(await postgresUser()), cwd: directory, env: environment(), stdio: 'ignore' },
  );
  await answering(server, { host: '127.0.0.1', port, user, password, database: 'postgres' });
}

function as(owner: OsUser | null): { uid?: number; gid?: number } {
  return owner === null ? {} : { uid: owner.uid, gid: owner.gid };
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
