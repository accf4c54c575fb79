import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { HoldfastError, messageOf } from '../../errors.ts';
import type { Binaries } from './binaries.ts';
import type { OsUser } from './os-user.ts';
import { reachablePlace } from './reach.ts';
import type { EmbeddedOptions } from './server.ts';

const run = promisify(execFile);

/** The superuser of the embedded PostgreSQL. */
export const SUPERUSER = 'root';

/** Where the embedded PostgreSQL keeps what, below Holdfast's data directory. */
export function embeddedPaths(dataDir: string) {
  const home = path.join(dataDir, 'embedded');
  return {
    home,
    pgdata: path.join(home, 'pgdata'),
    /** The superuser's password: root's first one. It outlives a change of root's password in the console. */
    password: path.join(home, 'password'),
    /** Present once the demo database has been made: somebody who drops it wants it gone. */
    demoMade: path.join(home, 'demo-made'),
  };
}

/** PostgreSQL's environment: English messages, none of our secrets, none of libpq's PG… variables. */
export function environment(): NodeJS.ProcessEnv {
  return { NODE_ENV: process.env.NODE_ENV, PATH: process.env.PATH, LC_ALL: 'C' };
}

const UNFINISHED = 'embedded.unfinished-';

/**
 * Makes a new PostgreSQL data directory, unless there is one, and answers whether it did. It is made beside its
 * place and moved there when finished, so a half-made one is never taken for a server; leftovers are removed.
 * Nobody but the password's holder gets in: SCRAM for every connection, also from this machine.
 */
export async function initialise(
  { dataDir, password, log }: Pick<EmbeddedOptions, 'dataDir' | 'password' | 'log'>,
  binaries: Binaries,
  user: OsUser | null,
): Promise<boolean> {
  const { home } = embeddedPaths(dataDir);
  const place = await reachablePlace(dataDir, user, log);
  for (const entry of await readdir(place)) {
    if (!entry.startsWith(UNFINISHED)) continue;
    await rm(path.join(place, entry), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
  if ((await readdir(home).catch(() => [])).length > 0) return false;

  log('setting up the embedded PostgreSQL');
  const unfinished = path.join(place, `${UNFINISHED}${process.pid}-${randomBytes(4).toString('hex')}`);
  const pgdata = path.join(unfinished, 'pgdata');
  const passwordFile = path.join(unfinished, 'password');
  try {
    await mkdir(unfinished);
    await chmod(unfinished, 0o711);
    await mkdir(pgdata, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (user !== null) {
      await chown(pgdata, user.uid, user.gid);
      await chown(passwordFile, user.uid, user.gid);
    }
    await run(
      binaries.initdb,
      [
        `--pgdata=${pgdata}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // The same order and case rules on every machine, whatever locales it has.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
      ],
      { ...(user === null ? {} : { uid: user.uid, gid: user.gid }), cwd: '/', env: environment() },
    );
    if (user !== null) await chown(passwordFile, 0, 0);
    await chmod(passwordFile, 0o600);
    const made = path.join(place, path.basename(home));
    await rename(unfinished, made);
    if (made !== home) await symlink(made, home);
    return true;
  } catch (cause) {
    const made = place === dataDir ? unfinished : place;
    await rm(made, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    throw new HoldfastError(
      'cluster-unavailable',
      `The embedded PostgreSQL could not be set up in ${place}: ${lastLine(cause)}`,
      { hint: 'Set HOLDFAST_DATA_DIR to a directory on a disk with 200 MB of space.', cause },
    );
  }
}

/** The superuser's password, as it was when the server was set up. */
export async function readPassword(dataDir: string): Promise<string> {
  const file = embeddedPaths(dataDir).password;
  try {
    return (await readFile(file, 'utf8')).replace(/\n$/, '');
  } catch (cause) {
    throw new HoldfastError('cluster-denied', `The embedded PostgreSQL's password can't be read: ${file}`, {
      hint: `Put the password of its superuser ${SUPERUSER} into that file.`,
      cause,
    });
  }
}

function lastLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const lines = stderr.split('\n').filter((line) => /error|fatal/i.test(line));
  return lines.at(-1) ?? messageOf(error).split('\n')[0] ?? '';
}
